"""The logs that a command was given: events with progress, what could not be read, an error where there is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from loglm.cli.output import count_events, refuse_empty, report_problems
from loglm.errors import EmptyInputError

if TYPE_CHECKING:
    from loglm.events.event import LogEvent
    from loglm.events.problems import Problems
    from loglm.events.progress import Progress

__all__ = ["LogInput", "open_logs"]


@dataclass(frozen=True)
class LogInput:
    """What is read, once."""

    events: Iterator[LogEvent]
    problems: Problems
    progress: Progress
    """For what is done with the events afterwards."""
    quiet: bool

    def report(self) -> None:
        """Say on stderr what could not be read, unless nothing is to be said."""
        if not self.quiet:
            report_problems(self.problems)


@contextmanager
def open_logs(paths: Sequence[str], *, quiet: bool) -> Iterator[LogInput]:
    """The events of files, folders, patterns, archives or stdin; where there were none, an error that says why.

    Raises:
        EmptyInputError: Raised in the block for want of events.
    """
    from loglm.events import Problems, read_events

    problems = Problems()
    progress: Progress = partial(count_events, quiet=quiet)
    try:
        yield LogInput(progress(read_events(paths, problems=problems), "events"), problems, progress, quiet)
    except EmptyInputError:
        refuse_empty(paths, 0, problems, quiet=quiet)
