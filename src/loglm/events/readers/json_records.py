"""JSON: a record a line, one document around many records, or records printed over several lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from functools import partial
from itertools import count, repeat
from typing import Any

import orjson

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lines import MAX_LINE_BYTES, decode_line, iter_lines, text_encoding
from loglm.events.mappers import is_plain, line_event, map_record
from loglm.events.mappers.generic import UNKNOWN
from loglm.events.parts import LineLayout, line_parts
from loglm.events.problems import Problems, quoted
from loglm.events.readers.json_joining import joined_lines
from loglm.events.readers.json_lenient import MAX_DEPTH, parse_leniently, too_deep
from loglm.events.readers.json_prefix import apply_prefix, is_header
from loglm.events.readers.json_scan import JsonScanner
from loglm.events.readers.json_wrappers import records_in
from loglm.events.source import HEAD_BYTES, WHOLE, Part, Source

__all__ = ["JsonReader"]

_SAMPLE_LINES = 20
_CHUNK_BYTES = 1 << 18
_DOCUMENT = re.compile(r'\{\s*(?:"(?:[^"\\]|\\.){0,256}"\s*:|\}|$)|\[\s*(?:[{\[\]]|$)').match
_PIECE = re.compile(r'\s*(?:[{}\],:"]|\[\s*(?:[\[\]{"]|$))').match
"""The start of a line that is a part of broken JSON rather than text between records."""
_BLANK_OR_BREAK = " \t\r\n\\nrt"
"""Characters of blanks and of line breaks that were written as escapes."""
_LAYOUT = LineLayout(re.compile(rb"\{"))
"""At such a line a record of several lines before it has ended."""
_parse = orjson.loads


class JsonReader:
    """Reads JSON lines in bounded memory, and documents of any size without holding them.

    Each object becomes an event through `map_record`. ``raw`` is the record's text; for a record out of a wrapper
    such as CloudTrail's ``Records`` it is that record alone, in compact form. Places are line numbers in JSON lines,
    and in documents, a wrapper alone on its line among them, the numbers of the records from 1. Among JSON lines a
    record may take several lines, and a line that is no part of JSON is an event of text.
    """

    name = "json"

    def sniff(self, source: Source) -> float:
        """How surely this is JSON, from whether the first lines parse or the start is that of a document."""
        return _layout(source)[1]

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield one event a record; text that is no JSON is rejected as ``malformed-json``."""
        if _layout(source)[0] == "document":
            return _read_document(source, problems)
        return _read_lines(source, problems)

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        """Parts of JSON lines; a document is one part, and so are lines with text before each record."""
        layout = self.layout(source)
        return iter((WHOLE,)) if layout is None else line_parts(source, size_bytes, layout)

    def layout(self, source: Source) -> LineLayout | None:
        return None if _layout(source)[0] == "document" else _LAYOUT


def _layout(source: Source) -> tuple[str, float]:
    """``lines`` (with or without text before each record) or ``document``, and how surely it is one."""
    text = source.head.decode(text_encoding(source.head), errors="replace").lstrip("\ufeff\0 \t\r\n")
    lines = text.split("\n" if "\n" in text else "\r")
    if len(source.head) >= HEAD_BYTES:
        del lines[-1]
    lines = [line for line in lines if line and not line.isspace()][:_SAMPLE_LINES]
    if len(lines) == 1 and _is_wrapper(lines[0]):
        return "document", 0.95
    whole = sum(1 for line in lines if line[0] in "{[" and _holds_objects(line))
    if lines and (whole * 2 >= len(lines) or (whole and _holds_objects(lines[0]))):
        return "lines", 0.5 + 0.45 * whole / len(lines)
    if _DOCUMENT(text):
        return "document", 0.9
    prefixed = sum(1 for line in lines if _behind_prefix(line))
    if lines and prefixed * 2 >= len(lines):
        return "lines", 0.85 * prefixed / len(lines)
    return "lines", 0.0


def _is_wrapper(text: str) -> bool:
    """Whether a line holds records in an array or object around them."""
    try:
        value = _parse(text)
    except orjson.JSONDecodeError:
        return False
    if value.__class__ is dict:
        value = records_in(value)
    return value.__class__ is list and any(item.__class__ is dict for item in value)


def _holds_objects(text: str) -> bool:
    try:
        value = _parse(text)
    except orjson.JSONDecodeError:
        parsed = parse_leniently(text) if text.rstrip(_BLANK_OR_BREAK)[-1:] == "}" else None
        return parsed is not None and parsed[0].__class__ is dict
    return value.__class__ is dict or (value.__class__ is list and bool(value) and value[0].__class__ is dict)


