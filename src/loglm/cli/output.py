"""What commands share in showing: progress on stderr, what could not be read, and JSON on stdout."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from loglm.errors import EmptyInputError

if TYPE_CHECKING:
    from loglm.events.problems import Problems

__all__ = ["count_events", "print_json", "refuse_empty", "report_problems"]

_Item = TypeVar("_Item")
_REFRESH_S = 0.2
_LOOK_EVERY = 256
_EXAMPLES = 3
_PATHS = 3


def print_json(value: Any) -> None:
    """One JSON document on stdout, indented, safe to show on a terminal."""
    from loglm.reports.jsonfile import json_text

    typer.echo(json_text(value, indent=True))


def count_events(
    events: Iterable[_Item], what: str = "events", *, quiet: bool = False, look_every: int = _LOOK_EVERY
) -> Iterator[_Item]:
    """The events, or what else they are, as they come, with number and rate on stderr where that is a terminal.

    The clock is looked at after every ``look_every`` of them.
    """
    if quiet or not sys.stderr.isatty():
        yield from events
        return
    started = shown = time.monotonic()
    number = 0
    try:
        for number, event in enumerate(events, 1):
            yield event
            if number % look_every == 0 and (now := time.monotonic()) - shown >= _REFRESH_S:
                shown = now
                sys.stderr.write(f"\r{number:,} {what}, {number / (now - started):,.0f}/s \x1b[K")
                sys.stderr.flush()
    finally:
        if number >= look_every:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def refuse_empty(paths: Sequence[str], events: int, problems: Problems, *, quiet: bool = False) -> None:
    """Say what could not be read and fail, where no event was read at all.

    Raises:
        EmptyInputError: ``events`` is 0.
    """
    if events:
        return
    if not quiet:
        report_problems(problems)
    places = ["standard input" if path == "-" else path for path in paths[:_PATHS]]
    more = f" and {len(paths) - _PATHS:,} more" if len(paths) > _PATHS else ""
    raise EmptyInputError(
        f"no event was read from {', '.join(places)}{more}, so nothing is written. Looked for logs in files, "
        "folders and archives: EVTX, XML, JSON, CSV, Zeek, W3C, CEF, syslog and other text."
    )


def report_problems(problems: Problems) -> None:
    """Say on stderr what could not be read: a count for each kind, with the first few places."""
    from loglm.reports.sanitize import one_line

    for kind, number in (problems.rejected + problems.notes).most_common():
        typer.echo(f"{number:,} {kind}", err=True)
        for example in problems.examples.get(kind, [])[:_EXAMPLES]:
            typer.echo(f"  {one_line(example)}", err=True)
