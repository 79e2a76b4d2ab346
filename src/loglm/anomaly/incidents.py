"""Unusual events that belong together: those of one entity, each at most an hour after the one before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loglm.context.scorer import Entity, Scored

__all__ = ["QUIET_S", "Alerts", "Incident", "Incidents"]

QUIET_S = 3_600.0
"""Seconds without an unusual event after which a new incident begins."""
_MOST_EVENTS = 10


@dataclass(slots=True)
class Incident:
    """Unusual events of one entity."""

    entity: Entity
    start: float | None
    """POSIX seconds, UTC, of the first event that has a time."""
    end: float | None
    count: int = 0
    """Unusual events."""
    events: list[Scored] = field(default_factory=list)
    """The most unusual ones, at most ten, most unusual first; equal texts once."""

    @property
    def bits(self) -> float:
        """Of its most unusual event: the score. Higher is more unusual."""
        return self.events[0].surprise.bits

    def add(self, scored: Scored) -> None:
        """Take an event."""
        self.count += 1
        time = scored.step.time
        if time is not None:
            self.start = time if self.start is None else min(self.start, time)
            self.end = time if self.end is None else max(self.end, time)
        for place, known in enumerate(self.events):
            if known.step.key == scored.step.key:
                if known.surprise.bits >= scored.surprise.bits:
                    return
                del self.events[place]
                break
        self.events.append(scored)
        self.events.sort(key=lambda one: -one.surprise.bits)
        del self.events[_MOST_EVENTS:]


class Incidents:
    """Collects events at or above a threshold into incidents."""

    def __init__(self, threshold: float) -> None:
        """``threshold``: bits."""
        self.threshold = threshold
        self.found: list[Incident] = []
        self._open: dict[Entity, Incident] = {}

    def add(self, scored: Iterable[Scored]) -> None:
        """Take events in the order of time of each entity."""
        for one in scored:
            if one.surprise.bits >= self.threshold:
                self._add(one)

    def _add(self, scored: Scored) -> None:
        incident = self._open.get(scored.entity)
        time = scored.step.time
        is_over = incident is not None and None not in (time, incident.end) and time > incident.end + QUIET_S  # type: ignore[operator]
        if incident is None or is_over:
            incident = self._open[scored.entity] = Incident(scored.entity, None, None)
            self.found.append(incident)
        incident.add(scored)


class Alerts:
    """The most unusual event of each text, entity and hour: what could be an alert, repeats left out."""

    def __init__(self) -> None:
        self._best: dict[tuple[Entity, int, int], float] = {}

    def add(self, scored: Scored) -> None:
        """Take an event."""
        time = scored.step.time
        key = scored.entity, scored.step.key, 0 if time is None else int(time // QUIET_S)
        self._best[key] = max(scored.surprise.bits, self._best.get(key, 0.0))

    def bits(self) -> list[float]:
        """Most unusual first."""
        return sorted(self._best.values(), reverse=True)
