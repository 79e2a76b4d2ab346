"""find_anomalies(): what is usual is learned from a baseline, and what is not is told with what was expected
instead."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.anomaly.baseline import FEWEST_EVENTS
from loglm.anomaly.drift import Drift
from loglm.anomaly.learning import files_of, learn_baseline, refuse_unknown_view
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.read_so_far import FileReading, Passed
from loglm.anomaly.reporting import Report
from loglm.anomaly.scored_before import ScoredBefore, known_files, look_back, timed_events
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.stretches import Stretch, outside, stretch_around
from loglm.anomaly.table import EventTable, Hides, TableReader, View
from loglm.anomaly.threshold import Threshold
from loglm.context.codebook import TemplateCodebook
from loglm.errors import EmptyInputError, InputError
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.context.encoder import ContextEncoder

__all__ = ["Anomalies", "find_anomalies"]

_NAMED = 10
"""Files that are named as known, of more the number is said."""


@dataclass(frozen=True, slots=True)
class Anomalies:
    """What was found, and what it rests on."""

    reports: list[Report]
    """Begun in this run, most unusual first."""
    continued: list[Report]
    """Begun in an earlier run, and added to in this one; most unusual first."""
    threshold: Threshold
    """Of this run."""
    suspicious: list[Report]
    """Within the baseline, at or above the threshold, what weighs most first: an attack in it, or, as in nearly every
    baseline, what is rarest there. Empty where it was learned in an earlier run."""
    in_baseline: int
    """How many those are; where it was learned in an earlier run, by the baseline's threshold."""
    drift: Drift
    baseline_events: int
    left_out: int
    """Further events of the baseline, in stretches that were to be left out; 0 where a state of before does not
    say."""
    scored_events: int
    entities: int
    kinds: Counter[str]
    """Kind of entity -> events of this run that are taken for one of it."""
    oddities: Counter[str]
    """See `loglm.context.scorer.ContextScorer.counts`, and ``without_entity``; of this run."""
    before: ScoredBefore
    """How the log lies to what the state that was gone on with had seen; without one, nothing."""
    passed: dict[str, Passed]
    """Files of which lines were passed over, because these were learned from or scored before -> how many."""
    hidden: Counter[str]
    """What hides harmless events, by its id -> unusual events that it hid."""
    table: EventTable
    scorer: AnomalyScorer
    """Stands behind the last event; `loglm.anomaly.kept_state` keeps it."""
    seconds: float
    baseline_times: np.ndarray
    """Of what the baseline was taken from in this run, as `EventTable.filled_times` has them, lowest first; float64
    (n,)."""

    @property
    def is_fitted(self) -> bool:
        """Whether the baseline was learned in this run."""
        return len(self.baseline_times) > 0

    def to_leave_out(self, report: Report) -> Stretch | None:
        """The time of one of ``suspicious``, such that what lies in it are the events of the baseline from its first to
        its last; None where it has no time, or too little would be left to learn from."""
        rows = [event.number - self.table.first_number for event in report.events]
        times = [time for time in (report.start, report.end) if time is not None]
        times += self.table.filled_times()[rows].tolist()
        stretch = stretch_around(self.baseline_times, min(times), max(times))
        if stretch is None:
            return None
        gone = np.count_nonzero(~outside(self.baseline_times, [stretch]))
        return stretch if self.baseline_events - gone >= FEWEST_EVENTS else None


def find_anomalies(
    paths: Sequence[str | Path],
    *,
    baseline: Sequence[str | Path] = (),
    going_on: AnomalyScorer | None = None,
    encoder: ContextEncoder | None = None,
    options: AnomalyOptions | None = None,
    hides: Hides | None = None,
    only_new: bool = False,
    problems: Problems | None = None,
    progress: Progress = silent,
) -> Anomalies:
    """Find what is unusual in logs, compared with a baseline.

    Args:
        paths: Files, folders, patterns, archives. Files of the baseline among them are noted and not scored.
        baseline: The same, of ordinary days; without any, the first share of ``paths`` by time.
        going_on: Stands where an earlier run stopped, in place of a baseline; its view and encoder hold.
        encoder: Says which expectation to believe when; weights fitted to the baseline for None.
        options: Budget of alerts and more.
        hides: Says which events are known to be harmless; those that it hides are counted and not told.
        only_new: Pass over what ``going_on`` scored of files that have grown, and refuse other logs that look as if
            they were scored before; then it is as it was. A last line that is still being written is left to the next
            run.
        problems: Takes what could not be read.
        progress: Is told how far the work is.

    Raises:
        EmptyInputError: No event was read; but no error are logs to which nothing came, beside ``going_on``.
        InputError: A path does not exist, all of them are the baseline, the baseline is too small, no event names
            an entity of the kind asked for, or the log was scored before.
    """
    started = time.monotonic()
    options = options or AnomalyOptions()
    problems = Problems() if problems is None else problems
    scorer, table, rows, before = going_on, EventTable(), np.zeros(0, np.int64), ScoredBefore()
    passed: dict[str, Passed] = {}
    if scorer is None:
        scorer, table, rows = learn_baseline(
            paths,
            baseline,
            encoder=encoder,
            options=options,
            hides=hides,
            waits=only_new,
            problems=problems,
            progress=progress,
        )
    elif paths:
        reading = FileReading(scorer.read_so_far if only_new else None, problems, waits=only_new)
        table = _read_table(paths, reading, scorer.view, hides, progress)
        before, passed = look_back(table, scorer.scorer, scorer.seen), reading.passed
        if only_new:
            _refuse_again(table, scorer, passed, before)
        scorer.seen.add(timed_events(table))
        scorer.read_so_far.add(reading)
        table.first_number, rows = scorer.next_number, table.in_time()
        scorer.next_number += len(table)
    scorer.use(threshold=options.threshold, entities=options.entities)
    _score(scorer, table, progress(rows.tolist(), "events scored"))
    return _found(scorer, table, rows, before, passed, is_fitted=going_on is None, started=started)


