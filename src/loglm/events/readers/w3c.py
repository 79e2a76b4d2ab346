"""Logs with a ``#Fields:`` line: IIS, HTTP.sys, CloudFront, the Windows firewall, Exchange, proxies."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lines import decode_line, iter_lines, text_encoding
from loglm.events.mappers.generic import address_of
from loglm.events.parts import HEADED_LINES, LineLayout, line_parts
from loglm.events.problems import Problems, quoted
from loglm.events.source import Part, Source
from loglm.events.timestamps import parse_timestamp
from loglm.plurals import plural

__all__ = ["W3cReader"]

_HEADER = re.compile(r"(?:(?:#[^\r\n]{0,2048}|[ \t]{0,64})\r?\n){0,24}?#Fields:[ \t]").match
_TOKEN = re.compile(r'"([^"]*)"|(\S+)')
_TIMES: Final = ("date-time", "timestamp", "datetime", "x-timestamp", "gmttime", "localtime")
_ACTIONS: Final = ("cs-method", "action", "event-id", "x-edge-result-type", "operation", "x-event")
_HOSTS: Final = ("s-computername", "server-hostname", "s-hostname", "computer")
_SOURCES: Final = ("c-ip", "src-ip", "client-ip", "original-client-ip", "x-forwarded-for", "cs-ip")
_DESTINATIONS: Final = ("s-ip", "dst-ip", "server-ip", "r-ip", "original-server-ip")
_USERS: Final = ("cs-username", "user", "sender-address", "cs-userdn")
_PRODUCTS: Final = (
    # text in the #Software line or a field's name, and the log source it stands for
    ("internet information services", LogSource("iis", "access", "webserver")),
    ("http api", LogSource("iis", "httperr", "webserver")),
    ("windows firewall", LogSource("windows", "firewall", "firewall")),
    ("microsoft exchange", LogSource("exchange", "messagetracking")),
    ("sgos", LogSource("bluecoat", "proxy", "proxy")),
    ("x-edge-location", LogSource("aws", "cloudfront", "webserver")),
    ("s-computername", LogSource("iis", "access", "webserver")),
    ("s-sitename", LogSource("iis", "access", "webserver")),
    ("x-bluecoat", LogSource("bluecoat", "proxy", "proxy")),
    ("cs-uri-stem", LogSource("unknown", "w3c", "webserver")),
    ("cs-uri", LogSource("unknown", "w3c", "webserver")),
)
_OTHER: Final = LogSource("unknown", "w3c")


class W3cReader:
    """Reads the W3C extended log format and its relatives; the ``#Fields:`` line may change within a file.

    Source: https://www.w3.org/TR/WD-logfile.html
    """

    name = "w3c"

    def sniff(self, source: Source) -> float:
        """Nearly beyond doubt where a ``#Fields:`` line stands at the top, after other comments at most."""
        text = source.head.removeprefix(codecs.BOM_UTF8).decode(text_encoding(source.head), errors="replace")
        return 0.98 if _HEADER(text.lstrip("\ufeff")) else 0.0

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield one event a line; lines before a header or of another width are rejected as ``wrong-columns``."""
        header = _Header()
        for comment in source.part.header:
            header.take(decode_line(comment))
        path = source.path
        for number, line in iter_lines(source, problems):
            if line[0] == "#":
                header.take(line)
                continue
            table = header.table
            event = None if table is None else table.event(line, SourceLocation(path, number))
            if event is None:
                columns = "a #Fields line first" if table is None else plural(len(table.names), "column")
                problems.reject("wrong-columns", f"expected {columns}; got {quoted(line)}", source.at(number))
            else:
                yield event

    def layout(self, _: Source) -> LineLayout:
        return HEADED_LINES

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        return line_parts(source, size_bytes, HEADED_LINES)


@dataclass(slots=True)
class _Header:
    """The header lines read so far."""

    software: str = ""
    date: str = ""
    table: _Table | None = None
    """How the lines after them become events."""

    def take(self, line: str) -> None:
        """Take in a ``#`` line."""
        if line.startswith("#Fields:"):
            self.table = _Table(line[8:].strip(), self.software, self.date)
        elif line.startswith("#Software:"):
            self.software = line[10:].strip().lower()[:256]
        elif line.startswith("#Date:"):
            self.date = line[6:].strip().partition(" ")[0]


class _Table:
    """How the lines under one ``#Fields:`` line become events."""

    def __init__(self, fields: str, software: str, date: str) -> None:
        separator = "," if "," in fields and " " not in fields.strip() else "\t" if "\t" in fields else " "
        self.names = fields.split() if separator == " " else [name.strip() for name in fields.split(separator)]
        self._split = _splitter(separator, len(self.names))
        lowered = f"{software} {fields.lower()}"
        self._source = next((source for mark, source in _PRODUCTS if mark in lowered), _OTHER)
        keys = {name.lower(): name for name in self.names}
        self._date = keys.get("date", keys.get("date-local"))
        self._clock = keys.get("time", keys.get("time-local"))
        self._day = date  # of the header, for lines that say only the time of day
        self._time = next((keys[name] for name in _TIMES if name in keys), self._date)
        self._action, self._host, self._user, self._from, self._to = (
            [keys[name] for name in names if name in keys]
            for names in (_ACTIONS, _HOSTS, _USERS, _SOURCES, _DESTINATIONS)
        )

    def event(self, line: str, location: SourceLocation) -> LogEvent | None:
        """The event of a data line; None where it has fewer than half of the columns or twice as many."""
        values = self._split(line)
        width = len(self.names)
        if len(values) * 2 < width or len(values) > 2 * width + 8:
            return None
        record: dict[str, Any] = {}
        for name, value in zip(self.names, values, strict=False):
            if value != "-" and value:
                record[name] = int(value) if value.isdecimal() and len(value) < 16 and value.isascii() else value
        if len(values) > width:
            record["_extra"] = values[width:]
        return LogEvent(
            raw=line,
            location=location,
            log_source=self._source,
            attributes=record,
            timestamp=self._timestamp(record),
            action=_first(record, self._action),
            host=_first(record, self._host),
            user=_first(record, self._user),
            source_address=address_of(_first(record, self._from)),
            destination_address=address_of(_first(record, self._to)),
        )

    def _timestamp(self, record: dict[str, Any]) -> float | None:
        if self._clock is not None:
            day = self._day if self._date is None else record.get(self._date)
            return parse_timestamp(f"{day} {record.get(self._clock)}")
        return None if self._time is None else parse_timestamp(record.get(self._time))


def _first(record: dict[str, Any], names: list[str]) -> str | None:
    for name in names:
        value = record.get(name)
        if value is not None:
            return str(value)
    return None


def _comma_values(line: str) -> list[str]:
    """Values of a line as in CSV; none where it holds a carriage return or an endless value."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return []


def _splitter(separator: str, width: int) -> Callable[[str], list[str]]:
    """What splits a data line: blanks with quoted values, commas as in CSV, or tabs."""
    if separator == ",":
        return _comma_values
    if separator == "\t":
        return lambda line: line.split("\t")

    def split(line: str) -> list[str]:
        values = line.split("\t") if "\t" in line and line.count("\t") + 1 >= width else line.split(" ")
        if len(values) == width and '"' not in line:
            return values
        return [quoted or plain for quoted, plain in _TOKEN.findall(line)]

    return split
