"""Parsing the time forms of logs to POSIX seconds.

A time without a zone is read as UTC. A date without a year is in the latest one that puts it no later than tomorrow,
or, where `days_without_year` is set, where the order of the log's lines puts it. Moments before 1970 are None: in logs
they mark an unset value (``0001-01-01``, ``1601-01-01``). The common forms cost about a microsecond: days are cached,
clock times are looked up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache

__all__ = [
    "day_start",
    "days_without_year",
    "month_number",
    "parse_clf",
    "parse_epoch",
    "parse_iso",
    "parse_syslog_date",
    "parse_timestamp",
]

days_without_year: ContextVar[Callable[[int, int], float | None] | None] = ContextVar("days_without_year", default=None)
"""Gives the midnight (POSIX seconds) of month and day of the next date without a year; None of no such day."""

_LONGEST = 80
"""Characters; a longer text is no time."""
_EPOCH = datetime(1970, 1, 1)  # naive, as are the times it is taken from
_SMALLEST_EPOCH = 1e8
"""March 1973; smaller numbers are durations or counters."""
_FILETIME_OFFSET_S = 11_644_473_600
"""Seconds from 1601, where Windows counts from, to 1970."""

_TWO_DIGITS = {f"{n:02d}": n for n in range(60)}
_SECONDS = _TWO_DIGITS | {"60": 60}
_HOUR_SECONDS = {f"{n:02d}": 3600 * n for n in range(24)}
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_ZONE_HOURS = {
    **dict.fromkeys(("UTC", "GMT", "Z", "WET"), 0),
    **dict.fromkeys(("CET", "BST", "WEST"), 1),
    **dict.fromkeys(("CEST", "EET"), 2),
    **dict.fromkeys(("EEST", "MSK"), 3),
    "JST": 9,
    "EDT": -4,
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    "PST": -8,
}

_CLOCK = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,:](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = r"(?: ?(?P<zone>(?:GMT|UTC)?[+-]\d{2}:?\d{2}|[A-Z]{1,5}))?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_WEEKDAY = r"(?:[A-Za-z]{3,9},? {1,2})?"
_TEXT_FORMS = tuple(
    re.compile(form)
    for form in (
        # Feb  3 04:05:06 | Wed Feb  3 04:05:06 UTC 2021 | Feb 3, 2021 @ 04:05:06.123 | Feb 3, 2021 4:05:06 AM
        rf"{_WEEKDAY}(?P<month>[A-Za-z]{{3,9}})\.? {{1,2}}(?P<day>\d{{1,2}})(?:,? (?P<year>\d{{4}}))?(?:,| @| at)?[ :]"
        rf"{_CLOCK}{_ZONE}(?: (?P<late_year>\d{{4}})(?: (?P<late_zone>[+-]\d\d:?\d\d))?)?(?: \([^()]{{1,40}}\))?$",
        # 10/Oct/2000:13:55:36 -0700 | 03-Feb-2021 04:05:06 | Wed, 03 Feb 2021 04:05:06 GMT
        rf"{_WEEKDAY}(?P<day>\d{{1,2}})[ /-](?P<month>[A-Za-z]{{3,9}})[ /-]{_YEAR},?[ :T]{_CLOCK}{_ZONE}$",
        # 2/3/2021 4:05:06 AM (month first) | 03.02.2021 04:05 (day first)
        rf"(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<other>\d{{1,2}})[/.-]{_YEAR},?[ T:]{_CLOCK}{_ZONE}$",
        # 2021/2/3 | 2021/2/3 04:05:06 | 2021-02-03-04:05:06 | 2021-2-3 4:05:06 PM | 2021-02-03 04:05:06.123 +0100
        rf"(?P<year>\d{{4}})[/.-](?P<month_number>\d{{1,2}})[/.-](?P<day>\d{{1,2}})(?:[ T:_-]{_CLOCK}{_ZONE})?$",
    )
)
_NUMBER = re.compile(r"\d{9,20}(?:\.\d{1,12})?$")
_COMPACT = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$")


def parse_timestamp(value: object) -> float | None:
    """POSIX seconds of any value that stands in a time field: text in any known form, or an epoch number.

    Numbers are taken as seconds, milliseconds, microseconds, nanoseconds or Windows FILETIME by their size.
    None where it is no time.
    """
    if isinstance(value, str):
        if len(value) > 10 and value[4] == "-" and value[7] == "-":
            return parse_iso(value)
        return _parse_text(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return parse_epoch(value)
    if isinstance(value, dict):
        return _parse_object(value)
    if isinstance(value, datetime):
        return _seconds(value)
    return None


def parse_epoch(value: float) -> float | None:
    """POSIX seconds of an epoch number in s, ms, us, ns or Windows FILETIME; None below 1e8 and for NaN."""
    if value < 1e11:
        return float(value) if value >= _SMALLEST_EPOCH else None
    if value < 1e14:
        return _compact(str(int(value))) if 1.9e13 < value < 2.1e13 else value / 1e3
    if value < 1e17:
        return value / 1e6
    if value < 3e17:
        return value / 1e7 - _FILETIME_OFFSET_S
    return value / 1e9 if value < 1e19 else None


def parse_iso(text: str) -> float | None:
    """POSIX seconds of an ISO 8601 time with any offset and precision; None where it is none.

    Digits after the sixth of a second are dropped. A space for the ``T``, a comma before the fraction, a
    space before the offset and ``UTC`` at the end are accepted.
    """
    try:
        return _seconds(datetime.fromisoformat(text))
    except ValueError:
        return _parse_text(text)


def parse_syslog_date(text: str, *, year: int | None = None) -> float | None:
    """POSIX seconds of ``Feb  3 04:05:06`` (also with a fraction or a year); None where it is none.

    Args:
        text: The date alone.
        year: Year to read it in; None: see this module.
    """
    if len(text) == 15 and text[9] == ":" and text[12] == ":":
        month, in_month = _syslog_day(text[:6])
        day = _day_without_year(month, in_month) if year is None else day_start(year, month, in_month)
        try:
            return (
                None
                if day is None
                else day + _HOUR_SECONDS[text[7:9]] + 60 * _TWO_DIGITS[text[10:12]] + _SECONDS[text[13:]]
            )
        except KeyError:
            return None
    return _parse_named(text, year)


def parse_clf(text: str) -> float | None:
    """POSIX seconds of an access log's ``10/Oct/2000:13:55:36 -0700``, with or without its brackets."""
    if text[:1] == "[":
        text = text.strip("[]")
    if len(text) == 26 and text[11] == ":" and text[20] == " ":
        start = _clf_day(text[:11], text[21:])
        try:
            return (
                None
                if start is None
                else start + _HOUR_SECONDS[text[12:14]] + 60 * _TWO_DIGITS[text[15:17]] + _TWO_DIGITS[text[18:20]]
            )
        except KeyError:
            return None
    return _parse_named(text, None)


