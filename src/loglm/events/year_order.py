"""The year of each date of one log, where dates are written without one: from the order in which they come.

Days are counted in years of 366, so that 29 February has its place in each and no year has to be known to say
how far two dates are from each other.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final

__all__ = ["UNSET", "YEAR_DAYS", "YearOrder", "day_in_year", "day_number"]

YEAR_DAYS: Final = 366
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BEFORE = tuple(sum(_MONTH_DAYS[:month]) for month in range(12))
_NEAR_DAYS: Final = 31
"""A date further from the one before it counts only once the next date is not back at the old place."""
_UNSET_DAYS: Final = 2
"""A date further than that, on a day that an unset clock shows, is no place in the log."""
UNSET: Final = (0, YEAR_DAYS - 1)
"""1 January, and 31 December where the zone is west of Greenwich: what a clock shows until it is set."""
_LEAP_DAY: Final = _BEFORE[1] + 28
"""29 February among the days of a year."""


def day_in_year(month: int, day: int) -> int | None:
    """0 for 1 January to 365 for 31 December, 29 February always counted; None for a day that no year has."""
    if not (1 <= month <= 12 and 1 <= day <= _MONTH_DAYS[month - 1]):
        return None
    return _BEFORE[month - 1] + day - 1


def day_number(seconds: float) -> int:
    """The day (UTC) of POSIX seconds, in years of 366 days from the year 0."""
    moment = time.gmtime(seconds)
    return YEAR_DAYS * moment.tm_year + _BEFORE[moment.tm_mon - 1] + moment.tm_mday - 1


@dataclass(slots=True)
class YearOrder:
    """Follows the dates of a log: each is in the year that puts it nearest to where the log is.

    So a fall from December to January is a new year, and lines out of order are not, up to half a year. One wrong
    date moves nothing, nor does a stretch of lines by an unset clock.
    """

    at: int
    """The day where the log is."""
    away: int | None = None
    """The day of the date before, where that was far from there."""
    newest: int = -1
    """The last day at which the log was; -1 before the first date."""
    leap_years: set[int] = field(default_factory=set)
    """Years in which the log has a 29 February."""

    def take(self, in_year: int) -> int:
        """The day of the next date, given by its `day_in_year`."""
        day = self._nearest(in_year)
        if self.away is not None and abs(day - self.at) > _NEAR_DAYS:
            self._move(self.away)
            day = self._nearest(in_year)
        self.away = None
        distance = abs(day - self.at)
        if in_year in UNSET and distance > _UNSET_DAYS:
            return day
        if distance <= _NEAR_DAYS:
            self._move(day)
        else:
            self.away = day
        return day

    def end(self) -> None:
        """The dates have come to their end: the last one counts, wherever it is."""
        if self.away is not None:
            self._move(self.away)
            self.away = None

    def _nearest(self, in_year: int) -> int:
        return in_year + YEAR_DAYS * ((self.at - in_year + YEAR_DAYS // 2) // YEAR_DAYS)

    def _move(self, day: int) -> None:
        self.at = day
        self.newest = max(self.newest, day)
        if day % YEAR_DAYS == _LEAP_DAY and len(self.leap_years) < 16:
            self.leap_years.add(day // YEAR_DAYS)