def _read_table(
    paths: Sequence[str | Path],
    reading: FileReading,
    view: View,
    hides: Hides | None,
    progress: Progress,
) -> EventTable:
    table = EventTable()
    reader = TableReader(table, TemplateCodebook(), view=view, hides=hides)
    for path in files_of(paths, reading.problems):
        reader.read(progress(reading.events(path), "events"), path)
    table.parts = reading.parts
    if not len(table) and not reading.has_nothing_new:
        raise EmptyInputError("no event was read that could be scored")
    refuse_unknown_view(table, view)
    return table


def _score(scorer: AnomalyScorer, table: EventTable, rows: Iterable[int]) -> None:
    """Score the events of rows, after those that an interrupted stream held back."""
    for waiting in scorer.order.flush():
        scorer.take_held(waiting)
    typical = scorer.baseline.typical
    for entity, step in table.steps(rows):
        text = "" if step.code in typical else table.example(step.key, step.code)
        scorer.take(entity, step, text, table.hidden_by(step.number - table.first_number))


def _refuse_again(table: EventTable, scorer: AnomalyScorer, passed: dict[str, Passed], before: ScoredBefore) -> None:
    """Refuse what looks as if it was scored before, but for the files of which that was passed over."""
    rest = look_back(table, scorer.scorer, scorer.seen, without=passed) if passed else before
    if not rest.is_same:
        return
    known = known_files(table, scorer.scorer, scorer.seen, without=passed)
    what = "these logs were learned from or scored before"
    if known and len(known) < len(table.files):
        more = f" and {len(known) - _NAMED:,} more" if len(known) > _NAMED else ""
        others = plural(len(table.files) - len(known), "other file")
        what = f"{what}. Leave out {', '.join(known[:_NAMED])}{more}, and the {others} can be scored"
    raise InputError(
        f"{rest.evidence}: {what}. Nothing was scored, and the state is as it was; give what is new alone, or "
        "--read-only to look at them again. Of a file of lines with times, packed or not, whose beginning is as it was "
        "scored, the new part is found"
    )


def _found(
    scorer: AnomalyScorer,
    table: EventTable,
    rows: np.ndarray,
    before: ScoredBefore,
    passed: dict[str, Passed],
    *,
    is_fitted: bool,
    started: float,
) -> Anomalies:
    fitted = scorer.baseline
    suspicious = fitted.suspicious(scorer.threshold) if is_fitted else []
    reports = sorted(scorer.touched.values(), key=lambda one: -one.report.bits)
    return Anomalies(
        reports=[one.report for one in reports if one.is_new],
        continued=[one.report for one in reports if not one.is_new],
        threshold=fitted.threshold_at(scorer.threshold),
        suspicious=suspicious,
        in_baseline=len(suspicious) if is_fitted else fitted.in_baseline,
        drift=scorer.drift(),
        baseline_events=fitted.events,
        left_out=fitted.left_out,
        scored_events=len(rows),
        entities=len(table.names),
        kinds=table.kinds,
        oddities=scorer.oddities + Counter(without_entity=table.kinds["file"], clock_jumps=table.clock_jumps),
        before=before,
        passed=passed,
        hidden=scorer.hidden,
        table=table,
        scorer=scorer,
        seconds=time.monotonic() - started,
        baseline_times=np.sort(np.delete(table.filled_times(), rows)) if is_fitted else np.zeros(0),
    )