def _seconds(moment: datetime) -> float | None:
    seconds = (moment - _EPOCH).total_seconds() if moment.tzinfo is None else moment.timestamp()
    return seconds if seconds >= 0 else None


def _parse_object(value: dict[str, object]) -> float | None:
    """Times as objects: MongoDB's ``$date``, seconds and nanoseconds of protobuf and of Java."""
    if "$date" in value:
        inner = value["$date"]
        return parse_timestamp(inner.get("$numberLong") if isinstance(inner, dict) else inner)
    whole = next((value[key] for key in ("seconds", "epochSecond") if key in value), None)
    fraction = next((value[key] for key in ("nanos", "nanoOfSecond", "nano") if key in value), 0)
    seconds = parse_timestamp(whole) if isinstance(whole, int | str) else None
    return seconds + fraction / 1e9 if seconds is not None and isinstance(fraction, int) else seconds


def _parse_text(text: str) -> float | None:
    """Any text form, the rarer ones included."""
    text = text.strip(" \t\r\n[]\"'")
    if text[-4:] == " UTC" and text[-9:-8] in "+-":  # Go: 2022-02-10 11:51:33.5 +0000 UTC
        text = text[:-4]
    if len(text) > _LONGEST or len(text) < 8 or not text.isascii():
        return None
    if text.isdigit() or _NUMBER.match(text):
        return _compact(text) if len(text) == 14 and text.isdigit() else parse_epoch(float(text))
    if text[:4].isdigit() and (text[4:5] in "-/." or text[8:9] == "T"):
        try:
            return _seconds(datetime.fromisoformat(text.replace(" UTC", "Z").replace(" +", "+").replace("/", "-")))
        except ValueError:
            pass
    return _parse_named(text, None)


def _parse_named(text: str, year: int | None) -> float | None:
    """The forms that need a regular expression: month names, numeric dates, 12-hour clocks, zone names."""
    if len(text) > _LONGEST:
        return None
    for form in _TEXT_FORMS:
        found = form.match(text)
        if found:
            return _from_parts(found.groupdict(), year)
    return None


