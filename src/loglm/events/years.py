"""Years for the dates of a log that are written without one, such as ``Feb  3 04:05:06``.

Within a log the year follows from the order of its lines (`loglm.events.year_order`). Which years these are follows
from where it ends: they are the latest ones in which its newest date is not after the day past that on which the file
was written. The dates of a file are looked at before the first of them is read, at 256 places in a file of over a
mebibyte, so that a part of it, and what came to it since it was read last, have the same years as the whole.
"""

from __future__ import annotations

import os
import re
import stat
import time
from calendar import isleap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from loglm.events.decompression import IO_ERRORS
from loglm.events.lines import text_encoding
from loglm.events.opening import STDIN_NAME, open_path
from loglm.events.problems import Problems
from loglm.events.source import HEAD_BYTES, Source
from loglm.events.timestamps import day_start, month_number
from loglm.events.year_order import UNSET, YEAR_DAYS, YearOrder, day_in_year, day_number

__all__ = ["LogYears"]

_DAY_S: Final = 86_400
_OLDEST_S: Final = 631_152_000
"""1990; a file said to have been written before was packed without its time."""
_WHOLE_BYTES: Final = 1 << 20
"""All dates of a file up to this size are looked at."""
_PLACES: Final = 256
_BLOCK_BYTES: Final = 4_096
_PACKED_EVERY_BYTES: Final = 1 << 16
"""Of a packed file, of unknown size, a block is looked at each so many bytes."""
_END_BYTES: Final = 65_536
"""Looked at before the end of a file, whose last line may be long."""
_MOST_YEARS_BACK: Final = 9
"""From 1904 there is a leap year within eight years."""
_DATE = re.compile(
    rb"""(?mx) ^(?:[^\n]{0,64}?[^\w/.:\n-])??
        (?: ([A-Z][a-z]{2})\ {1,2}(\d{1,2}) | (\d{1,2})\ ([A-Z][a-z]{2}) | (\d\d)-(\d\d) ) \ \d\d:\d\d:\d\d
        (?![\d.,]*\ (?:[A-Z]{3,4}\ )?\d{4}(?:[\s:\]]|$))"""
)
"""The first date without a year near the start of a line."""

