"""Finding the values of a JSON document of any size without holding or parsing all of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["MAX_VALUE_BYTES", "JsonScanner"]

MAX_VALUE_BYTES = 16 << 20
"""A longer value is not read. A document's outer array or object may have any length."""
_MAX_WRAPPER_BYTES = 4 << 20
"""A top-level object longer than this is taken for a wrapper around an array of records."""

# Text up to the next bracket that stands outside strings; no bracket where the text ends before it. Possessive, and
# matching everywhere, so that it costs time linear in the length of the text.
_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([{}\[\]]?+)', re.DOTALL)
_BETWEEN = re.compile(rb"[\s,\0]*+")
_SCALAR = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?:-?[0-9][0-9.eE+-]*+|true|false|null|NaN)(?=[\s,\]}])|[^\n\[\]{}"]++', re.DOTALL
)
_FIRST_RECORDS = re.compile(rb'"(?:[^"\\]|\\.){1,64}"\s*:\s*\[\s*(?=\{)', re.DOTALL)
_MAX_FAILURES = 8
_SAMPLE_BYTES = 160
_OPENERS = (b"{", b"[")


class JsonScanner:
    """Iterates over the values of a document: (bytes of a value, None) or (start of what is no value, why).

    A top-level array stands for its elements, and so does the first array of objects in a top-level object too long to
    be a record. Values may follow one another with commas, blanks or nothing between them. After broken text the scan
    goes on at the next line that starts as the value before did.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = b""
        self._position = 0
        self._depth = 0  # of the brackets that the scan has descended into
        self._failures = 0  # broken values since the last whole one
        self._indent = b""

    def __iter__(self) -> Iterator[tuple[bytes, str | None]]:
        while self._skip_blanks():
            opening = self._buffer[self._position : self._position + 1]
            if opening in (b"]", b"}"):
                self._leave()
            elif opening == b"[" and self._depth == 0:
                self._position += 1
                self._depth = 1
            elif opening in _OPENERS:
                found = self._value()
                if found is not None:
                    yield found
            else:
                yield self._scalar()

    def _skip_blanks(self) -> bool:
        """Move to the next value or closing bracket; False at the end."""
        while True:
            found = _BETWEEN.match(self._buffer, self._position)
            self._position = found.end() if found else self._position
            if self._position < len(self._buffer):
                return True
            if not self._fill():
                return False

    def _leave(self) -> None:
        """Step over a closing bracket; out of a wrapper object, over all the rest of it."""
        self._position += 1
        open_ones, self._depth = self._depth - 1, 0
        self._skip_to_depth(open_ones)

    def _value(self) -> tuple[bytes, str | None] | None:
        """The object or array at the position; None where it was a wrapper and the scan has gone into it."""
        start = self._position
        self._remember_indent(start)
        depth, end = 0, start
        while True:
            for found in _BRACKET.finditer(self._buffer, end):
                if not found[1]:
                    break
                end = found.end()
                depth += 1 if found[1] in _OPENERS else -1
                if depth == 0:
                    self._position = end
                    self._failures = 0
                    return self._buffer[start:end], None
            if end - start > _MAX_WRAPPER_BYTES and self._depth == 0 and self._enter(start):
                return None
            if len(self._buffer) - start > MAX_VALUE_BYTES:
                return self._broken(start, f"no end within {MAX_VALUE_BYTES:,} bytes")
            self._position = start
            if not self._fill():
                return self._broken(start, "the document ends inside this record")
            start, end = 0, end - start

    def _scalar(self) -> tuple[bytes, str | None]:
        """A number, a string, a word or a stray character at the position."""
        while True:
            found = _SCALAR.match(self._buffer, self._position)
            if found and found.end() < len(self._buffer):
                break
            if len(self._buffer) - self._position > MAX_VALUE_BYTES or not self._fill():
                break
        end = found.end() if found else self._position + 1
        value = self._buffer[self._position : end]
        self._position = end
        return value, None

    def _enter(self, start: int) -> bool:
        """Go into the first array of objects of a wrapper object; False where its beginning shows none."""
        found = _FIRST_RECORDS.search(self._buffer, start, start + _MAX_WRAPPER_BYTES)
        if found is None:
            return False
        depth = 0
        for bracket in _BRACKET.finditer(self._buffer, start, found.end()):
            if bracket[1]:
                depth += 1 if bracket[1] in _OPENERS else -1
        self._depth = max(depth, 1)
        self._position = found.end()
        return True

    def _broken(self, start: int, why: str) -> tuple[bytes, str]:
        """Give up on the value at ``start`` and move to the next line that begins like it.

        What has been looked at is looked at again only a few times, so that broken text costs linear time.
        """
        sample = self._buffer[start : start + _SAMPLE_BYTES]
        mark = re.compile(rb"\n" + re.escape(self._indent) + rb"(?=\{)")
        self._failures += 1
        self._position = start + 1 if self._failures <= _MAX_FAILURES else len(self._buffer)
        while True:
            found = mark.search(self._buffer, self._position)
            if found:
                self._position = found.end()
                return sample, why
            self._position = max(self._position, len(self._buffer) - len(self._indent) - 1)
            if not self._fill():
                self._position = len(self._buffer)
                return sample, why

    def _skip_to_depth(self, depth: int) -> None:
        """Skip to after the bracket that closes ``depth`` open ones, in bounded memory."""
        while depth > 0:
            end = self._position
            for found in _BRACKET.finditer(self._buffer, end):
                if not found[1]:
                    break
                end = found.end()
                depth += 1 if found[1] in _OPENERS else -1
                if depth == 0:
                    self._position = end
                    return
            self._position = end
            if len(self._buffer) - end > MAX_VALUE_BYTES:
                self._position = len(self._buffer)
            if not self._fill():
                self._position = len(self._buffer)
                return

    def _remember_indent(self, start: int) -> None:
        line = self._buffer.rfind(b"\n", max(0, start - 64), start)
        if line >= 0 and not self._buffer[line + 1 : start].strip():
            self._indent = self._buffer[line + 1 : start]

    def _fill(self) -> bool:
        """Append the next chunk, dropping what has been passed; False at the end of the stream."""
        chunk = next(self._chunks, b"")
        if not chunk:
            return False
        self._buffer = self._buffer[self._position :] + chunk
        self._position = 0
        return True