def _from_parts(parts: dict[str, str | None], year: int | None) -> float | None:
    month, day = _month_and_day(parts)
    written = parts.get("year") or parts.get("late_year")
    if written is not None:
        year = int(written) if len(written) == 4 else 2000 + int(written)
    start = _day_without_year(month, day) if year is None else day_start(year, month, day)
    clock = _clock(parts)
    offset = _offset(parts.get("zone") or parts.get("late_zone"))
    if start is None or clock is None or offset is None:
        return None
    seconds = start + clock - offset
    return seconds if seconds >= 0 else None


def _month_and_day(parts: dict[str, str | None]) -> tuple[int, int]:
    """Month and day; 0 for a month that has no such name. Slashes put the month first where that can be."""
    if parts.get("first"):
        first, other = int(parts["first"] or 0), int(parts["other"] or 0)
        day_first = parts["mark"] == "." or first > 12
        return (other, first) if day_first else (first, other)
    number = parts.get("month_number")
    month = int(number) if number else month_number(parts["month"] or "")
    return month, int(parts["day"] or 0)


def _clock(parts: dict[str, str | None]) -> float | None:
    """Seconds since midnight; None where the clock time does not exist."""
    if parts.get("hour") is None:
        return 0.0
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    half = parts["half"]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "pP" else 0)
    if hour > 23 or minute > 59 or second > 60:
        return None
    return 3600 * hour + 60 * minute + second + float(f"0.{parts['fraction'] or 0}")


def _offset(zone: str | None) -> float | None:
    """Seconds east of UTC; None for a name that is not known."""
    if zone is None:
        return 0
    if zone[-1].isdigit():
        digits = zone.removeprefix("GMT").removeprefix("UTC").replace(":", "")
        seconds = 3600 * int(digits[1:3]) + 60 * int(digits[3:])
        return -seconds if digits[0] == "-" else seconds
    hours = _ZONE_HOURS.get(zone)
    return None if hours is None else 3600 * hours


def _compact(digits: str) -> float | None:
    """``20210203040506``."""
    if not _COMPACT.match(digits):
        return None if not digits.isdigit() else int(digits) / 1e3
    start = day_start(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    if start is None:
        return None
    return start + 3600 * int(digits[8:10]) + 60 * int(digits[10:12]) + int(digits[12:])


def _today() -> int:
    """Days since 1970."""
    return int(time.time() // 86_400)


def month_number(name: str) -> int:
    """1 to 12 of a month's English name or its first three letters; 0 of others."""
    return _MONTHS.get(name[:3].lower(), 0)


def _day_without_year(month: int, day: int) -> float | None:
    in_order = days_without_year.get()
    return _latest_day(month, day, _today()) if in_order is None else in_order(month, day)


@lru_cache(maxsize=4096)
def day_start(year: int, month: int, day: int) -> float | None:
    """POSIX seconds of a day's midnight (UTC); None for a day that does not exist."""
    try:
        return datetime(year, month, day, tzinfo=UTC).timestamp()
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _latest_day(month: int, day: int, today: int) -> float | None:
    """The latest such day up to tomorrow; ``today`` in days since 1970. Looks back far enough for 29 February."""
    this_year = datetime.fromtimestamp((today + 1) * 86_400, UTC).year
    for year in range(this_year, this_year - 9, -1):
        start = day_start(year, month, day)
        if start is not None and start <= (today + 1) * 86_400:
            return start
    return None


@lru_cache(maxsize=1024)
def _syslog_day(text: str) -> tuple[int, int]:
    """Month and day of ``Feb  3``; zeros where it is none."""
    month = _MONTHS.get(text[:3].lower(), 0)
    day = text[4:].strip()
    is_day = text[3] == " " and day.isascii() and day.isdigit()
    return (month, int(day)) if is_day else (0, 0)


@lru_cache(maxsize=1024)
def _clf_day(text: str, zone: str) -> float | None:
    """Midnight of ``10/Oct/2000`` in a zone such as ``-0700``."""
    found = re.match(r"(\d\d)/([A-Za-z]{3})/(\d{4})$", text)
    if found is None or not re.match(r"[+-]\d{4}$", zone):
        return None
    start = day_start(int(found[3]), _MONTHS.get(found[2].lower(), 0), int(found[1]))
    return None if start is None else start - (_offset(zone) or 0)
