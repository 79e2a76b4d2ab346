"""Which unusual events are told: what belongs together once, and what was told in the last day not again.

The rule needs no look ahead, so that a stream, a restart and a whole log in one go tell the same:

- an unusual event whose text was not unusual within the last day, on whatever entity, is *new*;
- a new one within an hour of its entity's unusual event before it joins the report of that; else a report begins;
- what is not new counts as a repeat of the report that told its text.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice

from loglm.context.scorer import Entity, Scored
from loglm.context.surprise import Surprise
from loglm.findings import Evidence

__all__ = [
    "MOST_KNOWN",
    "MOST_LIVING",
    "QUIET_S",
    "TOGETHER_S",
    "Change",
    "Known",
    "Report",
    "Reporter",
    "Shown",
    "UnusualEvent",
    "unusual_event",
]

QUIET_S = 3_600.0
"""Seconds without an unusual event of an entity after which a new one begins a new report."""
TOGETHER_S = 86_400.0
"""Seconds for which a text that was told is not told again; each repeat begins them anew."""
MOST_LIVING = 1_000
"""Reports that repeats are counted for at most; of more, the oldest are forgotten, and their texts are new again."""
MOST_KNOWN = 50_000
"""Texts that are known as told at most; of more, those met longest ago are new again."""
_MOST_EVENTS = 10
_MOST_ENTITIES = 50


@dataclass(frozen=True, slots=True)
class Shown:
    """An event as a report shows it."""

    evidence: Evidence
    log_source: str


@dataclass(slots=True)
class UnusualEvent:
    """What is kept of an event at or above the threshold."""

    number: int
    """Of the event in its input."""
    key: int
    """Hash of its masked text."""
    time: float | None
    """POSIX seconds, UTC."""
    surprise: Surprise
    gap_s: float | None
    """Seconds since the entity's event before it."""
    expected: tuple[tuple[str, float], ...] = ()
    """The likeliest kinds in its place, each as a masked text of the kind, with its probability. Untrusted."""
    usual: str = ""
    """The masked text that stands for its own kind. Untrusted."""
    shown: Shown | None = None
    """None until it is read for being shown."""


@dataclass(slots=True)
class Report:
    """One thing that is unusual: new unusual events of one entity, each at most an hour after the one before."""

    report_id: str
    """20 hexadecimal digits, of entity, text and time of the first event: the same for the same log on each run."""
    entity: Entity
    start: float | None
    """POSIX seconds, UTC."""
    end: float | None
    count: int = 0
    """Unusual events."""
    events: list[UnusualEvent] = field(default_factory=list)
    """The most unusual ones, at most ten, most unusual first; equal texts once."""
    repeats: int = 0
    """Further events that have one of its texts: on other entities, or later."""
    others: list[Entity] = field(default_factory=list)
    """Other entities that it was seen on, at most 50."""
    until: float | None = None
    """Time of the last event of it, repeats among them."""

    @property
    def bits(self) -> float:
        """Of its most unusual event: the score. Higher is more unusual."""
        return self.events[0].surprise.bits

    def join(self, event: UnusualEvent) -> None:
        """Take an event of its own."""
        self.count += 1
        self.start, self.end = _earlier(self.start, event.time), _later(self.end, event.time)
        self.until = _later(self.until, event.time)
        same = next((known for known in self.events if known.key == event.key), None)
        if same is not None:
            if same.surprise.bits >= event.surprise.bits:
                return
            self.events.remove(same)
        self.events.append(event)
        self.events.sort(key=lambda one: -one.surprise.bits)
        del self.events[_MOST_EVENTS:]

    def absorb(self, other: Report) -> None:
        """Take over what another process made of the same report. How many events both have counted is not known: the
        higher count holds."""
        self.count, self.repeats = max(self.count, other.count), max(self.repeats, other.repeats)
        self.start, self.end = _earlier(self.start, other.start), _later(self.end, other.end)
        self.until = _later(self.until, other.until)
        best: dict[int, UnusualEvent] = {}
        for event in sorted([*self.events, *other.events], key=_rank):
            best.setdefault(event.key, event)
        self.events = list(best.values())[:_MOST_EVENTS]
        self.others = sorted({*self.others, *other.others})[:_MOST_ENTITIES]

    def is_over(self, now: float) -> bool:
        """Whether it is more than a day since anything of it came."""
        return self.until is not None and self.until + TOGETHER_S < now

    def repeat(self, entity: Entity, time: float | None) -> None:
        """Count an event that has one of its texts."""
        self.repeats += 1
        self.until = _later(self.until, time)
        if entity != self.entity and entity not in self.others and len(self.others) < _MOST_ENTITIES:
            self.others.append(entity)


class Change(Enum):
    """What an unusual event is to the report that it is counted in."""

    BEGUN = "begun"
    WORSE = "worse"
    """It is the most unusual one of it so far."""
    JOINED = "joined"
    REPEATED = "repeated"


@dataclass(slots=True)
class Known:
    """A text that was told."""

    report: Report
    last: float | None
    """When it was met last, POSIX seconds."""


