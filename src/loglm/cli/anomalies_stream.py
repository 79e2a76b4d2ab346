"""`loglm anomalies -`: standard input scored event by event, findings written as they arise."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable
from types import FrameType
from typing import TYPE_CHECKING, Any

import typer

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.findings import AnomalyFinding
    from loglm.anomaly.kept_state import StateFolder
    from loglm.anomaly.scoring import AnomalyScorer
    from loglm.anomaly.stream import AnomalyStream
    from loglm.anomaly.table import Hides
    from loglm.events.event import LogEvent
    from loglm.events.problems import Problems
    from loglm.findings import RunSummary

__all__ = ["run_stream"]

_SAVE_EVERY_S = 60.0
_SHARE_OF_SAVING = 0.05
_LOOK_EVERY = 256
_FEW = 1_000
_ID_CHARS = 8
_STDERR = 2


def run_stream(
    scorer: AnomalyScorer,
    kept: StateFolder | None,
    *,
    hides: Hides | None,
    lateness_s: float,
    problems: Problems,
    as_jsonl: bool,
    quiet: bool,
) -> None:
    """Read standard input to its end, or until SIGINT or SIGTERM ask to stop; the state is kept in any case.

    Raises:
        Exit: It was asked to stop: 128 and the signal's number.
    """
    from loglm.anomaly.stream import AnomalyStream
    from loglm.cli.anomalies_output import not_saved_line

    stream = AnomalyStream(scorer, lateness_s=lateness_s, hides=hides)
    watch = _Watch(stream, kept, as_jsonl=as_jsonl, quiet=quiet)
    try:
        with _Stop(is_kept=kept is not None) as stop:
            _read(watch, stop, lateness_s=lateness_s, problems=problems)
    except KeyboardInterrupt:
        if kept is not None:
            typer.echo(not_saved_line(kept), err=True)
        raise
    watch.say_done(problems)
    if stop.asked:
        raise typer.Exit(128 + stop.asked)


def _read(watch: _Watch, stop: _Stop, *, lateness_s: float, problems: Problems) -> None:
    """Score standard input, and save what there is in the end."""
    from loglm.events.live import read_live

    def on_pause(seconds: float) -> bool:
        if seconds > 0 and seconds >= lateness_s and not stop.asked:
            watch.pause()
        watch.save_now_and_then()
        return bool(stop.asked)

    try:
        for number, event in enumerate(read_live(problems, on_pause), 1):
            watch.add(event)
            if number % _LOOK_EVERY == 0:
                watch.look()
        if not stop.asked or not watch.is_kept:
            watch.pause()
    finally:
        watch.end()


class _Stop:
    """Lets SIGINT and SIGTERM be asked for instead of ending the process in the middle of an event.

    The next one ends it; where a state is kept, that is about to be saved, it is answered with that, and the one after
    it ends the process.
    """

    def __init__(self, *, is_kept: bool) -> None:
        self.asked = 0
        """The signal's number; 0 for none."""
        self._patience = 2 if is_kept else 1
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._restore()

    def _ask(self, number: int, _: FrameType | None) -> None:
        self._patience -= 1
        if self._patience < 0:
            raise KeyboardInterrupt
        if self.asked:  # written past Python's buffers, which the signal may have come in the middle of
            os.write(_STDERR, b"\nloglm: the state is being saved; once more ends without that\n")
        self.asked = number

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