def _behind_prefix(line: str) -> bool:
    """Whether a line is a record behind a header, or mostly a record."""
    brace = max(line.find('{"'), line.find("{"))
    if brace <= 0 or not _holds_objects(line[brace:]):
        return False
    return brace * 2 < len(line) or is_header(line[:brace])


def _read_lines(source: Source, problems: Problems) -> Iterator[LogEvent]:
    path = source.path
    for number, line in joined_lines(iter_lines(source, problems)):
        location = SourceLocation(path, number)
        try:
            value = _parse(line)
        except orjson.JSONDecodeError:
            yield from _odd_line(line, location, problems)
            continue
        if too_deep(line, value):
            problems.reject("malformed-json", f"nested deeper than {MAX_DEPTH}: {quoted(line)}", location)
            continue
        if value.__class__ is dict:
            records = records_in(value)
            if records is None:
                yield map_record(value, line, location)
                continue
            value = records
        yield from _events(value, line, repeat(location))


def _odd_line(line: str, location: SourceLocation, problems: Problems) -> Iterator[LogEvent]:
    """The events of a line that is not strict JSON: a record behind a prefix, several records, a line of text."""
    start = 0 if line[0] in "{[" else max(line.find('{"'), line.find("{"))
    values = _values(line[start:]) if start >= 0 else None
    if values is None and line[0] != "{":
        event = line_event(line, line, location)
        if event.timestamp is not None or not is_plain(event) or not _PIECE(line):
            yield event
            return
    if values is None:
        problems.reject("malformed-json", f"no JSON value: {quoted(line)}", location)
        return
    for value in values:
        raw = line if len(values) == 1 else _compact(value)
        for event in _expanded(value, raw, location):
            if start > 0:
                apply_prefix(event, line[:start])
            yield event


def _read_document(source: Source, problems: Problems) -> Iterator[LogEvent]:
    places = map(source.at, count(1))
    for piece, why in JsonScanner(_utf8_chunks(source)):
        text = decode_line(piece)
        values = _values(text) if why is None else None
        if values is None:
            problems.reject("malformed-json", f"{why or 'no JSON value'}: {quoted(text)}", next(places))
            continue
        for value in values:
            records = records_in(value) if value.__class__ is dict else None
            if records is not None:
                yield from _events(records, "", places)
            elif len(text) > MAX_LINE_BYTES:
                message = f"record of {len(text):,} characters, at most {MAX_LINE_BYTES:,} are read"
                problems.reject("too-long", message, next(places))
            else:
                yield from _events(value, text, places)


def _values(text: str) -> list[Any] | None:
    """The values that a text holds, read strictly if that can be; None where it holds none or goes too deep."""
    try:
        values = [_parse(text)]
    except orjson.JSONDecodeError:
        lenient = parse_leniently(text)
        if lenient is None:
            return None
        values = lenient
    return None if too_deep(text, values) else values


def _expanded(value: Any, raw: str, location: SourceLocation) -> Iterator[LogEvent]:
    records = records_in(value) if value.__class__ is dict else None
    return _events(value if records is None else records, raw, repeat(location))


def _events(value: Any, raw: str, places: Iterator[SourceLocation]) -> Iterator[LogEvent]:
    """The event of a value, or those of the objects in a list of them, each at the next place."""
    if value.__class__ is dict:
        yield map_record(value, raw, next(places))
    elif value.__class__ is list and any(item.__class__ is dict for item in value):
        for item in value:
            text = _compact(item)
            yield map_record(item, text, next(places)) if item.__class__ is dict else _bare(text, next(places))
    elif value.__class__ is not list or value:
        yield _bare(raw, next(places))


def _bare(text: str, location: SourceLocation) -> LogEvent:
    return LogEvent(raw=text, location=location, log_source=UNKNOWN, body=text)


def _compact(value: Any) -> str:
    return orjson.dumps(value).decode()


def _utf8_chunks(source: Source) -> Iterator[bytes]:
    """The stream as UTF-8, without a byte order mark."""
    chunks = iter(partial(source.stream.read1, _CHUNK_BYTES), b"")
    encoding = text_encoding(source.head)
    if encoding == "utf-8":
        first = next(chunks, b"")
        if first:
            yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    for chunk in chunks:
        yield decoder.decode(chunk).lstrip("\ufeff").encode() or b" "
    yield decoder.decode(b"", final=True).encode()
