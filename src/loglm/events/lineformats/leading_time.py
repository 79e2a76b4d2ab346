"""The time that a line begins with, or has near its start, in any of the forms that applications write."""

from __future__ import annotations

import re

from loglm.events.timestamps import parse_iso, parse_timestamp

__all__ = ["full_time", "leading_time", "time_near_start"]

_CLOCK = r"\d{1,2}:\d\d:\d\d(?:[.,:]\d{1,9})?"
_NAMES = "UTC|GMT|CET|CEST|EET|EEST|WET|WEST|BST|MSK|EST|EDT|CST|CDT|MST|MDT|PST|PDT|JST"
_ZONE = rf"(?:Z| ?[+-]\d\d:?\d\d| ?(?:{_NAMES})(?![A-Za-z]))?"
_ISO = re.compile(rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?:[T ]{{1,2}}|, | @ ){_CLOCK}{_ZONE}")
_NAMED = re.compile(
    rf"(?:[A-Z][a-z]{{2}},? )?(?:\d{{1,2}}[ /-][A-Z][a-z]{{2}}[ /-]\d{{4}}[ :]{_CLOCK}{_ZONE}"
    rf"|[A-Z][a-z]{{2}} {{1,2}}\d{{1,2}},? (?:\d{{4}},? )?{_CLOCK}{_ZONE}(?: [AP]M)?(?: \d{{4}}(?: [+-]\d\d:?\d\d)?)?)"
)
_SHORT = re.compile(r"(\d\d)[-/]?(\d\d)[-/]?(\d\d) (\d\d):?(\d\d):?(\d\d)(?![\d:])")
_YEAR_FIRST = re.compile(rf"(\d{{4}}) ([A-Z][a-z]{{2}} {{1,2}}\d{{1,2}}) ({_CLOCK}{_ZONE})")
_COLUMNS = re.compile(r"\d{1,5},(\d\d/\d\d/\d\d),(\d\d:\d\d:\d\d)(?=,)")
_DASHED = re.compile(rf"([A-Z][a-z]{{2}})-(\d\d)-(\d\d) ({_CLOCK})")
_NO_YEAR = re.compile(rf"(\d\d)-(\d\d) ({_CLOCK})(?= )")
_REDIS = re.compile(rf"(?:\d{{1,10}}(?:\]|:[A-Z]) )?(\d\d) ([A-Z][a-z]{{2}}) (\d{{4}} )?({_CLOCK})")
_REORDERED = (
    (_YEAR_FIRST, "{1}, {0} {2}"),  # Cisco NX-OS: 2023 Jan 11 18:43:54 CET
    (_REDIS, "{1} {0}, {2}{3}"),  # 4961:M 30 May 2023 12:50:13.457
    (_COLUMNS, "{0} {1}"),  # Windows' DHCP server: 00,04/19/20,12:43:06
)
_EPOCH = re.compile(r"1\d{9}(?:\.\d{1,9}|\d{3})?(?=[\s|,;:\]]|$)")
_NUMERIC = re.compile(rf"\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{4}}(?:,? |:){_CLOCK}(?: [AP]M)?{_ZONE}")
_NEAR = re.compile(
    rf"(?<!\d)(?:\d{{4}}-\d\d-\d\d[T ]{_CLOCK}{_ZONE}|\d{{1,2}}/[A-Z][a-z]{{2}}/\d{{4}}[: ]{_CLOCK}(?: [+-]\d{{4}})?)"
)
_FULL = re.compile(rf"(?:CISE_\w{{1,64}} )?(?:\d{{1,12}} |- ){{0,4}}(\d{{4}}-\d\d-\d\d[T ]{_CLOCK}{_ZONE})")
_NEAR_START = 160
_OPENING = re.compile(r"(?:<\d{1,3}>|- )?[\[\"'(]?")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_LONGEST = 64


def leading_time(text: str) -> tuple[float | None, int]:
    """(POSIX seconds, where the rest begins); (None, 0) where the text begins with no time.

    A syslog priority, a dash, an opening bracket or quote in front of the time are passed over, as is what closes them.
    """
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    first = text[start : start + 1]
    if first.isdecimal():
        seconds, end = _numeric(text, start)
    elif first.isupper():
        found = _NAMED.match(text, start, start + _LONGEST)
        dashed = None if found else _DASHED.match(text, start, start + _LONGEST)
        seconds, end = _of(found)
        if dashed:  # Jul-31-16 06:45:59
            seconds, end = parse_timestamp("{1}-{0}-20{2} {3}".format(*dashed.groups())), dashed.end()
    else:
        return None, 0
    if end == 0:
        return None, 0
    return seconds, _after(text, end)


def time_near_start(text: str) -> float | None:
    """POSIX seconds of the first full date and time within the first 160 characters; None where there is none."""
    found = _NEAR.search(text, 0, _NEAR_START)
    return parse_timestamp(found.group()) if found else None


def full_time(message: str) -> float | None:
    """POSIX seconds of the date and time that a syslog message begins with, counters passed over; else None."""
    found = _FULL.match(message)
    return parse_iso(found[1]) if found else None


def _numeric(text: str, start: int) -> tuple[float | None, int]:
    stop = start + _LONGEST
    found = _ISO.match(text, start, stop)
    if found:
        written = found.group()
        return (parse_iso(written) if written[4] == "-" else parse_timestamp(written)), found.end()
    for pattern in (_NAMED, _NUMERIC, _EPOCH):
        found = pattern.match(text, start, stop)
        if found:
            return _of(found)
    found = _SHORT.match(text, start, stop)
    if found:
        year, *rest = found.groups()
        return parse_iso("20{}-{}-{}T{}:{}:{}".format(year, *rest)), found.end()
    for pattern, order in _REORDERED:
        found = pattern.match(text, start, stop)
        if found:
            return parse_timestamp(order.format(*found.groups(""))), found.end()
    found = _NO_YEAR.match(text, start, stop)
    return (None, 0) if found is None else (_yearless(int(found[1]), found[2], found[3]), found.end())


def _yearless(month: int, day: str, clock: str) -> float | None:
    """POSIX seconds of ``03-17 16:13:38.811``, as Android writes it, in the latest year that is not ahead."""
    return parse_timestamp(f"{_MONTHS[month - 1]} {day} {clock}") if 1 <= month <= 12 else None


def _of(found: re.Match[str] | None) -> tuple[float | None, int]:
    return (None, 0) if found is None else (parse_timestamp(found.group()), found.end())


def _after(text: str, end: int) -> int:
    """Past the closing bracket, separators and spaces, three at most of each."""
    for marks in ("]\"')", ":,|-;", " \t"):
        stop = end + 3
        while end < stop and text[end : end + 1] and text[end] in marks:
            end += 1
    return end
