"""`loglm subsample`: the most diverse events of logs, each with how many it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson, LogPaths, Model, Quiet, Seed, Threads
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.analysis.subsampling import Pick, Subsample

__all__ = ["subsample"]

_DEFAULT = 10


def subsample(
    paths: LogPaths,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help=f"Events shown at most; {_DEFAULT} where --tokens is not given."),
    ] = None,
    tokens: Annotated[
        int | None, typer.Option("--tokens", min=1, help="Tokens that the lines may take, by the model's tokenizer.")
    ] = None,
    model: Model = None,
    seed: Seed = 0,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Choose the most diverse events, to paste into a prompt or to read first.

    Starts with the event at the centre of all and adds again and again the one farthest from those chosen, by the
    vectors of loglm embed; of those nearly as far, the one with most values (addresses, names, ids) that no chosen one
    shows. Each line begins with the number of events that it stands for: those that it is the nearest
    pick to. Lines are in the order of time, or as they were read where one has no time. The same logs give the same
    lines.

    Beyond 200,000 distinct events, masked texts being compared, it chooses from a random sample of them, and says so.
    """
    from loglm.analysis.subsampling import subsample as choose
    from loglm.cli.log_input import open_logs
    from loglm.cli.output import print_json
    from loglm.runtime.encoder import LogEncoder

    encoder = LogEncoder.from_pretrained(model, threads=threads)
    encoder.cache_size = 0  # each text comes once
    wanted = _DEFAULT if limit is None and tokens is None else limit
    with open_logs(paths, quiet=quiet) as logs:
        found = choose(logs.events, encoder, n=wanted, tokens=tokens, seed=seed, progress=logs.progress)
    if as_json:
        print_json(_document(found))
    else:
        _print_lines(found)
    logs.report()
    if not quiet:
        _say_done(found, wanted)


def _print_lines(found: Subsample) -> None:
    from loglm.reports.sanitize import visible

    width = max(len(f"{pick.represents:,}") for pick in found.picks)
    for pick in found.picks:
        line = visible(pick.raw).replace("\n", " ")
        typer.echo(f"{pick.represents:>{width},}  {line}")


def _document(found: Subsample) -> dict[str, object]:
    return {
        "events": found.events,
        "distinct": found.distinct,
        "represented": found.represented,
        "tokens": found.tokens,
        "picks": [_row(pick) for pick in found.picks],
    }


def _row(pick: Pick) -> dict[str, object]:
    from loglm.reports.times import iso_utc

    return {
        "rank": pick.rank,
        "represents": pick.represents,
        "raw": pick.raw,
        "path": pick.location.path,
        "record": pick.location.record,
        "timestamp": iso_utc(pick.timestamp) or None,
    }


def _say_done(found: Subsample, wanted: int | None) -> None:
    kinds = f"about {found.distinct:,}" if found.is_sample else f"{found.distinct:,}"
    spent = "" if found.tokens is None else f", {plural(found.tokens, 'token')}"
    typer.echo(f"{len(found.picks):,} of {plural(found.events, 'event')}, {kinds} distinct{spent}", err=True)
    if found.is_sample:
        typer.echo(
            f"too many distinct events to hold: chosen from a random sample, which stands for {found.represented:,}",
            err=True,
        )
    if wanted is not None and len(found.picks) < wanted and found.tokens is None:
        typer.echo(f"{wanted:,} were asked for; all distinct events are shown", err=True)
