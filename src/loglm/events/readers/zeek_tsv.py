"""Zeek's tab-separated logs, also with label columns and with timestamps that were masked for publication."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lines import decode_line, iter_lines
from loglm.events.mappers.zeek import LATEST, action_field, zeek_source
from loglm.events.parts import HEADED_LINES, LineLayout, line_parts
from loglm.events.problems import Problems, quoted
from loglm.events.source import Part, Source
from loglm.plurals import plural

__all__ = ["ZeekTsvReader"]

_HEADER = re.compile(rb"(?:#[^\r\n]{0,512}\r?\n){0,8}?#(?:separator |fields[\t ,|])").match
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_SPACES = re.compile(r" {3,}")
"""What stands between columns that were added behind the last tab-separated one."""
_EXTRA: Final = "_extra"
_ADDRESS_COLUMNS: Final = (
    ("id.orig_h", "id.resp_h"),
    ("client_addr", "server_addr"),
    ("tx_hosts", "rx_hosts"),
    ("src", "dst"),
    ("host", ""),
)
_USER_COLUMNS: Final = {
    "ftp": "user", "socks": "user", "radius": "username", "ntlm": "username", "http": "username",
    "kerberos": "client", "rdp": "cookie", "mysql": "user",
}  # fmt: skip


class ZeekTsvReader:
    """Reads files that begin with ``#separator`` or ``#fields``; a header may come again later in the file.

    Attributes have the types of the header: numbers, booleans, lists for sets and vectors. Unset fields are left out;
    ``(empty)`` is an empty text or list.
    """

    name = "zeek-tsv"

    def sniff(self, source: Source) -> float:
        """Beyond doubt where a header stands at the top, after other comments at most."""
        return 1.0 if _HEADER(source.head.removeprefix(codecs.BOM_UTF8)) else 0.0

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield one event a line; lines before a header or of another width are rejected as ``wrong-columns``."""
        header = _Header()
        table: _Table | None = None
        for comment in source.part.header:
            if header.take(decode_line(comment)):
                table = _Table(header)
        path = source.path
        for number, line in iter_lines(source, problems):
            if line[0] == "#":
                if header.take(line):
                    table = _Table(header)
                continue
            event = None if table is None else table.event(line, SourceLocation(path, number))
            if event is None:
                columns = "a #fields line first" if table is None else plural(len(table.names), "column")
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

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = "unknown"
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def take(self, line: str) -> bool:
        """Take in a ``#`` line; True where it changes how the lines after it are read."""
        if line.startswith("#separator"):
            self.separator = _unescaped(line[10:].strip()).replace("\\t", "\t")[:8] or "\t"
            return False
        word, _, rest = line[1:].partition(self.separator)
        if word == "fields":
            self.names, self.types = _split_columns(rest, self.separator), []
        elif word == "types":
            self.types = _split_columns(rest, self.separator)
        elif word == "path":
            self.path = rest.strip()[:64] or "unknown"
        elif word in ("set_separator", "empty_field", "unset_field"):
            setattr(
                self, {"set_separator": "set_separator", "empty_field": "empty", "unset_field": "unset"}[word], rest
            )
        else:
            return False
        return bool(self.names)


