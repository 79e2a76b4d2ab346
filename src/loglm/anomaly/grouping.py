"""From stretches to what is reported: what shows on many entities at once is told once, and so are repeats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loglm.anomaly.unusual_stretches import UnusualStretch
from loglm.context.scorer import Entity

__all__ = ["TOGETHER_S", "Report", "group_stretches"]

TOGETHER_S = 86_400.0
"""Stretches whose most unusual event has one text belong together within this time, on whatever entities."""
_MOST_ENTITIES = 50


@dataclass(slots=True)
class Report:
    """One thing that is unusual, on one or more entities."""

    stretch: UnusualStretch
    """The most unusual one."""
    repeats: int = 0
    """Further stretches that are the same thing: of other entities, or later."""
    others: list[Entity] = field(default_factory=list)
    """Other entities it was seen on, at most 50."""
    start: float | None = None
    """POSIX seconds, UTC, of all of them."""
    end: float | None = None
    count: int = 0
    """Unusual events of all of them."""

    def add(self, stretch: UnusualStretch) -> None:
        """Take a stretch that is the same thing."""
        self.repeats += 1
        self.count += stretch.count
        starts = [time for time in (self.start, stretch.start) if time is not None]
        ends = [time for time in (self.end, stretch.end) if time is not None]
        self.start, self.end = min(starts, default=None), max(ends, default=None)
        if stretch.bits > self.stretch.bits:
            self.stretch, stretch = stretch, self.stretch
        known = {self.stretch.entity, *self.others}
        self.others = [entity for entity in self.others if entity != self.stretch.entity]
        if stretch.entity not in known and len(self.others) < _MOST_ENTITIES:
            self.others.append(stretch.entity)


def group_stretches(stretches: Iterable[UnusualStretch]) -> list[Report]:
    """Reports, most unusual first.

    Two stretches are the same thing where their most unusual events have one masked text, and the later begins within
    a day of the last one of it.
    """
    ordered = sorted(stretches, key=lambda one: (one.start is None, one.start or 0.0))
    open_reports: dict[int, Report] = {}
    reports: list[Report] = []
    for stretch in ordered:
        key = stretch.events[0].step.key
        report = open_reports.get(key)
        if report is None or not _is_together(report, stretch):
            report = open_reports[key] = Report(stretch, start=stretch.start, end=stretch.end, count=stretch.count)
            reports.append(report)
        else:
            report.add(stretch)
    return sorted(reports, key=lambda one: -one.stretch.bits)


def _is_together(report: Report, stretch: UnusualStretch) -> bool:
    if report.end is None or stretch.start is None:
        return True
    return stretch.start <= report.end + TOGETHER_S
