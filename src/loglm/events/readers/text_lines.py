"""TextLinesReader: every line of a text log as an event, whatever format it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loglm.events.event import LogEvent
from loglm.events.filetypes import is_blank, is_text
from loglm.events.lineformats import LineParser
from loglm.events.lineformats.leading_time import leading_time
from loglm.events.lines import head_lines, iter_lines
from loglm.events.parts import LineLayout, line_parts
from loglm.events.problems import Problems
from loglm.events.source import Part, Source
from loglm.events.years import LogYears

__all__ = ["TextLinesReader"]

_SAMPLE = 60
_CONTINUATIONS = (" ", "\t", "Caused by", "at ")
_BEGIN_WITH_TIME = 0.8
"""Share of the lines that are no continuations, above which a file counts as one with messages of several lines."""
_MOST_LINES = 500
_MOST_CHARS = 65_536
_GENERIC = ("plain", "json")
_LAYOUT = LineLayout(re.compile(rb"(?!Caused by|at )[!-~][^\0\n]{8}"))
"""A part begins with no continuation, and with no NUL byte without which the line would be one."""


class TextLinesReader:
    """Reads line-based logs: syslog, access logs, CEF, key=value, application logs, anything else.

    One event is one line that is not blank. Only where the lines of the file's start begin with times, a line that
    begins with white space, ``Caused by`` or ``at `` belongs to the event before it (a stack trace), up to 500
    lines and 65,536 characters; such an event's location is its first line.

    The format that most lines of the start are in is tried first for each line, then the others; a line in none of
    them is plain text.
    """

    name = "lines"

    def sniff(self, source: Source) -> float:
        """.1 for any text, up to .85 by the share of lines in a format that is known; blank lines may come before."""
        if not is_text(source.head):
            return 0.0
        lines = head_lines(source.head, _SAMPLE)
        if not lines:
            return 0.1 if is_blank(source.head) else 0.0
        known = LineParser().count_formats(lines)
        return 0.1 + 0.75 * sum(count for name, count in known.items() if name not in _GENERIC) / len(lines)

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        parser = LineParser(LogYears(source).midnight)
        lines = head_lines(source.head, _SAMPLE)
        parser.prefer(lines)
        events = self._lines(source, problems, parser)
        return _join_lines(events) if _begin_with_times(lines) else events

    def layout(self, _: Source) -> LineLayout:
        return _LAYOUT

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        return line_parts(source, size_bytes, _LAYOUT)

    def _lines(self, source: Source, problems: Problems, parser: LineParser) -> Iterator[LogEvent]:
        parse, at = parser.parse, source.at
        for number, line in iter_lines(source, problems):
            yield parse(line, at(number))


def _begin_with_times(lines: list[str]) -> bool:
    first = [line for line in lines if not line.startswith(_CONTINUATIONS)]
    timed = sum(1 for line in first if leading_time(line)[1])
    return bool(first) and timed >= _BEGIN_WITH_TIME * len(first)


def _join_lines(events: Iterator[LogEvent]) -> Iterator[LogEvent]:
    """Put continuation lines behind the event that they belong to."""
    current: LogEvent | None = None
    more: list[str] = []
    size = 0
    try:
        for event in events:
            line = event.raw
            if line.startswith(_CONTINUATIONS) and current and len(more) < _MOST_LINES and size < _MOST_CHARS:
                more.append(line)
                size += len(line)
                continue
            if current:
                yield _with_lines(current, more)
            current, more, size = event, [], len(line)
    except OSError:
        if current:
            yield _with_lines(current, more)
        raise
    if current:
        yield _with_lines(current, more)


def _with_lines(event: LogEvent, lines: list[str]) -> LogEvent:
    if lines:
        rest = "\n".join(lines)
        event.raw = f"{event.raw}\n{rest}"
        event.body = rest if event.body is None else f"{event.body}\n{rest}"
    return event
