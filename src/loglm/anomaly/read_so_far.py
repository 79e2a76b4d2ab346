"""How far files were read, so that of one that has grown the new part alone is scored.

A file is known by its content alone, as log shippers know it by its first bytes whatever its name: by BLAKE2b over all
that was read of it. So one that was rotated is known under its new name, and one that was cut or written anew is not:
no byte is passed over that was not read before, behind the same bytes. A line that was not ended is read again.
A compressed file is known by what it holds, so by what was read of it before it was packed.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import time
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
from loglm.events.unpacked_file import UnpackedFile, unpacked_source
from loglm.plurals import plural

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["FileReading", "Passed", "ReadSoFar"]

_MOST_MARKS: Final = 2_048
_BLOCK_BYTES: Final = 1 << 18
_DIGEST_BYTES: Final = 32
_LONGEST_WAITING: Final = 1 << 20
"""Bytes of a line without end, up to which it may wait for its end."""
_STILL_WRITTEN_S: Final = 3_600.0
"""A file that was written to within so many seconds may get the rest of its last line."""

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

    def sizes(self, most: int | None) -> list[int]:
        """Sizes of beginnings, up to that of a file where it is known, in bytes, ascending."""
        return sorted({size for size, _ in self._marks if most is None or size <= most})

    def __contains__(self, mark: Mark) -> bool:
        return mark in self._marks

    def _take(self, marks: Iterable[Mark]) -> None:
        self._marks.update(dict.fromkeys(marks))
        for mark in list(self._marks)[:-_MOST_MARKS]:
            del self._marks[mark]


@dataclass(frozen=True, slots=True)
class Passed:
    """What was passed over of a file, because it was learned from or scored before."""

    lines: int
    events: int
    """Behind these lines, that are scored; 0 where nothing came to the file."""


class FileReading:
    """Reads the files of one run, and notes how far.

    Args:
        known: What earlier runs read of files; it is passed over. None reads all.
        problems: Takes what could not be read, and the notes: ``scored-before`` on each file whose beginning is known,
            ``unfinished-line`` on each whose last line waits.
        waits: A last line that is not ended is left to the next run, where that knows the lines before it, and the file
            was written to within the hour.
    """

    def __init__(self, known: ReadSoFar | None, problems: Problems, *, waits: bool = False) -> None:
        self.marks: list[Mark] = []
        self.outgrown: list[Mark] = []
        """Those of ``known`` that stand for files which are known by longer ones now."""
        self.parts: dict[str, Part] = {}
        """Files that were not read from their beginning to their end -> what was read of them."""
        self.passed: dict[str, Passed] = {}
        """Files whose beginning was known."""
        self.has_quiet = False
        """Whether a file of lines has none, or none that is an event, and nothing that could not be read."""
        self._known = ReadSoFar() if known is None else known
        self._waits = waits
        self.problems = problems

    @property
    def has_nothing_new(self) -> bool:
        """Whether a file, at least, is a log to which nothing came."""
        return bool(self.passed) or self.has_quiet or self.problems.notes["empty"] > 0

    def events(self, path: str) -> Iterator[LogEvent]:
        """The events of a file; of one that has grown, those behind what was read before."""
        packed = unpacked_source(path)
        if packed is not None and (layout := _layout(packed)) is not None:
            with packed.stream:
                yield from self._new_events(path, packed, layout)
                raw = packed.stream.raw
            if isinstance(raw, UnpackedFile):
                self.problems.merge(raw.problems)
            return
        for source in open_path(path, self.problems):
            layout = None if source.file is None else _layout(source)
            if layout is None:
                yield from read_source(source, self.problems)
            else:
                yield from self._new_events(path, source, layout)

    def _new_events(self, path: str, source: Source, layout: LineLayout) -> Iterator[LogEvent]:
        known, part = self._begin(source, layout)
        if part is None:
            self._pass_over(path, known)
        else:
            yield from self._follow(path, source, known, part)

    def _begin(self, source: Source, layout: LineLayout) -> tuple[_Beginning, Part | None]:
        """What of a file is known, and what is to be read of it; None where nothing is new."""
        try:
            known = self._find(source)
            if known.is_whole:
                return known, None
            part = part_from(source, known.size, layout) if known.size else WHOLE
            end = _end_of_lines(source) if self._waits else None
        except OSError:  # who reads the file meets it again, and says so
            part = end = None
        if part is None:
            known, part = _Beginning(), WHOLE
        source.stream.seek(part.start)
        return known, part if end is None else replace(part, end=max(end, known.size))

    def _find(self, source: Source) -> _Beginning:
        """The longest beginning of a file that is known, and ends where a line does or the file."""
        best, read = _Beginning(), _Beginning()
        source.stream.seek(0)
        for end in self._known.sizes(_size(source)):
            while read.size < end and (data := source.stream.read(min(_BLOCK_BYTES, end - read.size))):
                read.take(data)
            if read.size == end and read.mark in self._known:
                read.outgrown.append(read.mark)
                is_whole = not source.stream.peek(1)
                if read.ends_line or is_whole:
                    best = read.copy()
                    best.is_whole = is_whole
        best.outgrown = read.outgrown
        return best

    def _follow(self, path: str, source: Source, known: _Beginning, part: Part) -> Iterator[LogEvent]:
        """Read a part to its end, and note where that is; only of events with times it is sure that they are the same
        where the same bytes are met again."""
        before, was_known, rejected = known.size, known.size > 0, self.problems.total_rejected
        followed = _Followed(source.stream, known, part, passed=before - part.start)
        number = timed = 0
        for event in read_source(replace(source, stream=_buffered(followed), part=part), self.problems):
            number += 1
            timed += event.timestamp is not None
            yield event
        is_known_next = followed.is_ended and (was_known or 0 < number <= 2 * timed)
        if is_known_next:
            self._mark(known)
        self.has_quiet |= followed.is_ended and not number and rejected == self.problems.total_rejected
        if was_known or (part.end is not None and is_known_next):
            self.parts[path] = part
        if was_known:
            self._say_passed(path, part.records_before, number)
        if part.end is not None and is_known_next:
            self._note("unfinished-line", path, "its last line is not ended yet, and is left to the next run")
        elif part.end is not None and followed.is_ended:  # the next run would not know where to go on
            rest = replace(part, start=known.size, end=None, records_before=known.lines)
            yield from read_source(replace(source, part=rest), self.problems)

    def _pass_over(self, path: str, known: _Beginning) -> None:
        self._mark(known)
        self.parts[path] = Part(known.size)
        self.passed[path] = Passed(known.lines + (not known.ends_line), 0)
        self._note("scored-before", path, "all of it was learned from or scored before; nothing came to it")

    def _say_passed(self, path: str, lines: int, events: int) -> None:
        self.passed[path] = Passed(lines, events)
        behind = f"{plural(events, 'event')} behind them are scored"
        self._note("scored-before", path, f"{plural(lines, 'line')} were learned from or scored before; {behind}")

    def _mark(self, read: _Beginning) -> None:
        self.outgrown += read.outgrown
        self.marks += [mark for mark in dict.fromkeys((read.line_end, read.mark)) if mark is not None]

    def _note(self, kind: str, path: str, message: str) -> None:
        self.problems.note(kind, message, SourceLocation(path))


@dataclass(slots=True)
class _Beginning:
    """Bytes from a file's beginning on, as their hash."""

    size: int = 0
    lines: int = 0
    """That are ended."""
    digest: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=_DIGEST_BYTES))
    line_end: Mark | None = None
    """Behind the last line that is ended."""
    outgrown: list[Mark] = field(default_factory=list)
    is_whole: bool = False
    """Whether the file ends there."""

    @property
    def mark(self) -> Mark:
        return self.size, self.digest.hexdigest()

    @property
    def ends_line(self) -> bool:
        return self.line_end is not None and self.line_end[0] == self.size

    def take(self, data: bytes) -> None:
        """Take in the next bytes."""
        end = data.rfind(b"\n") + 1
        self.lines += data.count(b"\n")
        for piece in (data[:end], data[end:]):
            self.digest.update(piece)
            self.size += len(piece)
            if piece.endswith(b"\n"):
                self.line_end = self.mark

    def copy(self) -> _Beginning:
        return _Beginning(self.size, self.lines, self.digest.copy(), self.line_end)