_Block = tuple[int, bytes]
"""At what byte of the log whole lines begin, and these."""
_Date = tuple[int, int]
"""At what byte of the log the line of a date begins, and the date's day in the year."""


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a look over a log tells before it is read."""

    at: int
    """The day where reading begins."""
    latest: int | None
    """The day that no line is after; None where the end of the log is not known."""


class LogYears:
    """Gives the dates of one log their years, in the order in which they are read.

    Of a stream, and of a member of an archive, only the first 64 KiB are known beforehand: these lie in the past, and
    what follows goes on from there, be it into the future.

    Args:
        source: The log; it is looked at with the first date.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._order: YearOrder | None = None
        self._latest: int | None = None
        self._is_set = False
        self._day: tuple[int, int] | None = None
        self._start: float | None = None

    def midnight(self, month: int, day: int) -> float | None:
        """POSIX seconds (UTC) at which the day of the next date begins; None for a day that no year has.

        29 February of a year without one is the day after the 28th.
        """
        if (month, day) == self._day:
            return self._start
        in_year = day_in_year(month, day)
        if in_year is None:
            return None
        self._day, self._start = (month, day), self._midnight(in_year, month, day)
        return self._start

    def _midnight(self, in_year: int, month: int, day: int) -> float | None:
        order = self._begun(in_year)
        number = order.take(in_year)
        if number > self._last_day(order, number):
            number -= YEAR_DAYS
        start = day_start(number // YEAR_DAYS, month, day)
        return day_start(number // YEAR_DAYS, 3, 1) if start is None else start

    def _begun(self, in_year: int) -> YearOrder:
        """The order of the log, which begins with its first date, and in a stream anew when its clock is set."""
        if self._order is None or not (self._is_set or in_year in UNSET):
            survey = None if self._order else _survey(self._source)
            survey = survey or _survey_of((0, in_year), (), self._source, is_whole=False)
            self._order, self._latest = YearOrder(survey.at), survey.latest
            self._is_set = survey.latest is not None or survey.at % YEAR_DAYS not in UNSET
        return self._order

    def _last_day(self, order: YearOrder, number: int) -> int:
        """The last day that a date can be on: where the log is, or before its end; in a stream, any but for those of
        an unset clock."""
        if number in (order.at, order.away) and self._latest is None:
            return number
        return max(order.at, _latest_day(self._source) if self._latest is None else self._latest)


def _survey(source: Source) -> _Survey | None:
    """None where there is no date without a year in what can be looked at."""
    blocks, is_whole = _blocks(source)
    dates = _from_first_set(_dates(blocks))
    first = next(dates, None)
    return None if first is None else _survey_of(first, dates, source, is_whole=is_whole)


def _survey_of(first: _Date, others: Iterable[_Date], source: Source, *, is_whole: bool) -> _Survey:
    order = YearOrder(first[1])
    at: int | None = None
    for place, in_year in chain([first], others):
        if at is None and place >= source.part.start:
            at = order.at
        order.take(in_year)
    order.end()
    latest = _latest_day(source)
    years = _years_to(latest, order)
    return _Survey((order.at if at is None else at) + YEAR_DAYS * years, latest if is_whole else None)


def _years_to(latest: int, order: YearOrder) -> int:
    """By how many years a log is to be moved to be the latest that ends by a day, its 29 February in leap years."""
    most = (latest - order.newest) // YEAR_DAYS
    for years in range(most, most - _MOST_YEARS_BACK, -1):
        if all(isleap(year + years) for year in order.leap_years):
            return years
    return most


def _from_first_set(dates: Iterator[_Date]) -> Iterator[_Date]:
    """Without those at the start that a clock shows until it is set, where others follow."""
    before: list[_Date] = []
    for date in dates:
        if date[1] in UNSET:
            before = before or [date]
            continue
        yield date
        yield from dates
        return
    yield from before


def _dates(blocks: Iterator[_Block]) -> Iterator[_Date]:
    """Each date that is not as the one before."""
    last = None
    for begin, block in blocks:
        for found in _DATE.finditer(block.replace(b"\r", b"\n")):
            named, day, day_first, named_last, number, numbered = found.groups()
            month = int(number) if number else month_number((named or named_last).decode())
            in_year = day_in_year(month, int(day or day_first or numbered))
            if in_year is not None and in_year != last:
                last = in_year
                yield begin + found.start(), in_year


def _blocks(source: Source) -> tuple[Iterator[_Block], bool]:
    """What is looked at of a log, in its order, and whether the log's end is."""
    encoding = text_encoding(source.head)
    is_short = len(source.head) < HEAD_BYTES and source.path != STDIN_NAME
    if encoding != "utf-8":
        return iter([(0, source.head.decode(encoding, errors="replace").encode())]), is_short
    if source.file is not None:
        return _file_blocks(source.file), True
    if not is_short and _is_packed_file(source):
        return _packed_blocks(source.path), True
    return iter([(0, source.head if is_short else _whole_lines(source.head))]), is_short


def _file_blocks(path: Path) -> Iterator[_Block]:
    with suppress(OSError), path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= _WHOLE_BYTES:
            yield 0, file.read(_WHOLE_BYTES)
            return
        end = size - _END_BYTES
        for number in range(_PLACES):
            begin = number * end // _PLACES
            file.seek(begin)
            yield _trimmed(begin, file.read(_BLOCK_BYTES))
        file.seek(end)
        begin, block = end, file.read(_END_BYTES)
        start = block.find(b"\n") + 1
        yield begin + start, block[start:]


def _packed_blocks(path: str) -> Iterator[_Block]:
    """Unpacks the file once more."""
    with suppress(*IO_ERRORS):
        for source in open_path(path, Problems()):
            begin, last = 0, b""
            while data := source.stream.read(_PACKED_EVERY_BYTES):
                yield _trimmed(begin, data[:_BLOCK_BYTES])
                begin, last = begin + len(data), data
            yield _trimmed(max(1, begin - len(last)), last)


def _is_packed_file(source: Source) -> bool:
    """Whether a file on disk is this log packed, and nothing else."""
    try:
        return "!" not in source.path and stat.S_ISREG(Path(source.path).stat().st_mode)
    except (OSError, ValueError):
        return False


def _trimmed(begin: int, block: bytes) -> _Block:
    """Without the lines that are cut at the start and the end."""
    start = block.find(b"\n") + 1 if begin else 0
    return begin + start, _whole_lines(block[start:])


def _whole_lines(block: bytes) -> bytes:
    return block[: block.rfind(b"\n") + 1]


def _latest_day(source: Source) -> int:
    """The day behind that on which the file on disk was written last; behind today where there is none."""
    now = time.time()
    paths = () if source.path == STDIN_NAME else (source.path, source.path.partition("!")[0])
    for path in paths:
        with suppress(OSError, ValueError):
            written = Path(path).stat().st_mtime
            return day_number((written if _OLDEST_S <= written <= now else now) + _DAY_S)
    return day_number(now + _DAY_S)
