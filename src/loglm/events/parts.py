"""Cutting large files into parts that can be read by themselves, by several processes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from loglm.events.lines import MAX_LINE_BYTES, text_encoding
from loglm.events.source import Part, Source

__all__ = ["HEADED_LINES", "LineLayout", "line_parts"]

_BLOCK_BYTES = 1 << 18
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
    part = Part()
    offset = len(codecs.BOM_UTF8) if source.head.startswith(codecs.BOM_UTF8) else 0
    lines = header_bytes = 0
    header: list[bytes] = []
    is_line = True
    for block in _line_blocks(source, offset, min(size_bytes, _BLOCK_BYTES)):
        if is_line and offset - part.start >= size_bytes and layout.first.match(block):
            yield Part(part.start, offset, part.records_before, part.header)
            part = Part(offset, None, lines, tuple(header))
        is_line = block.endswith(b"\n")
        if any(mark in block for mark in layout.ends_at):
            break
        if layout.has_headers:
            found = [line.rstrip(b"\r") for line in _HEADER_LINE.findall(block)]
            header += found
            header_bytes += sum(map(len, found))
            if not is_line or header_bytes > _MAX_HEADER_BYTES:
                break
        lines += block.count(b"\n")
        offset += len(block)
    yield part


def _line_blocks(source: Source, start: int, size: int) -> Iterator[bytes]:
    """The stream in blocks that end where a line does, but for lines over 1 MiB; none where lines end otherwise."""
    if text_encoding(source.head) != "utf-8" or (b"\r" in source.head and b"\n" not in source.head):
        return
    try:
        source.stream.seek(start)
        while block := source.stream.read(size):
            yield block if block.endswith(b"\n") else block + source.stream.readline(MAX_LINE_BYTES)
    except OSError:
        return  # whoever reads the last part meets the error again, and says so
