"""From incidents to what is reported: what shows on many entities at once is told once, and so are repeats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loglm.anomaly.incidents import Incident
from loglm.context.scorer import Entity

__all__ = ["TOGETHER_S", "Report", "group_incidents"]

TOGETHER_S = 86_400.0
"""Incidents whose most unusual event has one text belong together within this time, on whatever entities."""
_MOST_ENTITIES = 50


@dataclass(slots=True)
class Report:
    """One thing that is unusual, on one or more entities."""

    incident: Incident
    """The most unusual one."""
    repeats: int = 0
    """Further incidents that are the same thing: of other entities, or later."""
    others: list[Entity] = field(default_factory=list)
    """Other entities it was seen on, at most 50."""
    start: float | None = None
    """POSIX seconds, UTC, of all of them."""
    end: float | None = None
    count: int = 0
    """Unusual events of all of them."""

    def add(self, incident: Incident) -> None:
        """Take an incident that is the same thing."""
        self.repeats += 1
        self.count += incident.count
        starts = [time for time in (self.start, incident.start) if time is not None]
        ends = [time for time in (self.end, incident.end) if time is not None]
        self.start, self.end = min(starts, default=None), max(ends, default=None)
        if incident.bits > self.incident.bits:
            self.incident, incident = incident, self.incident
        known = {self.incident.entity, *self.others}
        self.others = [entity for entity in self.others if entity != self.incident.entity]
        if incident.entity not in known and len(self.others) < _MOST_ENTITIES:
            self.others.append(incident.entity)


def group_incidents(incidents: Iterable[Incident]) -> list[Report]:
    """Reports, most unusual first.

    Two incidents are the same thing where their most unusual events have one masked text, and the later begins within
    a day of the last one of it.
    """
    ordered = sorted(incidents, key=lambda one: (one.start is None, one.start or 0.0))
    open_reports: dict[int, Report] = {}
    reports: list[Report] = []
    for incident in ordered:
        key = incident.events[0].step.key
        report = open_reports.get(key)
        if report is None or not _is_together(report, incident):
            report = open_reports[key] = Report(incident, start=incident.start, end=incident.end, count=incident.count)
            reports.append(report)
        else:
            report.add(incident)
    return sorted(reports, key=lambda one: -one.incident.bits)


def _is_together(report: Report, incident: Incident) -> bool:
    if report.end is None or incident.start is None:
        return True
    return incident.start <= report.end + TOGETHER_S