class Reporter:
    """Takes unusual events in the order of time and makes reports of them."""

    def __init__(self, *, most_living: int = MOST_LIVING, quiet_s: float = QUIET_S) -> None:
        """``quiet_s``: takes the place of `QUIET_S`."""
        self.living: OrderedDict[str, Report] = OrderedDict()
        """Reports that repeats are counted for, by their id, oldest first."""
        self.known: OrderedDict[int, Known] = OrderedDict()
        """Texts that were told, by their hash; those met longest ago first."""
        self.open: dict[Entity, tuple[Report, float | None]] = {}
        """Each entity's last report, and the time of its last unusual event."""
        self.forgotten = 0
        """Reports forgotten before their day was over, in this run: too many came."""
        self._most_living = most_living
        self._quiet_s = quiet_s

    def add(self, entity: Entity, event: UnusualEvent) -> tuple[Report, Change]:
        """Take an event at or above the threshold; returns the report that it counts in."""
        report = self._open_report(entity, event.time)
        known = self.known.get(event.key)
        if known is not None and _is_within(event.time, known.last, TOGETHER_S):
            return self._again(entity, event, known, report)
        change = Change.BEGUN if report is None else _join(report, event)
        if report is None:
            report = self._begin(entity, event)
        self.known[event.key] = Known(report, event.time)
        self.known.move_to_end(event.key)
        if len(self.known) > MOST_KNOWN:
            self.known.popitem(last=False)
        self._touch(entity, report, event.time)
        return report, change

    def forget(self, now: float) -> list[Report]:
        """Let go of what was told more than a day before ``now``; returns those reports, as they are in the end."""
        over = [one for one in self.living.values() if one.is_over(now)]
        self._drop(over)
        return over

    def keep_bounds(self) -> None:
        """Forget what began, or was met, longest ago where there is too much, as after others were taken over."""
        oldest = list(islice(self.living.values(), max(0, len(self.living) - self._most_living)))
        self.forgotten += len(oldest)
        self._drop(oldest)
        while len(self.known) > MOST_KNOWN:
            self.known.popitem(last=False)

    def _again(self, entity: Entity, event: UnusualEvent, known: Known, report: Report | None) -> tuple[Report, Change]:
        """Take an event whose text was told; ``report``: the one of its entity that is not over."""
        known.last = _later(known.last, event.time)
        self.known.move_to_end(event.key)
        if report is not None:
            self._touch(entity, report, event.time)
        if known.report is report:
            return known.report, _join(known.report, event)
        known.report.repeat(entity, event.time)
        return known.report, Change.REPEATED

    def _open_report(self, entity: Entity, time: float | None) -> Report | None:
        report, last = self.open.get(entity, (None, None))
        return report if report is not None and _is_within(time, last, self._quiet_s) else None

    def _touch(self, entity: Entity, report: Report, time: float | None) -> None:
        _, last = self.open.get(entity, (report, time))
        self.open[entity] = report, time if last is None or time is not None else last

    def _begin(self, entity: Entity, event: UnusualEvent) -> Report:
        report = Report(_report_id(entity, event), entity, None, None)
        report.join(event)
        self.living[report.report_id] = report
        if len(self.living) > self._most_living:
            oldest = list(islice(self.living.values(), max(1, self._most_living // 10)))
            self.forgotten += len(oldest)
            self._drop(oldest)
        return report

    def _drop(self, reports: Iterable[Report]) -> None:
        gone = {report.report_id for report in reports}
        if not gone:
            return
        self.living = OrderedDict((name, one) for name, one in self.living.items() if name not in gone)
        self.known = OrderedDict((key, one) for key, one in self.known.items() if one.report.report_id not in gone)
        self.open = {entity: held for entity, held in self.open.items() if held[0].report_id not in gone}


def _join(report: Report, event: UnusualEvent) -> Change:
    before = report.bits
    report.join(event)
    return Change.WORSE if report.bits > before else Change.JOINED


def unusual_event(scored: Scored, typical: dict[int, str]) -> UnusualEvent:
    """What a report needs of a scored event; ``typical``: code -> the masked text that stands for its kind."""
    expected = tuple((typical.get(one.code, ""), one.probability) for one in scored.expected)
    step = scored.step
    usual = typical.get(step.code, "")
    return UnusualEvent(step.number, step.key, step.time, scored.surprise, scored.gap_s, expected, usual)


def _report_id(entity: Entity, event: UnusualEvent) -> str:
    when = f"#{event.number}" if event.time is None else repr(event.time)
    text = "\0".join(("anomaly", *entity, f"{event.key:016x}", when))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _is_within(time: float | None, last: float | None, seconds: float) -> bool:
    """Whether two times are at most so far apart; where either is not known they count as near."""
    return time is None or last is None or abs(time - last) <= seconds


def _rank(event: UnusualEvent) -> tuple[float, float, int]:
    """Most unusual first; of equal ones the earlier."""
    return -event.surprise.bits, -math.inf if event.time is None else event.time, event.number


def _earlier(one: float | None, other: float | None) -> float | None:
    return min((time for time in (one, other) if time is not None), default=None)


def _later(one: float | None, other: float | None) -> float | None:
    return max((time for time in (one, other) if time is not None), default=None)
