"""Points in time as reports print them: UTC, and nothing where a record's time is none or absurd."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["clock", "duration", "epoch_ms", "is_usable", "iso_utc", "span"]

_FIRST = datetime(1, 1, 1, tzinfo=UTC).timestamp()
_LAST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_usable(timestamp: float | None) -> bool:
    """Whether a date can show it: neither None nor NaN, nor before year 1 or after year 9999."""
    return timestamp is not None and _FIRST <= timestamp <= _LAST


def epoch_ms(timestamp: float | None) -> int | None:
    """Milliseconds since 1970 (OCSF's ``timestamp_t``); None where there is no time that a date can show."""
    return None if (moment := _moment(timestamp)) is None else round(moment.timestamp() * 1000)


def iso_utc(timestamp: float | None) -> str:
    """`epoch_ms` as ``2021-03-04T10:11:12Z``, with milliseconds where there are any; empty where there is none."""
    milliseconds = epoch_ms(timestamp)
    if milliseconds is None:
        return ""
    moment = _EPOCH + timedelta(milliseconds=milliseconds)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


def clock(timestamp: float | None) -> str:
    """``2021-03-04 10:11:12`` for people; empty where there is no usable time."""
    return "" if (moment := _moment(timestamp)) is None else moment.strftime("%Y-%m-%d %H:%M:%S")


def span(start: float | None, end: float | None) -> str:
    """A stretch of time for people, in UTC: the date is not said twice.

    >>> span(1614852672.0, 1614852842.5)
    '2021-03-04 10:11:12 – 10:14:02'
    """
    first, last = clock(start), clock(end)
    if not first or not last or first == last:
        return first or last
    return f"{first} – {last[11:] if first[:10] == last[:10] else last}"


def duration(seconds: float) -> str:
    """``0.3 s``, ``42 s``, ``3 min 20 s``, ``5 h 12 min``, ``3 d 4 h``."""
    if seconds < 10:
        return f"{max(seconds, 0.0):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _moment(timestamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp is not None and is_usable(timestamp) else None
