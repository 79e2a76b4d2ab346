"""What a reader, a line format and a record mapper have to offer: the three ways that logs get in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.parts import LineLayout
from loglm.events.problems import Problems
from loglm.events.source import Part, Source

__all__ = ["LineFormat", "LineReader", "Reader", "RecordMapper", "SplittingReader"]


class Reader(Protocol):
    """Turns a stream into events. One for each way of laying records out: EVTX, JSON, lines, TSV, ..."""

    name: str

    def sniff(self, source: Source) -> float:
        """How surely ``source.head`` is this layout: 0 not at all, 1 beyond doubt. Never raises."""
        ...

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield the events in file order; each record is yielded once or given to ``problems.reject`` once."""
        ...


@runtime_checkable
class SplittingReader(Reader, Protocol):
    """A reader that can read parts of a file by themselves."""

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        """Yield the parts of a whole file, in order and without gaps, each of about this size; perhaps only one."""
        ...


@runtime_checkable
class LineReader(Reader, Protocol):
    """A reader of files of lines, that can go on where a file ended and has grown since."""

    def layout(self, source: Source, /) -> LineLayout | None:
        """Where a file may be gone on with (see `loglm.events.parts.part_from`); None where it is no file of lines."""
        ...


class RecordMapper(Protocol):
    """Knows one source's records once they are a dict (from JSON, CSV, EVTX): finds time, entities, action."""

    name: str

    def matches(self, record: dict[str, Any]) -> bool:
        """Whether a record is of this source, from its keys. Cheap, never raises."""
        ...

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        """The event; a missing or odd field leaves None, it does not raise."""
        ...


class LineFormat(Protocol):
    """Knows one kind of single-line text record: syslog, access log, CEF, ..."""

    name: str

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        """The event, or None where the line is not in this format. Never raises."""
        ...
