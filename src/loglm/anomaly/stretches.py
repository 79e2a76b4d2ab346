"""Stretches of time that are no part of a baseline, because they were not ordinary: read, and left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from loglm.errors import InputError
from loglm.events.timestamps import parse_iso

__all__ = ["Stretch", "outside", "stretch_around"]

_MICRO: Final = 1_000_000
_UNITS: Final = (_MICRO, 1_000, 1)
"""Microseconds of a second, of a millisecond, and of what times are told apart by."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_S: Final = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


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

    def __str__(self) -> str:
        """As `read` takes it, to the microsecond where that is needed."""
        return "/".join(map(_iso, self))


def outside(times: np.ndarray, stretches: Iterable[Stretch]) -> np.ndarray:
    """Which events are in none of some stretches, bool (n,); ``times``: POSIX seconds, NaN for none, (n,)."""
    is_in = np.zeros(len(times), bool)
    for first, last in stretches:
        is_in |= (times >= first) & (times <= last)
    return ~is_in


def stretch_around(times: np.ndarray, first: float, last: float) -> Stretch | None:
    """The stretch to leave out so that all from one time to another is, and nothing else, as short to write as can be.

    It begins before it ends, unless there are other events within a microsecond on both sides.

    Args:
        times: Of all events, POSIX seconds, lowest first, (n,).
        first: Of the first event to leave out.
        last: Of the last one.

    Returns:
        None where a date cannot show the times.
    """
    if not 0 <= first <= last < _LAST_S:
        return None
    wanted = _within(times, first, last)
    around = [one for one in _around(first, last) if _within(times, *one) == wanted]
    return next((one for one in around if one.first < one.last), around[0] if around else None)


def _within(times: np.ndarray, first: float, last: float) -> tuple[int, int]:
    """The places of the first event that is not before a stretch, and of the first one after it."""
    return int(np.searchsorted(times, first, "left")), int(np.searchsorted(times, last, "right"))


def _around(first: float, last: float) -> Iterator[Stretch]:
    """Stretches that hold two times, in whole seconds, milliseconds and microseconds, each without and with room."""
    for unit in _UNITS:
        start, end = math.floor(first * _MICRO / unit), math.ceil(last * _MICRO / unit)
        for more in (0, 1):
            yield Stretch(max(0, start - more) * unit / _MICRO, (end + more) * unit / _MICRO)


def _iso(time: float) -> str:
    moment = _EPOCH + timedelta(microseconds=round(time * _MICRO))
    micro = moment.microsecond
    digits = "seconds" if not micro else "microseconds" if micro % 1_000 else "milliseconds"
    return moment.isoformat(timespec=digits).removesuffix("+00:00") + "Z"
