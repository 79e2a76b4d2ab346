"""What goes on in a log and how steadily: events over time, kinds and log sources with their longest silence."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any

import numpy as np

from loglm.context.steps import Step

__all__ = ["Activity", "Blocks", "Series"]

_MOST_BLOCKS = 512
_RECENT = 31
_BREAK_S = 86_400.0
"""Silence of everything for longer is a break in recording, and no time at all."""


@dataclass(slots=True)
class Blocks:
    """Counts of events by blocks of equal width, at most 512: where more were needed, all become twice as wide."""

    width: float = 1.0
    """Seconds, or events."""
    events: list[int] = field(default_factory=list)
    marked: list[int] = field(default_factory=list)
    """Those of them that are marked."""

    def add(self, position: float, *, is_marked: bool = False) -> None:
        """Count an event; ``position`` is 0 or more."""
        while position >= self.width * _MOST_BLOCKS:
            self._widen()
        place = int(position / self.width)
        missing = place + 1 - len(self.events)
        if missing > 0:
            self.events += [0] * missing
            self.marked += [0] * missing
        self.events[place] += 1
        self.marked[place] += is_marked

    def _widen(self) -> None:
        self.width *= 2
        self.events, self.marked = _by_two(self.events), _by_two(self.marked)

    def at(self, width: float) -> tuple[np.ndarray, np.ndarray]:
        """Events and marked ones, int64 (n,) each, by wider blocks without the last, which may not be full.

        Args:
            width: A power of two times the own one.
        """
        events, marked, own = self.events, self.marked, self.width
        while own < width:
            events, marked, own = _by_two(events), _by_two(marked), own * 2
        return np.asarray(events[:-1], np.int64), np.asarray(marked[:-1], np.int64)


def _by_two(counts: list[int]) -> list[int]:
    return [sum(counts[place : place + 2]) for place in range(0, len(counts), 2)]


@dataclass(slots=True)
class Series:
    """The events of one kind, or of one log source."""

    source: int
    """Number of the log source."""
    events: int = 0
    last: float = 0.0
    """Seconds of recording before its last event."""
    longest: float = 0.0
    """Seconds of its longest silence up to its last event, the one before its first among them."""


class Activity:
    """What a stretch of events is made of, in bounded memory.

    Time is that of the recording: the median of the last 31 events, which does not go back, without silences of
    everything for more than a day, so that a pause between two recordings, or some wrong dates, are no silence of a
    service.
    """

    def __init__(self) -> None:
        self.events = 0
        self.unknown = 0
        """Events of kinds that are not known from elsewhere."""
        self.seconds = 0.0
        """Of recording."""
        self.rate = Blocks()
        """Events by time of recording."""
        self.strange = Blocks()
        """Events in their order, those of unknown kinds marked."""
        self.kinds: dict[int, Series] = {}
        """Code -> its events."""
        self.sources: dict[int, Series] = {}
        """Number of a log source -> its events."""
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._newest: float | None = None

    def add(self, step: Step, *, is_unknown: bool) -> None:
        """Take an event; ``is_unknown``: its kind is not known from elsewhere."""
        if step.time is not None:
            self._recent.append(step.time)
            self._pass_to(median_low(self._recent))
        self.strange.add(self.events, is_marked=is_unknown)
        self.events += 1
        self.unknown += is_unknown
        if self._newest is not None:
            self.rate.add(self.seconds)
        self._count(self.kinds, step.code, step.source)
        self._count(self.sources, step.source, step.source)

    def values(self) -> dict[str, Any]:
        """All of it but the clock, for JSON."""
        return {
            "events": self.events,
            "unknown": self.unknown,
            "seconds": self.seconds,
            "rate": [self.rate.width, self.rate.events, self.rate.marked],
            "strange": [self.strange.width, self.strange.events, self.strange.marked],
            "kinds": _series_values(self.kinds),
            "sources": _series_values(self.sources),
        }

    @classmethod
    def restored(cls, values: Mapping[str, Any]) -> Activity:
        """Of what `values` gave."""
        found = cls()
        found.events, found.unknown = int(values["events"]), int(values["unknown"])
        found.seconds = float(values["seconds"])
        found.rate, found.strange = _blocks(*values["rate"]), _blocks(*values["strange"])
        found.kinds, found.sources = _series(values["kinds"]), _series(values["sources"])
        return found

    def _pass_to(self, clock: float) -> None:
        before = clock if self._newest is None else self._newest
        if abs(clock - before) > _BREAK_S:
            self._newest = clock
        else:
            self.seconds += max(0.0, clock - before)
            self._newest = max(before, clock)

    def _count(self, known: dict[int, Series], key: int, source: int) -> None:
        series = known.get(key)
        if series is None:
            series = known[key] = Series(source)
        series.events += 1
        series.longest = max(series.longest, self.seconds - series.last)
        series.last = self.seconds


def _series_values(known: Mapping[int, Series]) -> list[list[float]]:
    return [[key, one.source, one.events, one.last, one.longest] for key, one in known.items()]


def _series(values: list[list[float]]) -> dict[int, Series]:
    return {
        int(key): Series(int(source), int(events), float(last), float(longest))
        for key, source, events, last, longest in values
    }


def _blocks(width: float, events: list[int], marked: list[int]) -> Blocks:
    return Blocks(float(width), list(map(int, events)), list(map(int, marked)))
