"""WindowsXmlReader: Windows events in XML, as wevtutil, the event viewer and forwarders write them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from enum import Enum, auto

from loglm.events.event import LogEvent
from loglm.events.lines import text_encoding
from loglm.events.mappers.windows import windows_event
from loglm.events.mappers.windows_trees import from_tree
from loglm.events.mappers.windows_xml import ParseError, parse_event_xml
from loglm.events.problems import Problems, quoted
from loglm.events.readers.splunk_text import SplunkBlocks
from loglm.events.source import Source

__all__ = ["WindowsXmlReader", "read_windows_text"]

_CHUNK_BYTES = 1 << 18
_MAX_EVENT_CHARS = 1 << 22
_NAMESPACE = "http://schemas.microsoft.com/win/2004/08/events/event"
_START = re.compile(r"(?:<\?xml[^>]{0,256}\?>\s*)?<Events?[\s>]")
_MARK = re.compile(r"<Event(?=[\s>])|</Event\s{0,8}>")
_LONGEST_MARK = 16
_AROUND = re.compile(r"(?:<\?xml[^>]*\?>|</?Events(?:\s[^>]*)?>|<!--.*-->|<![A-Z].*|\]>)")
"""What may stand between events and says nothing."""


class WindowsXmlReader:
    """Reads ``<Event>`` elements one after another or inside ``<Events>``, in bounded memory.

    Text is UTF-8 or UTF-16. Elements are parsed one by one, so that a malformed one (``malformed-xml``), one over 4 MB
    (``too-long``) and document types around them do no harm to the others. ``raw`` is the element as it stands,
    its place the line where it starts.
    """

    name = "windows-xml"

    def sniff(self, source: Source) -> float:
        """0.95 for an ``<Event>`` at the start with a System part, 0.6 where it stands behind a prefix."""
        text = source.head.decode(text_encoding(source.head), errors="replace").lstrip("\ufeff")
        if "<Event" not in text or ("<System>" not in text and _NAMESPACE not in text):
            return 0.0
        if _START.match(text):
            return 0.95
        return 0.6 if text.lstrip()[:1] not in "{[" else 0.0

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield the events in file order."""
        return read_windows_text(source, problems)


def read_windows_text(source: Source, problems: Problems) -> Iterator[LogEvent]:
    """Yield the events of a text that holds events in XML and, between them, in Splunk's text."""
    blocks = SplunkBlocks(source, problems)
    for number, text, is_element in _pieces(source, problems):
        if not is_element:
            if text and not text.isspace():
                if not _AROUND.fullmatch(text.strip()):
                    yield from blocks.add(number, text)
            elif blocks.is_open:
                yield from blocks.add(number, "")
            continue
        yield from blocks.finish()
        try:
            event = parse_event_xml(text)["Event"]
        except ParseError as error:
            problems.reject("malformed-xml", f"{error}: {quoted(text)}", source.at(number))
            continue
        if not isinstance(event, dict) or "System" not in event:
            problems.reject("malformed-xml", f"an Event without a System part: {quoted(text)}", source.at(number))
            continue
        yield windows_event(from_tree(event), text, source.at(number))
    yield from blocks.finish()


def _pieces(source: Source, problems: Problems) -> Iterator[tuple[int, str, bool]]:
    """(Line number, text, whether it is an element): whole ``<Event>`` elements, and the lines between them.

    What stands before an element on its first line, such as a syslog header, is left out.
    """
    line, buffer, state, searched = 1, "", _State.BETWEEN, 0
    for chunk in _chunks(source):
        buffer += chunk
        start = 0
        for mark in _MARK.finditer(buffer, searched):
            end = searched = mark.end()
            if mark[0] == "<Event":
                end = mark.start()
                if state is _State.INSIDE:
                    problems.reject("malformed-xml", f"not closed: {quoted(buffer, start)}", source.at(line))
                elif state is _State.BETWEEN:
                    yield from _lines(line, buffer[start:end].split("\n")[:-1])
                state = _State.INSIDE
            elif state is _State.INSIDE:
                yield line, buffer[start:end], True
                state = _State.BETWEEN
            elif state is _State.SKIPPING:
                state = _State.BETWEEN
            else:
                continue
            line += buffer.count("\n", start, end)
            start = end
        if state is _State.BETWEEN:
            end = max(buffer.rfind("\n") + 1, start)
            yield from _lines(line, buffer[start:end].split("\n")[:-1])
            line += buffer.count("\n", start, end)
            start = end
        if state is not _State.SKIPPING and len(buffer) - start > _MAX_EVENT_CHARS:
            message = f"more than {_MAX_EVENT_CHARS:,} characters: {quoted(buffer, start)}"
            problems.reject("too-long", message, source.at(line))
            state = _State.SKIPPING
        if state is _State.SKIPPING:
            end = max(len(buffer) - _LONGEST_MARK, start)
            line += buffer.count("\n", start, end)
            start = end
        searched = max(searched, len(buffer) - _LONGEST_MARK, start) - start
        buffer = buffer[start:]
    if state is _State.INSIDE:
        problems.reject("malformed-xml", f"not closed: {quoted(buffer)}", source.at(line))
    elif state is _State.BETWEEN:
        yield from _lines(line, buffer.split("\n"))


class _State(Enum):
    BETWEEN = auto()
    INSIDE = auto()
    SKIPPING = auto()
    """Up to the next mark, out of something too long."""


def _lines(first: int, texts: list[str]) -> Iterator[tuple[int, str, bool]]:
    return ((first + index, text, False) for index, text in enumerate(texts))


def _chunks(source: Source) -> Iterator[str]:
    """The decoded text in pieces, without a byte order mark; undecodable bytes as U+FFFD."""
    decoder = codecs.getincrementaldecoder(text_encoding(source.head))(errors="replace")
    is_first = True
    for chunk in iter(lambda: source.stream.read1(_CHUNK_BYTES), b""):
        text = decoder.decode(chunk)
        yield text.lstrip("\ufeff") if is_first else text
        is_first = is_first and not text
    yield decoder.decode(b"", final=True)