class _Followed(io.RawIOBase):
    """A part whose bytes are hashed as they are read, but for the first ones, that were ``passed`` before."""

    def __init__(self, stream: io.BufferedReader, read: _Beginning, part: Part, *, passed: int) -> None:
        super().__init__()
        self._stream = stream
        self._read = read
        self._left = sys.maxsize if part.end is None else part.end - part.start
        self._passed = passed
        self.is_ended = False
        """Whether the part was read to its end."""

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        filled = self._stream.readinto1(view[: self._left])
        self.is_ended = not filled
        self._left -= filled
        new = bytes(view[min(self._passed, filled) : filled])
        self._passed -= filled - len(new)
        self._read.take(new)
        return filled


def _layout(source: Source) -> LineLayout | None:
    """Where a file of lines may be gone on with; None for others."""
    reader = best_reader(source)
    return reader.layout(source) if isinstance(reader, LineReader) and has_plain_lines(source) else None


def _end_of_lines(source: Source) -> int | None:
    """Where the last line of a plain file begins that is not ended, but may be soon; None where there is none."""
    if source.file is None:
        return None
    status = os.fstat(source.stream.fileno())
    if not 0 <= time.time() - status.st_mtime < _STILL_WRITTEN_S:
        return None
    start = max(0, status.st_size - _LONGEST_WAITING)
    source.stream.seek(start)
    last = source.stream.read(status.st_size - start)
    end = last.rfind(b"\n") + 1
    return start + end if 0 < end < len(last) else None


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, _BLOCK_BYTES)


def _size(source: Source) -> int | None:
    """Of a plain file, in bytes."""
    return None if source.file is None else os.fstat(source.stream.fileno()).st_size
