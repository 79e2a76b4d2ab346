"""A sample of all different events that were learned from or scored, by which a log is known that comes again.

Source: k minimum values (Bar-Yossef et al. 2002, "Counting distinct elements in a data stream"): of all events ever
seen those with the lowest hashes are kept, so that of any log the events with hashes as low are among them, or new.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

__all__ = ["SeenEvents", "event_marks"]

_KEPT: Final = 4_096
_MULTIPLIERS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
"""Source: SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators")."""


class SeenEvents:
    """The 4,096 lowest marks of events.

    Args:
        marks: As an earlier one had them.
    """

    def __init__(self, marks: Iterable[int] = ()) -> None:
        self.marks = np.unique(np.fromiter(marks, np.uint64))[:_KEPT]
        """uint64 (n,), lowest first."""

    def add(self, marks: np.ndarray) -> None:
        """Take in the `event_marks` of a log."""
        self.marks = np.union1d(self.marks, marks)[:_KEPT]

    def sample(self, marks: np.ndarray) -> tuple[int, int]:
        """How many different events of a log would have been kept had they been seen, and how many of those are."""
        own = np.unique(marks)
        if len(self.marks) == _KEPT:
            own = own[own <= self.marks[-1]]
        return len(own), int(np.isin(own, self.marks).sum())


def event_marks(entities: np.ndarray, times: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Hashes of events, equal for those of one entity, time and kind.

    Args:
        entities: uint64 (n,), hashes of their names.
        times: float64 (n,), POSIX seconds.
        codes: int64 (n,).

    Returns:
        uint64 (n,), even over the numbers.
    """
    mixed = _mixed(_mixed(entities ^ _mixed(times.view(np.uint64))) ^ codes.astype(np.uint64))
    return np.asarray(mixed, np.uint64)


def _mixed(values: np.ndarray) -> np.ndarray:
    first, second = _MULTIPLIERS
    values = (values ^ (values >> np.uint64(30))) * first
    values = (values ^ (values >> np.uint64(27))) * second
    return np.asarray(values ^ (values >> np.uint64(31)))
