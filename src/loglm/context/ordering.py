"""Events of one entity in the order of time, although they come late, without time, or from a clock that jumps."""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from loglm.context.steps import MOST_GAP_S, Step

__all__ = ["MOST_HELD", "EntityOrder", "Placed"]

MOST_HELD = 4_096
"""Events held back at most for one entity; the oldest goes on before its time is up when there are more."""


class Placed(NamedTuple):
    """An event whose turn has come."""

    step: Step
    gap_s: float | None
    """Seconds since the entity's event before it; None where they are not known."""


class EntityOrder:
    """Holds events back until no earlier one is to be expected, which is ``lateness_s`` after them by their own clock.

    Events that come no more than ``lateness_s`` late leave in the order of time, equal times in the order of their
    keys, so that the order of arrival does not matter. Later ones leave at once, with an unknown gap, counted as
    ``late``. An event without time leaves at once too (``without_time``). A step back of more than seven days is a
    clock that jumped (``clock_jumps``): what is held leaves, and time begins anew. Without lateness nothing is held.
    """

    __slots__ = ("_held", "_last", "_newest", "lateness_s")

    def __init__(self, lateness_s: float = 0.0) -> None:
        self.lateness_s = lateness_s
        self._held: list[tuple[float, int, int, Step]] = []
        self._newest: float | None = None
        self._last: float | None = None
        """Time of the event that left last."""

    def add(self, step: Step, counts: Counter[str]) -> list[Placed]:
        """Take an event; returns those whose turn has come, and counts what is odd."""
        if step.time is None:
            counts["without_time"] += 1
            return [Placed(step, None)]
        placed: list[Placed] = []
        if self._newest is not None and step.time < self._newest - MOST_GAP_S:
            counts["clock_jumps"] += 1
            placed = self.flush()
            self._newest = self._last = None
        elif self._last is not None and step.time < self._last:
            counts["late"] += 1
            return [Placed(step, None)]
        self._newest = step.time if self._newest is None else max(self._newest, step.time)
        if not self.lateness_s:
            return [*placed, self._leave(step, step.time)]
        heappush(self._held, (step.time, step.key, step.number, step))
        due = self._newest - self.lateness_s
        while self._held and (self._held[0][0] < due or len(self._held) > MOST_HELD):
            counts["released_early"] += self._held[0][0] >= due
            placed.append(self._next())
        return placed

    def release(self, due: float) -> list[Placed]:
        """What is held of before a time, in order."""
        placed = []
        while self._held and self._held[0][0] < due:
            placed.append(self._next())
        return placed

    def flush(self) -> list[Placed]:
        """All that is held, in order."""
        return [self._next() for _ in range(len(self._held))]

    @property
    def newest(self) -> float | None:
        """Latest time met; None before an event with a time."""
        return self._newest

    @property
    def oldest_held(self) -> float | None:
        """Time of the first event held; None where none is."""
        return self._held[0][0] if self._held else None

    def state(self) -> tuple[float | None, float | None, list[Step]]:
        """(newest time, time of the event that left last, events held)."""
        return self._newest, self._last, [entry[-1] for entry in sorted(self._held)]

    @classmethod
    def restored(cls, lateness_s: float, newest: float | None, last: float | None, held: list[Step]) -> EntityOrder:
        """As it was when `state` was asked."""
        order = cls(lateness_s)
        order._newest, order._last = newest, last
        order._held = [(step.time or 0.0, step.key, step.number, step) for step in held]
        heapify(order._held)
        return order

    def joined(self, later: EntityOrder) -> EntityOrder:
        """As where one stood that had taken the events of both; ``later`` is the one whose newest time is later."""
        newest, last, held = self.state()
        newest_of_later, last_of_later, held_of_later = later.state()
        return EntityOrder.restored(
            later.lateness_s, _later(newest, newest_of_later), _later(last, last_of_later), [*held, *held_of_later]
        )

    def _next(self) -> Placed:
        time, _, _, step = heappop(self._held)
        return self._leave(step, time)

    def _leave(self, step: Step, time: float) -> Placed:
        gap = None if self._last is None else time - self._last
        self._last = time
        return Placed(step, gap)


def _later(one: float | None, other: float | None) -> float | None:
    return max((time for time in (one, other) if time is not None), default=None)
