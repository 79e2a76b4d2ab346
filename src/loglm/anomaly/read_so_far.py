"""How far files were read, so that of one that has grown the new part alone is scored.

A file is known by its content alone, as log shippers know it by its first bytes whatever its name: by BLAKE2b over all
that was read of it. So one that was rotated is known under its new name, and one that was cut or written anew is not:
no byte is passed over that was not read before, behind the same bytes. A line that was not ended is read again.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.opening import open_path
from loglm.events.parts import LineLayout, has_plain_lines, part_from
from loglm.events.problems import Problems
from loglm.events.protocols import LineReader
from loglm.events.readers import best_reader
from loglm.events.reading import read_source
from loglm.events.source import WHOLE, Part, Source
from loglm.plurals import plural

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["FileReading", "ReadSoFar"]

_MOST_MARKS: Final = 2_048
_BLOCK_BYTES: Final = 1 << 18
_DIGEST_BYTES: Final = 32

Mark = tuple[int, str]
"""So many bytes from a file's beginning, and their hash in hexadecimal digits."""


class ReadSoFar:
    """Beginnings of files that were read, at most 2,048, of which the oldest are forgotten: two for a file whose last
    line was not ended, else one."""

    def __init__(self, marks: Iterable[tuple[int, str]] = ()) -> None:
        self._marks = {(int(size), str(digest)): None for size, digest in marks}

    def __len__(self) -> int:
        return len(self._marks)

    def values(self) -> list[Mark]:
        """As JSON values, oldest first."""
        return list(self._marks)

    def add(self, reading: FileReading) -> None:
        """Take in how far a run read its files, once their events are scored."""
        for mark in reading.outgrown:
            self._marks.pop(mark, None)
        self._take(reading.marks)

    def merge(self, other: ReadSoFar) -> None:
        """Take over what another state read."""
        self._take(other.values())

    def sizes(self, most: int) -> list[int]:
        """Sizes of beginnings, up to that of a file, in bytes, ascending."""
        return sorted({size for size, _ in self._marks if size <= most})

    def __contains__(self, mark: Mark) -> bool:
        return mark in self._marks

    def _take(self, marks: Iterable[Mark]) -> None:
        self._marks.update(dict.fromkeys(marks))
        for mark in list(self._marks)[:-_MOST_MARKS]:
            del self._marks[mark]


class FileReading:
    """Reads the files of one run, and notes how far.

    Args:
        known: What earlier runs read of files; it is passed over. None reads all.
        problems: Takes what could not be read, and the notes: ``scored-before`` on each file whose beginning is known.
    """

    def __init__(self, known: ReadSoFar | None, problems: Problems) -> None:
        self.marks: list[Mark] = []
        self.outgrown: list[Mark] = []
        """Those of ``known`` that stand for files which are known by longer ones now."""
        self.parts: dict[str, Part] = {}
        """Files whose beginning was known -> what was read of them."""
        self._known = ReadSoFar() if known is None else known
        self.problems = problems

    def events(self, path: str) -> Iterator[LogEvent]:
        """The events of a file; of one that has grown, those behind what was read before."""
        for source in open_path(path, self.problems):
            layout = _layout(source)
            if layout is None:
                yield from read_source(source, self.problems)
                continue
            known, part = self._begin(source, layout)
            if part is None:
                self._pass_over(path, known)
            else:
                yield from self._follow(path, source, known, part)

    def _begin(self, source: Source, layout: LineLayout) -> tuple[_Beginning, Part | None]:
        """What of a file is known, and what is to be read of it; None where nothing is new."""
        try:
            size = _size(source)  # asked for once: others may be writing to it
            known = self._find(source, size)
            if known.size and known.size == size:
                return known, None
            part = part_from(source, known.size, layout) if known.size else WHOLE
        except OSError:  # who reads the file meets it again, and says so
            part = None
        if part is None:
            known, part = _Beginning(), WHOLE
        source.stream.seek(part.start)
        return known, part

    def _find(self, source: Source, size: int) -> _Beginning:
        """The longest beginning of a file of so many bytes that is known, and ends where a line does or the file."""
        best, read = _Beginning(), _Beginning()
        source.stream.seek(0)
        for end in self._known.sizes(size):
            while read.size < end and (data := source.stream.read(min(_BLOCK_BYTES, end - read.size))):
                read.take(data)
            if read.mark in self._known:
                read.outgrown.append(read.mark)
                if read.ends_line or end == size:
                    best = read.copy()
        best.outgrown = read.outgrown
        return best

    def _follow(self, path: str, source: Source, known: _Beginning, part: Part) -> Iterator[LogEvent]:
        """Read a part to its end, and note where that is; only of events with times it is sure that they are the same
        where the same bytes are met again."""
        before, was_known = known.size, known.size > 0
        followed = _Followed(source.stream, known, passed=before - part.start)
        stream = _buffered(followed)
        number = timed = 0
        for event in read_source(replace(source, stream=stream, part=part), self.problems):
            number += 1
            timed += event.timestamp is not None
            yield event
        if followed.is_ended and (was_known or 0 < number <= 2 * timed):
            self._mark(known)
        if was_known:
            self.parts[path] = part
            passed = plural(part.records_before, "line")
            behind = f"{plural(number, 'event')} behind them are scored"
            self._note(path, f"{passed} were learned from or scored before; {behind}")

    def _pass_over(self, path: str, known: _Beginning) -> None:
        self._mark(known)
        self.parts[path] = Part(known.size)
        self._note(path, "all of it was learned from or scored before; nothing came to it")

    def _mark(self, read: _Beginning) -> None:
        self.outgrown += read.outgrown
        self.marks += [mark for mark in dict.fromkeys((read.line_end, read.mark)) if mark is not None]

    def _note(self, path: str, message: str) -> None:
        self.problems.note("scored-before", message, SourceLocation(path))


@dataclass(slots=True)
class _Beginning:
    """Bytes from a file's beginning on, as their hash."""

    size: int = 0
    digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
    line_end: Mark | None = None
    """Behind the last line that is ended."""
    outgrown: list[Mark] = field(default_factory=list)

    @property
    def mark(self) -> Mark:
        return self.size, self.digest.hexdigest()

    @property
    def ends_line(self) -> bool:
        return self.line_end is not None and self.line_end[0] == self.size

    def take(self, data: bytes) -> None:
        """Take in the next bytes."""
        end = data.rfind(b"\n") + 1
        for piece in (data[:end], data[end:]):
            self.digest.update(piece)
            self.size += len(piece)
            if piece.endswith(b"\n"):
                self.line_end = self.mark

    def copy(self) -> _Beginning:
        return _Beginning(self.size, self.digest.copy(), self.line_end)


class _Followed(io.RawIOBase):
    """A stream whose bytes are hashed as they are read, but for the first ones, that were ``passed`` before."""

    def __init__(self, stream: io.BufferedReader, read: _Beginning, *, passed: int) -> None:
        super().__init__()
        self._stream = stream
        self._read = read
        self._passed = passed
        self.is_ended = False
        """Whether the stream was read to its end."""

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        filled = self._stream.readinto1(view)
        self.is_ended = not filled
        new = bytes(view[min(self._passed, filled) : filled])
        self._passed -= filled - len(new)
        self._read.take(new)
        return filled


def _layout(source: Source) -> LineLayout | None:
    """Where a plain file of lines may be gone on with; None for others."""
    reader = best_reader(source) if source.file is not None else None
    return reader.layout(source) if isinstance(reader, LineReader) and has_plain_lines(source) else None


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, _BLOCK_BYTES)


def _size(source: Source) -> int:
    return os.fstat(source.stream.fileno()).st_size
