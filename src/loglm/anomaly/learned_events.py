"""Which events a baseline was learned from, as far as it takes to see that another one holds the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from loglm.anomaly.table import EventTable
from loglm.corpus.templates import text_hash

__all__ = ["LearnedEvents"]

_KEPT: Final = 4_096
_MULTIPLIERS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""Source: SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators")."""


@dataclass(frozen=True, slots=True)
class LearnedEvents:
    """The 4,096 lowest marks of the events of a baseline; all marks where it has fewer.

    A mark stands for entity, time and masked text, and for which of several equal ones it is, so that copies count. An
    event without time has none.

    Source: k minimum values (Bar-Yossef et al. 2002, "Counting distinct elements in a data stream").
    """

    marks: np.ndarray
    """uint64 (n,), lowest first."""
    timed: float
    """Events that have a time; an estimate where several baselines share some."""
    timeless: int

    @classmethod
    def of(cls, table: EventTable, rows: np.ndarray) -> LearnedEvents:
        """Of the events of rows."""
        times = np.asarray(table.times, np.float64)[rows]
        is_timed = ~np.isnan(times)
        timeless, rows, times = int((~is_timed).sum()), rows[is_timed], times[is_timed]
        names = np.asarray([text_hash("\0".join(name)) for name in table.names], np.uint64)
        entities = names[np.asarray(table.entities, np.int64)[rows]]
        same = _event_marks(entities, times, np.asarray(table.keys, np.uint64)[rows])
        marks = _event_marks(same, times, _place_among_equal(same).astype(np.uint64))
        return cls(np.unique(marks)[:_KEPT], float(len(rows)), timeless)

    @property
    def is_whole(self) -> bool:
        """Whether all marks are there, so that what is said of them is exact."""
        return len(self.marks) < _KEPT

    def shared(self, other: LearnedEvents) -> float:
        """How many events both have: exact where both are whole, an estimate otherwise."""
        ends = [one.marks[-1] for one in (self, other) if not one.is_whole]
        own, its = (one.marks[one.marks <= min(ends)] if ends else one.marks for one in (self, other))
        both = len(np.intersect1d(own, its, assume_unique=True))
        if not ends:
            return float(both)
        return min(both * (self.timed + other.timed) / max(1, len(own) + len(its)), self.timed, other.timed)

    def has_all_of(self, other: LearnedEvents) -> bool:
        """Whether it is known for certain that all events of another are among these."""
        return self.is_whole and other.is_whole and not other.timeless and self.shared(other) == len(other.marks)

    def joined(self, other: LearnedEvents) -> LearnedEvents:
        """Of both; what both have counts once."""
        marks = np.union1d(self.marks, other.marks)[:_KEPT]
        return LearnedEvents(marks, self.timed + other.timed - self.shared(other), self.timeless + other.timeless)

    def values(self) -> list[Any]:
        """For JSON."""
        return [self.marks.tolist(), self.timed, self.timeless]

    @classmethod
    def restored(cls, marks: list[int], timed: float, timeless: int) -> LearnedEvents:
        """Of what `values` gave."""
        return cls(np.asarray(marks, np.uint64), float(timed), int(timeless))


def _place_among_equal(values: np.ndarray) -> np.ndarray:
    """Of each value how many equal ones are before it, int64 (n,)."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(values) else np.zeros(0, int)
    lengths = np.diff(np.append(starts, len(values)))
    places = np.empty(len(values), np.int64)
    places[order] = np.arange(len(values)) - np.repeat(starts, lengths)
    return places


def _event_marks(entities: np.ndarray, times: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Hashes of events, uint64 (n,), even over the numbers, equal for those of one entity, time and key.

    Args:
        entities: uint64 (n,), hashes of their names.
        times: float64 (n,), POSIX seconds.
        keys: uint64 (n,).
    """
    return _mixed(_mixed(entities ^ _mixed(times.view(np.uint64))) ^ keys)


def _mixed(values: np.ndarray) -> np.ndarray:
    first, second = _MULTIPLIERS
    values = (values ^ (values >> np.uint64(30))) * first
    values = (values ^ (values >> np.uint64(27))) * second
    return np.asarray(values ^ (values >> np.uint64(31)))
