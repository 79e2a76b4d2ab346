"""Times of syslog lines, whose classic form has no year."""

from __future__ import annotations

import time

from loglm.events.timestamps import parse_syslog_date

__all__ = ["SyslogClock"]

_DAY_S = 86_400
_MOST_DAYS = 4096
_HOURS = {f"{number:02d}": number for number in range(24)}
_SIXTY = {f"{number:02d}": number for number in range(61)}


class SyslogClock:
    """Reads the dates of one file, each day's midnight only once.

    A date without a year is put in the latest year that does not take it more than a day past the reference.
    """

    def __init__(self, reference: float | None = None) -> None:
        """
        Args:
            reference: When the file was last written to, POSIX seconds; None: now.
        """
        self._latest = (time.time() if reference is None else reference) + _DAY_S
        self._days: dict[str, float | None] = {}

    def parse(self, text: str) -> float | None:
        """POSIX seconds (UTC) of ``Oct 11 22:14:15``, also with a year or a fraction; None where it is no time."""
        if len(text) != 15:
            return self._in_latest_year(text)
        try:
            day = self._days[text[:6]]
        except KeyError:
            day = self._midnight(text[:6])
        if day is None:
            return None
        try:
            return day + 3600 * _HOURS[text[7:9]] + 60 * _SIXTY[text[10:12]] + _SIXTY[text[13:15]]
        except KeyError:
            return None

    def _midnight(self, day: str) -> float | None:
        if len(self._days) >= _MOST_DAYS:
            self._days.clear()
        start = self._days[day] = self._in_latest_year(f"{day} 00:00:00")
        return start

    def _in_latest_year(self, text: str) -> float | None:
        latest_year = time.gmtime(self._latest).tm_year
        for year in range(latest_year, latest_year - 9, -1):
            seconds = parse_syslog_date(text, year=year)
            if seconds is not None and seconds <= self._latest:
                return seconds
        return None
