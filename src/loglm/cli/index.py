"""`loglm index`: logs into an index that `loglm search` asks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from loglm.cli.options import AsJson, LogPaths, Model, Quiet, Threads
from loglm.plurals import plural

__all__ = ["index"]


def index(
    paths: LogPaths,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the index; made, or added to.")],
    model: Model = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Add the events of logs to an index, which can be searched meanwhile.

    Events that are in the index already, by file and place, are not added again: give a log that has grown once more,
    or the same command after a kill, and the rest is added. A log that was replaced under its name (rotated) counts as
    another. The index holds the raw events; guard it as you guard the logs.
    """
    from loglm.cli.output import count_events, print_json, refuse_empty, report_problems
    from loglm.events import Problems, read_events
    from loglm.reports.sanitize import one_line
    from loglm.search.building import add_events
    from loglm.search.encoders import load_encoder

    encoder, encoder_id = load_encoder(model, threads=threads)
    problems = Problems()
    events = count_events(read_events(paths, problems=problems), quiet=quiet)
    stats = add_events(out, events, embed=encoder.embed_texts, encoder=encoder_id, problems=problems)
    refuse_empty(paths, stats.read, problems, quiet=quiet)
    if not quiet:
        report_problems(problems)
    if as_json:
        print_json({"index": str(out), "added": stats.added, "known": stats.known, "texts_added": stats.texts})
        return
    known = f", {stats.known:,} were there already" if stats.known else ""
    typer.echo(
        f"{plural(stats.added, 'event')} added to {one_line(str(out))} ({plural(stats.texts, 'new text')}){known}",
        err=True,
    )
