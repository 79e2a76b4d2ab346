"""AnomalyScorer: a baseline, what entities did since, and what was told of it; for logs, streams and restarts."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from statistics import median_low
from typing import NamedTuple

from loglm.anomaly.activity import Activity
from loglm.anomaly.baseline import Baseline
from loglm.anomaly.drift import Drift, compare
from loglm.anomaly.read_so_far import ReadSoFar
from loglm.anomaly.reporting import Change, Report, Reporter, Shown, UnusualEvent, unusual_event
from loglm.anomaly.seen_events import SeenEvents
from loglm.anomaly.showing import changed, show
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.table import Hidden, View
from loglm.context.scorer import ContextScorer, Entity
from loglm.context.steps import Step
from loglm.context.stream_order import StreamOrder, Waiting
from loglm.events.event import LogEvent
from loglm.findings import Level

__all__ = ["FAR_BITS", "AnomalyScorer", "Held", "Taken", "Touched", "level_of"]

FAR_BITS = 10.0
"""Above the threshold from which on a finding is of medium level."""


_RECENT = 31
"""Scored events by whose times the clock stands: wrong ones move it only where they are more than half of these."""


class Taken(NamedTuple):
    """What came of an unusual event."""

    report: Report
    change: Change
    event: UnusualEvent


@dataclass(slots=True)
class Touched:
    """A report that something was added to since it was written last."""

    report: Report
    is_new: bool
    """It was never written."""
    has_joined: bool = False
    """Events of its own were added, not repeats alone."""


@dataclass(slots=True)
class Held:
    """What is needed of an event of a stream that waits for its turn."""

    event: LogEvent | None
    """None where it is too large to be held, or was held over a restart."""
    shown: Shown | None
    """In that case what can be shown of it."""
    text: str
    """Masked; empty where its kind is known already."""
    hidden: Hidden | None

    def show(self, usual: str) -> Shown:
        """The event as evidence; ``usual`` as in `loglm.anomaly.showing.show`."""
        if self.shown is None and self.event is not None:
            self.shown = show(self.event, usual)
        return self.shown or changed("-", None)


class AnomalyScorer:
    """Takes events in the order of time and says which are told.

    Args:
        baseline: What is usual.
        view: Whose behaviour events are taken for.
    """

    def __init__(self, baseline: Baseline, *, view: View) -> None:
        self.baseline = baseline
        self.view = view
        self.reporter = Reporter()
        self.order = StreamOrder(0.0)
        """Of a stream: events that wait for their turn."""
        self.held: dict[int, Held] = {}
        """What is needed of those, by their number."""
        self.next_number = 0
        """Events taken in so far, over all runs."""
        self.seen = SeenEvents()
        """A sample of the events of files, over all runs."""
        self.read_so_far = ReadSoFar()
        """How far files were read, over all runs."""
        self.level = SurpriseLevel()
        """How surprising what was scored is."""
        self.activity = Activity()
        """What goes on in it."""
        self.hidden: Counter[str] = Counter()
        """What hides harmless events, by its id -> unusual events that it hid in this run."""
        self.touched: dict[str, Touched] = {}
        """Reports begun or added to since they were written, by their id."""
        self.clock: float | None = None
        """The time by which what is over is forgotten: the median (the lower) of ``recent``."""
        self.recent: deque[float] = deque(maxlen=_RECENT)
        """Times of the events scored last that have one, at most 31, so that fifteen in a row with wrong times, years
        ahead or behind, forget nothing."""
        self._earlier = Counter(self.scorer.counts)
        self.use_threshold(baseline.threshold.bits)

    @property
    def scorer(self) -> ContextScorer:
        """What scores events."""
        return self.baseline.scorer

    @property
    def threshold(self) -> float:
        """Bits from which on an event is unusual."""
        return self._threshold

    def use(self, *, threshold: float | None = None, entities: int | None = None) -> None:
        """Set for this run a threshold in bits, and from now on how many entities are remembered at most; None leaves
        it."""
        if threshold is not None:
            self.use_threshold(threshold)
        if entities is not None:
            self.scorer.options = replace(self.scorer.options, most_entities=entities)
            self.scorer.entities.most = entities

    def use_threshold(self, bits: float) -> None:
        """Take another threshold for this run than the baseline's."""
        self._threshold = bits
        self.scorer.options = replace(self.scorer.options, explain_from=bits)

    @property
    def oddities(self) -> Counter[str]:
        """See `loglm.context.scorer.ContextScorer.counts`; of this run."""
        return self.scorer.counts - self._earlier

    def take(self, entity: Entity, step: Step, text: str, hidden: Hidden | None = None) -> Taken | None:
        """Score an event; what is told of it, None where it is usual, or harmless.

        Args:
            entity: Whose it is.
            step: The event.
            text: Its masked text; may be empty where an event of its kind was met before.
            hidden: What says that it is harmless.
        """
        self.baseline.meet(step.code, text)
        taken = None
        for scored in self.scorer.add(entity, step):
            self.level.add(scored, self.scorer.environment)
            self.pass_to(scored.step.time)
            is_unknown = scored.step.code not in self.baseline.activity.kinds
            self.activity.add(scored.step, is_unknown=is_unknown)
            bits = scored.surprise.bits
            if bits < self._threshold:
                continue
            if hidden is not None and hidden[1] >= level_of(bits, self._threshold):
                self.hidden[hidden[0]] += 1
                continue
            event = unusual_event(scored, self.baseline.typical)
            self.forget()
            report, change = self.reporter.add(scored.entity, event)
            self._touch(report, change)
            taken = Taken(report, change, event)
        return taken

    def drift(self) -> Drift:
        """How what was scored differs from the baseline."""
        fitted = self.baseline
        return compare(fitted.level, self.level, usual=fitted.activity, now=self.activity, typical=fitted.typical)

    def take_held(self, waiting: Waiting) -> Taken | None:
        """Score an event that was held back, whose turn has come."""
        held = self.held.pop(waiting.number)
        taken = self.take(waiting.entity, waiting.step, held.text, held.hidden)
        if taken is not None and taken.change is not Change.REPEATED:
            taken.event.shown = held.show(taken.event.usual)
        return taken

    def pass_to(self, time: float | None) -> None:
        """Let the time of an event count for the clock; None leaves it."""
        if time is not None:
            self.recent.append(time)
            self.clock = median_low(self.recent)

    def forget(self) -> None:
        """Let go of what was told more than a day ago, by the clock: before each unusual event, however they come."""
        if self.clock is not None:
            self.reporter.forget(self.clock)

    def leave_untold(self) -> None:
        """Let go of what was not told of reports whose day is over; what was forgotten before is told later."""
        living, now = self.reporter.living, self.clock
        for name, one in list(self.touched.items()):
            if name not in living and now is not None and one.report.is_over(now):
                del self.touched[name]

    def _touch(self, report: Report, change: Change) -> None:
        touched = self.touched.get(report.report_id)
        if touched is None:
            touched = self.touched[report.report_id] = Touched(report, change is Change.BEGUN)
        touched.has_joined |= change is not Change.REPEATED


def level_of(bits: float, threshold: float) -> Level:
    """The level of a finding of so many bits."""
    return Level.MEDIUM if bits >= threshold + FAR_BITS else Level.LOW