class _Table:
    """How the lines under one header become events."""

    def __init__(self, header: _Header) -> None:
        self.names = header.names
        self._separator = header.separator
        self._unset = header.unset
        types = [*header.types, *["string"] * (len(header.names) - len(header.types))]
        self._columns = [(name, _converter(kind, header)) for name, kind in zip(header.names, types, strict=False)]
        self._source: LogSource = zeek_source(header.path)
        self._path = header.path
        self._action = action_field(header.path)
        self._user = _USER_COLUMNS.get(header.path, "")
        self._session = next((name for name in ("uid", "uids", "conn_uids") if name in header.names), "uid")
        self._addresses = next((pair for pair in _ADDRESS_COLUMNS if pair[0] in header.names), _ADDRESS_COLUMNS[0])

    def event(self, line: str, location: SourceLocation) -> LogEvent | None:
        """The event of a data line; None where its number of columns is not the header's."""
        values = line.split(self._separator)
        columns = self._columns
        if len(values) != len(columns):
            fitted = self._fitted(values)
            if fitted is None:
                return None
            values = fitted
        unset = self._unset
        escaped = "\\x" in line
        record: dict[str, Any] = {}
        for (name, convert), value in zip(columns, values, strict=False):
            if value != unset:
                if escaped and "\\x" in value:
                    value = _unescaped(value)
                record[name] = value if convert is None else convert(value)
        if len(values) > len(columns):
            record[_EXTRA] = values[len(columns) :]
        seconds = record.get("ts")
        source, destination = self._addresses
        session = _single(record.get(self._session))
        if session is not None and not session.strip("X"):  # masked for publication
            session = None
        return LogEvent(
            raw=line,
            location=location,
            log_source=self._source,
            attributes=record,
            timestamp=seconds if seconds.__class__ is float and 0 <= seconds < LATEST else None,
            action=_single(record.get(self._action)) or self._path,
            user=_single(record.get(self._user)),
            source_address=_single(record.get(source)),
            destination_address=_single(record.get(destination)),
            session=session,
        )

    def _fitted(self, values: list[str]) -> list[str] | None:
        """The values of a line whose tabs give another number than the header has columns."""
        width = len(self._columns)
        if len(values) < width and values:
            values = [*values[:-1], *_SPACES.split(values[-1].strip())]
        while len(values) > width and not values[-1].strip():
            values.pop()
        return values if width * 2 <= len(values) * 3 and len(values) <= 2 * width + 8 else None


def _split_columns(text: str, separator: str) -> list[str]:
    """Column names or types; the last one may hold further ones, three spaces apart."""
    columns = text.rstrip(separator).split(separator)
    return [*columns[:-1], *_SPACES.split(columns[-1].strip())]


def _unescaped(text: str) -> str:
    """Text with ``\\x09`` and the like as the characters they stand for; sequences of UTF-8 bytes as one."""
    raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if int(found[1], 16) < 128 else found[0], text)
    if "\\x" not in raw:
        return raw
    return re.sub(r"(?:\\x[89a-fA-F][0-9a-fA-F])+", _utf8_sequence, raw)


def _utf8_sequence(found: re.Match[str]) -> str:
    octets = bytes.fromhex(found[0].replace("\\x", ""))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return found[0]


def _single(value: Any) -> str | None:
    if value.__class__ is str:
        return value or None
    return _single(value[0]) if value.__class__ is list and value else None


def _converter(kind: str, header: _Header) -> Callable[[str], Any] | None:
    """What makes a column's values of its type; None for text that needs nothing."""
    inner = re.match(r"(?:set|vector|table)\[([a-z]+)\]$", kind)
    if inner:
        return partial(_to_list, _SCALARS.get(inner[1]), header.set_separator, header.empty, header.unset)
    if kind in _SCALARS:
        return _SCALARS[kind]
    return partial(_to_text, header.empty)


def _to_text(empty: str, value: str) -> str:
    return "" if value == empty else value


def _to_list(convert: Callable[[str], Any] | None, separator: str, empty: str, unset: str, value: str) -> list[Any]:
    if value == empty:
        return []
    items = value.split(separator)
    if convert is None:
        return items
    return [None if item == unset else convert(item) for item in items]


def _to_int(value: str) -> int | str:
    try:
        return int(value) if len(value) < 20 else value
    except ValueError:
        return value


def _to_float(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _to_bool(value: str) -> bool | str:
    return True if value == "T" else False if value == "F" else value


_SCALARS: Final[dict[str, Callable[[str], Any]]] = {
    "count": _to_int,
    "int": _to_int,
    "port": _to_int,
    "time": _to_float,
    "double": _to_float,
    "interval": _to_float,
    "bool": _to_bool,
}
