"""Cutting large files into parts that can be read by themselves, by several processes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from loglm.events.lines import MAX_LINE_BYTES, text_encoding
from loglm.events.source import Part, Source

__all__ = ["HEADED_LINES", "LineLayout", "has_plain_lines", "line_parts", "part_from"]

_BLOCK_BYTES = 1 << 18
_FIRST_BYTES = 256
"""Of a line, by which it is told whether a record begins with it."""
_MAX_HEADER_BYTES = 1 << 20
"""Behind more text in header lines than this, a file is not cut any more."""
_HEADER_LINE = re.compile(rb"^#[^\n]*", re.MULTILINE)
_ANY_LINE = re.compile(b"")


@dataclass(frozen=True, slots=True)
class LineLayout:
    """Where a file of lines may be cut without changing what is read on either side."""

    first: re.Pattern[bytes] = _ANY_LINE
    """What the first line of a part has to start with."""
    has_headers: bool = False
    """Lines that start with ``#`` tell how to read those after them."""
    ends_at: tuple[bytes, ...] = ()
    """Behind any of these bytes no place is known to be safe."""


HEADED_LINES: Final = LineLayout(has_headers=True, ends_at=(b"\0", codecs.BOM_UTF8))
"""Logs with ``#`` header lines; bytes that reading drops may hide such a line."""


def line_parts(source: Source, size_bytes: int, layout: LineLayout) -> Iterator[Part]:
    """Yield the parts of a file of lines, in order and without gaps, each ``size_bytes`` long or somewhat longer.

    Where they are cut depends on the file and the size alone. The stream is read once, in bounded memory, and a part
    is given out as soon as its end is known. A file in UTF-16, or with CR for line ends, is one part.
    """
    part, passed = Part(), _Passed(layout)
    offset = _after_mark(source)
    is_line = True
    for block in _line_blocks(source, offset, min(size_bytes, _BLOCK_BYTES)):
        if is_line and offset - part.start >= size_bytes and layout.first.match(block):
            yield Part(part.start, offset, part.records_before, part.header)
            part = Part(offset, None, passed.lines, tuple(passed.header))
        is_line = block.endswith(b"\n")
        if not passed.take(block):
            break
        offset += len(block)
    yield part


def part_from(source: Source, start: int, layout: LineLayout) -> Part | None:
    """What of a file of lines is to be read where all before an offset is known, at which a line begins.

    It begins there, but where that line goes on with the record before it: then with that record. None where lines do
    not end by LF, or no place is known to be safe there. Moves the stream.
    """
    if not has_plain_lines(source):
        return None
    start = _record_start(source, start, layout)
    passed, offset = _Passed(layout), _after_mark(source)
    source.stream.seek(offset)
    while offset < start:
        block = source.stream.read(min(_BLOCK_BYTES, start - offset))
        if not block.endswith(b"\n"):
            block += source.stream.readline(min(MAX_LINE_BYTES, start - offset - len(block)))
        if not block or not passed.take(block):
            return None
        offset += len(block)
    return Part(start, None, passed.lines, tuple(passed.header))


def _record_start(source: Source, start: int, layout: LineLayout) -> int:
    """Where the record begins that the line at an offset belongs to; the offset where that is too far before it."""
    stream = source.stream
    stream.seek(start)
    line = stream.readline(_FIRST_BYTES)
    if not line or layout.first.match(line):
        return start
    stream.seek(max(0, start - _BLOCK_BYTES))
    before = stream.read(start - stream.tell())
    end = len(before)
    while (begin := before.rfind(b"\n", 0, end - 1) + 1) or start <= _BLOCK_BYTES:
        if end and layout.first.match(before, begin, end):
            return start - len(before) + begin
        if not begin:
            break
        end = begin
    return start


@dataclass(slots=True)
class _Passed:
    """What a part has to know of the lines before it."""

    layout: LineLayout
    lines: int = 0
    header: list[bytes] = field(default_factory=list)
    header_bytes: int = 0

    def take(self, block: bytes) -> bool:
        """Take in a block; False where no place behind it is known to be safe."""
        if any(mark in block for mark in self.layout.ends_at):
            return False
        if self.layout.has_headers:
            found = [line.rstrip(b"\r") for line in _HEADER_LINE.findall(block)]
            self.header += found
            self.header_bytes += sum(map(len, found))
            if not block.endswith(b"\n") or self.header_bytes > _MAX_HEADER_BYTES:
                return False
        self.lines += block.count(b"\n")
        return True


def _after_mark(source: Source) -> int:
    """Offset of the first byte behind a byte order mark."""
    return len(codecs.BOM_UTF8) if source.head.startswith(codecs.BOM_UTF8) else 0


def has_plain_lines(source: Source) -> bool:
    """Whether lines end by LF as one byte, as far as the beginning shows."""
    return text_encoding(source.head) == "utf-8" and (b"\n" in source.head or b"\r" not in source.head)


def _line_blocks(source: Source, start: int, size: int) -> Iterator[bytes]:
    """The stream in blocks that end where a line does, but for lines over 1 MiB; none where lines end otherwise."""
    if not has_plain_lines(source):
        return
    try:
        source.stream.seek(start)
        while block := source.stream.read(size):
            yield block if block.endswith(b"\n") else block + source.stream.readline(MAX_LINE_BYTES)
    except OSError:
        return  # whoever reads the last part meets the error again, and says so
