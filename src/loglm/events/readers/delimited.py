"""Tables as text: a header line and one record a line, separated by commas, tabs, semicolons or bars."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lines import MAX_LINE_BYTES, decode_line, iter_lines, text_encoding
from loglm.events.mappers import map_record
from loglm.events.mappers.generic import UNKNOWN
from loglm.events.parts import LineLayout, line_parts
from loglm.events.problems import Problems, quoted
from loglm.events.source import HEAD_BYTES, WHOLE, Part, Source
from loglm.plurals import plural

__all__ = ["DelimitedReader"]

_SEPARATORS: Final = (",", "\t", ";", "|")
_SAMPLE_ROWS = 30
_MOST_COLUMNS = 2_000
_TABLE: Final = LogSource("unknown", "table")

_NAME = re.compile(r"[A-Za-z_@#$.][\w .:/()\[\]{}@#$%&?+*'-]{0,79}$").match
_TIME_OR_ADDRESS = re.compile(r"\d:\d\d|\d{4}-\d\d-\d\d|(?:\d{1,3}\.){3}\d|[=<>\"]").search
_FLOAT = re.compile(r"-?\d{1,15}\.\d{1,20}(?:[eE][+-]?\d{1,2})?$|-?\d{1,15}[eE][+-]\d{1,2}$", re.ASCII).match
_VERDICT_NAMES = frozenset(
    (
        "classification",
        "verdict",
        "disposition",
        "close code",
        "close reason",
        "closereason",
        "resolution",
        "determination",
    )
)
"""Of a table of incidents, whose other columns may be called anything."""
_KNOWN_NAMES: Final = frozenset(
    "time timestamp date datetime _time message msg _raw event host hostname user ip level severity action".split()
)
_EVENT_VIEWER: Final = ("Date and Time", "Source", "Event ID", "Task Category")
"""Columns of Event Viewer's CSV after ``Level`` or ``Keywords``."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is written."""

    separator: str
    quoted: bool
    """Whether cells may stand in quotation marks."""
    header: tuple[str, ...]
    """As it stands in the table."""
    certainty: float


class DelimitedReader:
    """Reads tables whose first line names the columns. Empty cells are left out, numbers become numbers.

    A row with a few cells too many keeps them under ``_extra``. Places are the line that a record starts at.
    """

    name = "delimited"

    def sniff(self, source: Source) -> float:
        """How surely the first line is a header that the lines after it fit; 0 for lines of text with commas."""
        layout = _layout(source)
        return 0.0 if layout is None else layout.certainty

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield one event a row; rows that do not fit the header are rejected as ``wrong-columns``."""
        layout = _layout(source)
        if layout is None:
            problems.note("no-header", "no line that names columns at the top of this table", source.at())
            return
        csv.field_size_limit(MAX_LINE_BYTES)
        lines = _Lines(iter_lines(source, problems), source.part.start > 0)
        rows = csv.reader(lines, delimiter=layout.separator, quoting=_quoting(layout.quoted))
        names = _column_names(_with_unnamed_message(layout.header))
        columns = dict.fromkeys(names, "")
        header = list(layout.header)
        while True:
            lines.start_record()
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                message = f"{error}; it starts with {quoted(lines.text())}"
                problems.reject("malformed-row", message, source.at(lines.first), records=max(1, lines.count))
                continue
            if row == header or not row:
                continue
            location = source.at(lines.first)
            record = _record(names, row)
            if record is None:
                got = f"expected {plural(len(names), 'column')}, got {len(row)}: {quoted(lines.text())}"
                problems.reject("wrong-columns", got, location)
            elif record:
                yield _event(record, lines.text(), location, columns)

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        """Parts up to the first quotation mark, behind which a line may be the middle of a cell."""
        layout = self.layout(source)
        return iter((WHOLE,)) if layout is None else line_parts(source, size_bytes, layout)

    def layout(self, source: Source) -> LineLayout | None:
        layout = _layout(source)
        return None if layout is None else LineLayout(ends_at=(b'"',) if layout.quoted else ())


@dataclass(slots=True)
class _Lines:
    """Feeds lines to the csv module and remembers those of the current record."""

    source: Iterator[tuple[int, str]]
    header_passed: bool
    first: int = 0
    count: int = 0
    _texts: list[str] = field(default_factory=list)

    def start_record(self) -> None:
        self._texts.clear()
        self.count = 0

    def text(self) -> str:
        """The current record as it stands in the source."""
        return self._texts[0] if self.count == 1 else "\n".join(self._texts)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        number, line = next(self.source)
        while not self.header_passed and line.startswith(("#TYPE", "# ", "sep=")):
            number, line = next(self.source)
        self.header_passed = True
        if self.count == 0:
            self.first = number
        self.count += 1
        self._texts.append(line)
        return line.replace("\r", " ") + "\n" if "\r" in line else line + "\n"


def _event(record: dict[str, Any], raw: str, location: SourceLocation, columns: dict[str, Any]) -> LogEvent:
    event = map_record(record, raw, location, columns=columns)
    if event.log_source is UNKNOWN:
        event.log_source = _TABLE
    return event


def _record(names: list[str], row: list[str]) -> dict[str, Any] | None:
    """A row by its columns' names; None where it has fewer than half of them or twice as many."""
    width = len(names)
    if len(row) != width and (len(row) * 2 < width or len(row) > 2 * width + 8):
        return None
    record = {name: _typed(cell) for name, cell in zip(names, row, strict=False) if cell}
    if len(row) > width:
        extra = [cell for cell in row[width:] if cell]
        if extra:
            record["_extra"] = extra
    return record