class _Watch:
    """Writes findings and keeps the state of a stream."""

    def __init__(self, stream: AnomalyStream, kept: StateFolder | None, *, as_jsonl: bool, quiet: bool) -> None:
        self._stream, self._kept, self._as_jsonl, self._quiet = stream, kept, as_jsonl, quiet
        self._started = time.monotonic()
        self._next_save = self._started + _SAVE_EVERY_S
        self._number = 0
        self._has_warned = False
        self._has_failed = False

    @property
    def is_kept(self) -> bool:
        """Whether a state is kept, in which events may wait."""
        return self._kept is not None

    def add(self, event: LogEvent) -> None:
        """Take an event, and write what is told now."""
        self.write(self._stream.add(event))

    def pause(self) -> None:
        """Let all that waits take its turn, and write what is told."""
        self.write(self._stream.pause())

    def end(self) -> None:
        """Write what is not written yet, and save; not where nothing can be written any more, or the last signal ends
        the process: then the state of before tells it again."""
        if isinstance(sys.exception(), (OSError, KeyboardInterrupt)):
            return
        self.write(self._stream.finish())
        self.save()

    def write(self, findings: Iterable[AnomalyFinding]) -> None:
        """Write findings, each at once."""
        from loglm.cli.anomalies_documents import print_lines
        from loglm.cli.anomalies_output import print_finding

        for one in findings:
            self._number += not one.is_update
            if self._as_jsonl:
                print_lines([one], self._summary())
            else:
                print_finding(one.finding.finding_id[:_ID_CHARS], one)
                sys.stdout.flush()

    def look(self) -> None:
        """Now and then: save, and say what a reader should know while it goes on."""
        from loglm.anomaly.table import KINDS
        from loglm.cli.anomalies_output import drift_line

        self.save_now_and_then()
        if self._quiet:
            return
        drift = self._stream.drift()
        if drift is not None and drift.is_drift:
            typer.echo(drift_line(drift), err=True)
        view, kinds = self._stream.scorer.view, self._stream.kinds
        if view != "primary" and not self._has_warned and self._stream.events >= _FEW and not kinds[KINDS[view][0]]:
            self._has_warned = True
            self._say_kinds()

    def save_now_and_then(self) -> None:
        """Save once a minute, or less often where saving would take more than a twentieth of the time; where it cannot
        be written, as on a full disk, that is said once and tried again."""
        from loglm.errors import InputError

        if self._kept is None or time.monotonic() < self._next_save:
            return
        began = time.monotonic()
        try:
            self.save()
            self._has_failed = False
        except InputError as error:
            if not self._has_failed:
                typer.echo(f"{error}. Events are scored on, and saving is tried again", err=True)
            self._has_failed = True
        took = time.monotonic() - began
        self._next_save = began + took + max(_SAVE_EVERY_S, took / _SHARE_OF_SAVING)

    def save(self) -> None:
        """Save the state, where it is kept."""
        if self._kept is not None:
            self.write(self._stream.over())
            self._kept.save(self._stream.scorer)

    def say_done(self, problems: Problems) -> None:
        """What was read, and what a reader should know of it, on stderr."""
        from loglm.cli.anomalies_output import entities_line, forgotten_line, oddities_line
        from loglm.cli.exclusion_files import say_hidden
        from loglm.cli.output import report_problems

        if self._quiet:
            return
        scorer = self._stream.scorer
        typer.echo(
            f"{self._number:,} found in {plural(self._stream.events, 'event')}, by a baseline of "
            f"{plural(scorer.baseline.events, 'event')}; threshold {scorer.threshold:.1f} bits",
            err=True,
        )
        if len(scorer.order):
            waiting = plural(len(scorer.order), "event")
            typer.echo(f"{waiting} still to score in the state, taken first in the next run", err=True)
        if scorer.order.released_early:
            released = plural(scorer.order.released_early, "event")
            typer.echo(f"{released} did not wait for late ones: too many came", err=True)
        self._say_kinds()
        forgotten = forgotten_line(scorer.reporter.forgotten)
        for line in (forgotten, entities_line(scorer), oddities_line(scorer.oddities)):
            if line:
                typer.echo(line, err=True)
        say_hidden(scorer.hidden, "unusual events")
        report_problems(problems)

    def _say_kinds(self) -> None:
        from loglm.cli.anomalies_output import kinds_line

        if line := kinds_line(self._stream.kinds, self._stream.scorer.view):
            typer.echo(line, err=True)

    def _summary(self) -> RunSummary:
        from loglm import __version__
        from loglm.findings import RunSummary

        events, scorer = self._stream.events, self._stream.scorer
        return RunSummary(
            files=1,
            events_read=events,
            events_scored=events,
            events_rejected=0,
            entities=len(scorer.scorer.entities),
            windows=events,
            findings=self._number,
            seconds=time.monotonic() - self._started,
            finished=time.time(),
            model_name="baseline",
            model_version=f"of {plural(scorer.baseline.events, 'event')}",
            loglm_version=__version__,
        )
