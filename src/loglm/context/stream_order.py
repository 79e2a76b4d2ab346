"""The events of a stream in the order of time, all entities together, although some come late."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

from loglm.context.scorer import Entity
from loglm.context.steps import MOST_GAP_S, Step

__all__ = ["MOST_WAITING", "StreamOrder", "Waiting"]

MOST_WAITING = 4_096
"""Events held back at most; the oldest goes on before its time is up when there are more."""


class Waiting(NamedTuple):
    """An event held back. They sort as `loglm.anomaly.table.EventTable.in_time` sorts a whole log."""

    time: float
    """POSIX seconds; of an event without time that of the one before it."""
    is_timeless: bool
    key: int
    number: int
    entity: Entity
    step: Step


class StreamOrder:
    """Holds events back until the stream's newest time is more than ``lateness_s`` ahead of theirs.

    So a stream whose events come at most so late is scored as the same events in one sorted log. Those that come later
    go on at once, and the scorer says whether they are late for their entity. An event without time stays behind the
    one before it. A step back of more than seven days is a clock that jumped: what is held goes on, time begins anew.
    """

    def __init__(self, lateness_s: float) -> None:
        """``lateness_s``: seconds; at 0 only events of the very newest time are held, until a newer one comes."""
        self.lateness_s = lateness_s
        self.released_early = 0
        """Events that went on too early because `MOST_WAITING` were held."""
        self._held: list[Waiting] = []
        self._newest: float | None = None
        self._latest: float | None = None
        """Time of the event that came last and had one."""

    def __len__(self) -> int:
        """Events held."""
        return len(self._held)

    @property
    def newest(self) -> float | None:
        """Latest time met; None before an event with a time."""
        return self._newest

    def add(self, entity: Entity, step: Step) -> list[Waiting]:
        """Take an event; returns those whose turn has come."""
        if step.time is None and self._latest is None:
            return [Waiting(0.0, True, 0, step.number, entity, step)]
        ready: list[Waiting] = []
        if step.time is not None:
            if self._newest is not None and step.time < self._newest - MOST_GAP_S:
                ready, self._newest = self.flush(), None
            self._newest = step.time if self._newest is None else max(self._newest, step.time)
            self._latest = step.time
        heappush(self._held, _waiting(entity, step, self._latest))
        return ready + self._due()

    def flush(self) -> list[Waiting]:
        """All that is held, in order."""
        return [heappop(self._held) for _ in range(len(self._held))]

    def state(self) -> tuple[float | None, float | None, list[Waiting]]:
        """(newest time, time that came last, events held)."""
        return self._newest, self._latest, sorted(self._held)

    def restore(self, newest: float | None, latest: float | None, held: list[Waiting]) -> None:
        """Stand where `state` was asked."""
        self._newest, self._latest = newest, latest
        self._held = list(held)
        heapify(self._held)

    def _due(self) -> list[Waiting]:
        ready = []
        due = (self._newest or 0.0) - self.lateness_s
        while self._held and (self._held[0].time < due or len(self._held) > MOST_WAITING):
            self.released_early += self._held[0].time >= due
            ready.append(heappop(self._held))
        return ready


def _waiting(entity: Entity, step: Step, latest: float | None) -> Waiting:
    if step.time is None:
        return Waiting(latest or 0.0, True, 0, step.number, entity, step)
    return Waiting(step.time, False, step.key, step.number, entity, step)
