"""`loglm embed`: a vector for each event of logs, with the place where the event stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from loglm.cli.options import Force, LogPaths, Model, Quiet, Threads
from loglm.errors import InputError
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.cli.vector_files import VectorWriter
    from loglm.events.event import LogEvent
    from loglm.runtime.encoder import LogEncoder

__all__ = ["embed"]

_BATCH_EVENTS = 2_048
_BATCH_CHARS = 1 << 22
"""Of raw events held at a time; a line can be 1 MiB long."""


def embed(
    paths: LogPaths,
    out: Annotated[
        str | None,
        typer.Option("--out", "-o", help="FILE.npz: vectors and places; FILE.npy: vectors; - or FILE.jsonl: lines."),
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One vector a line, as JSON on stdout; the same as -o -.")
    ] = False,
    model: Model = None,
    view: Annotated[
        Literal["masked", "exact"], typer.Option(help="masked: without times, ids and names; exact: all fields.")
    ] = "masked",
    threads: Threads = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write a vector of unit length for each event; the dot product of two is their similarity.

    A .npz file holds vectors (float32, one row an event), paths, path_index, records (line or record numbers; 0 where
    there is none) and timestamps (POSIX seconds, UTC; NaN where there is none). An event of more tokens than the
    model reads at once is read in overlapping pieces, and its vector is their mean; how many were is said at the end.
    """
    from loglm.cli.output import count_events, refuse_empty, report_problems
    from loglm.cli.vector_files import vector_writer
    from loglm.events import Problems, read_events
    from loglm.runtime.encoder import LogEncoder

    target = _target(out, jsonl)
    encoder = LogEncoder.from_pretrained(model, threads=threads)
    problems = Problems()
    events = count_events(read_events(paths, problems=problems), quiet=quiet)
    with vector_writer(target, encoder.width, overwrite=force) as writer:
        for batch in _batches(events):
            writer.add(batch, encoder.embed(batch, view=view))
        refuse_empty(paths, writer.events, problems, quiet=quiet)
    if not quiet:
        report_problems(problems)
        _say_long(encoder)
    _say_done(writer, target)


def _batches(events: Iterable[LogEvent]) -> Iterator[list[LogEvent]]:
    batch: list[LogEvent] = []
    chars = 0
    for event in events:
        batch.append(event)
        chars += len(event.raw)
        if len(batch) == _BATCH_EVENTS or chars >= _BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _target(out: str | None, jsonl: bool) -> str:
    if jsonl and out not in (None, "-"):
        raise InputError("--jsonl writes to stdout and --out to a file; give one of them")
    target = "-" if jsonl else out
    if not target:
        raise InputError("say where the vectors go: -o FILE.npz, -o FILE.npy, or --jsonl for stdout")
    return target


def _say_long(encoder: LogEncoder) -> None:
    if encoder.in_pieces:
        typer.echo(
            f"{encoder.in_pieces:,} with more than {encoder.config.max_tokens} tokens: read in overlapping pieces, "
            "whose mean is their vector",
            err=True,
        )


def _say_done(writer: VectorWriter, target: str) -> None:
    if target != "-":
        typer.echo(f"{plural(writer.events, 'vector')} in {target}", err=True)
