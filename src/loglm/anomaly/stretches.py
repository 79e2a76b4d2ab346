"""Stretches of time that are no part of a baseline, because they were not ordinary: read, and left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from loglm.errors import InputError
from loglm.events.timestamps import parse_iso

__all__ = ["Stretch", "outside"]


class Stretch(NamedTuple):
    """A stretch of time, both ends of it included."""

    first: float
    """POSIX seconds, UTC."""
    last: float

    @classmethod
    def read(cls, text: str) -> Stretch:
        """Of an ISO 8601 interval, ``2026-03-19T10:00:00Z/2026-03-19T11:30:00Z``; UTC where no offset is given.

        Raises:
            InputError: It is none, or ends before it begins.
        """
        first, _, last = (part.strip() for part in text.partition("/"))
        ends = parse_iso(first), parse_iso(last)
        if ends[0] is None or ends[1] is None or ends[1] < ends[0]:
            raise InputError(
                f"{text!r} is no stretch of time; expected its beginning and its end, such as "
                "2026-03-19T10:00:00Z/2026-03-19T11:30:00Z"
            )
        return cls(ends[0], ends[1])


def outside(times: np.ndarray, stretches: Iterable[Stretch]) -> np.ndarray:
    """Which events are in none of some stretches, bool (n,); ``times``: POSIX seconds, NaN for none, (n,)."""
    is_in = np.zeros(len(times), bool)
    for first, last in stretches:
        is_in |= (times >= first) & (times <= last)
    return ~is_in
