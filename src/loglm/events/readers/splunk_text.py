"""SplunkTextReader: Windows events as the text that Splunk's WinEventLog input makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loglm.events.event import LogEvent
from loglm.events.lines import text_encoding
from loglm.events.mappers.windows import windows_event
from loglm.events.mappers.windows_flat import from_flat
from loglm.events.mappers.windows_splunk import HEADER, split_splunk_text
from loglm.events.problems import Problems, quoted
from loglm.events.source import Source

__all__ = ["SplunkBlocks", "SplunkTextReader"]

_MAX_EVENT_CHARS = 1 << 20
_FIRST_FIELD = re.compile(r"(?:LogName|EventCode|EventType|SourceName|Type|Category)=")
_START = re.compile(rf"(?:^|\n){HEADER.pattern}\n{_FIRST_FIELD.pattern}")


class SplunkTextReader:
    """Reads Splunk's text, also with events in XML between (Splunk has both), in bounded memory.

    An event starts with a line that holds its date alone and a ``LogName=`` line behind it. Lines before the first
    event are rejected as ``unknown-text``, an event over 1 MB as ``too-long``. ``raw`` is the event's text, its place
    the line of the date.
    """

    name = "splunk-text"

    def sniff(self, source: Source) -> float:
        """0.95 where the first event stands at the start, less where it comes later."""
        text = source.head.decode(text_encoding(source.head), errors="replace").lstrip("\ufeff\r\n ")
        match = _START.search(text.replace("\r\n", "\n"))
        if match is None or text.startswith("{"):
            return 0.0
        return 0.95 if match.start() == 0 else 0.6

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield the events in file order."""
        from loglm.events.readers.windows_xml import read_windows_text

        return read_windows_text(source, problems)


class SplunkBlocks:
    """Puts lines together to events. Give it each line in order, and `finish` it at a break."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self._source = source
        self._problems = problems
        self._lines: list[str] = []
        self._start = 0
        self._size = 0
        self._header: tuple[int, str] | None = None
        """A line that may start an event, until the next one tells."""

    @property
    def is_open(self) -> bool:
        """An event has begun, so that a blank line may belong to it."""
        return bool(self._lines) or self._header is not None

    def add(self, number: int, line: str) -> Iterator[LogEvent]:
        """Take the next line; yield the event that it shows to have ended."""
        line = line.rstrip("\r")
        if self._header is not None:
            header_number, header = self._header
            self._header = None
            if _FIRST_FIELD.match(line):
                yield from self._flush()
                self._start = header_number
            self._keep(header_number, header)
        if len(line) < 64 and HEADER.fullmatch(line):
            self._header = number, line
        else:
            self._keep(number, line)

    def finish(self) -> Iterator[LogEvent]:
        """Yield the last event."""
        if self._header is not None:
            self._keep(*self._header)
            self._header = None
        yield from self._flush()

    def _keep(self, number: int, line: str) -> None:
        if not self._lines:
            if not line.strip():
                return
            self._start = number
        self._size += len(line) + 1
        if self._size <= _MAX_EVENT_CHARS:
            self._lines.append(line)

    def _flush(self) -> Iterator[LogEvent]:
        lines, size, location = self._lines, self._size, self._source.at(self._start)
        self._lines, self._size = [], 0
        if not lines:
            return
        if size > _MAX_EVENT_CHARS:
            message = f"event of {size:,} characters, at most {_MAX_EVENT_CHARS:,} are read"
            self._problems.reject("too-long", message, location)
            return
        text = "\n".join(lines).rstrip()
        fields = split_splunk_text(text)
        if fields is None:
            message = f"neither an event in XML nor in Splunk's text: {quoted(text)}"
            self._problems.reject("unknown-text", message, location)
            return
        yield windows_event(from_flat(fields), text, location)