def _typed(cell: str) -> Any:
    """A cell as a number where it is written like one, else its text."""
    first = cell[0]
    if first in "123456789-":
        if cell.isdecimal() or (first == "-" and cell[1:].isdecimal() and cell[1:2] != "0"):
            return int(cell) if len(cell) < 19 and cell.isascii() else cell
        return float(cell) if _FLOAT(cell) else cell
    if first == "0":
        return 0 if cell == "0" else float(cell) if _FLOAT(cell) else cell
    return cell.strip() if first == " " or cell[-1] == " " else cell


def _with_unnamed_message(header: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a table; Event Viewer writes one more than it names."""
    return (*header, "Message") if header[1:] == _EVENT_VIEWER else header


def _column_names(header: tuple[str, ...]) -> list[str]:
    """The header's names, with one for each unnamed column and no two the same."""
    names: list[str] = []
    seen: set[str] = set()
    for number, cell in enumerate(header, start=1):
        name = cell.strip().lstrip("#").strip() or f"column_{number}"
        while name in seen:
            name = f"{name}_{number}"
        seen.add(name)
        names.append(name)
    return names


def _layout(source: Source) -> _Layout | None:
    """The separator and header that fit the beginning of a text best; None where none does."""
    encoding = text_encoding(source.head)
    text = decode_line(source.head) if encoding == "utf-8" else source.head.decode(encoding, errors="replace")
    lines = text.lstrip("\ufeff\r\n").replace("\r\n", "\n").split("\n" if "\n" in text else "\r")
    lines = [line for line in lines if line and not line.isspace()]
    if len(source.head) >= HEAD_BYTES:
        lines = lines[:-1]
    while lines and lines[0].startswith(("#TYPE", "# ", "sep=")):
        del lines[0]
    if not lines or "\0" in lines[0]:
        return None
    layouts = (_fitting(lines, separator) for separator in _SEPARATORS if separator in lines[0])
    return max((layout for layout in layouts if layout), key=lambda layout: layout.certainty, default=None)


def _quoting(quoted: bool) -> Literal[0, 3]:
    """The csv module's QUOTE_MINIMAL or QUOTE_NONE."""
    return 0 if quoted else 3


def _fitting(lines: list[str], separator: str) -> _Layout | None:
    """The layout with this separator; None where the first line is no header or the others do not fit it."""
    quoted = separator != "\t" or any('\t"' in line and '"\t' in line for line in lines[:5])
    try:
        rows = _first_rows(lines, separator, quoted)
    except csv.Error:
        return None
    header, rows = rows[0], rows[1:]
    if not _is_header(header):
        return None
    width = len(_with_unnamed_message(tuple(header)))
    fitting = sum(1 for row in rows if len(row) == width)
    share = fitting / len(rows) if rows else 0.5
    if share < (0.5 if len(header) >= 5 else 0.9):
        return None
    return _Layout(separator, quoted, tuple(header), min(0.95, 0.6 + 0.3 * share + 0.01 * min(len(header), 10)))


def _first_rows(lines: list[str], separator: str, quoted: bool) -> list[list[str]]:
    """The first rows, without the last one where a quoted cell runs on past the sample."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator, quoting=_quoting(quoted))
    rows: list[list[str]] = []
    for row in reader:
        rows.append(row)
        if len(rows) > _SAMPLE_ROWS:
            return rows
    return rows[:-1] if len(rows) > 2 and len(rows[-1]) != len(rows[0]) else rows


def _is_header(cells: list[str]) -> bool:
    """Whether the cells of a first line are names of columns."""
    names = [cell.strip() for cell in cells]
    named = [name for name in names if name]
    if (
        not 2 <= len(named) <= _MOST_COLUMNS
        or len(names) - len(named) > 1
        or len(named) - len(set(named)) > 1 + len(named) // 10
    ):
        return False
    if any(not _NAME(name) or _TIME_OR_ADDRESS(name) or name.count(" ") > 5 for name in named):
        return False
    if any(name.lower() in _VERDICT_NAMES for name in named):
        return True
    if len(named) == 2:
        return all(name.lower() in _KNOWN_NAMES for name in named)
    blanks = sum(name.count(" ") for name in named)
    if blanks * 2 <= len(named):
        return True
    return blanks <= 3 * len(named) and sum(1 for name in named if not name[0].islower()) >= 0.8 * len(named) >= 4
