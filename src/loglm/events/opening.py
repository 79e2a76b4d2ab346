"""From paths to streams: files, folders, globs, stdin, and what is packed in them."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from loglm.errors import SourceLocation
from loglm.events.archives import archive_of
from loglm.events.decompression import Budget, ByteStream, compression_of
from loglm.events.discovery import LeaveOut, discover
from loglm.events.problems import Problems
from loglm.events.source import HEAD_BYTES, WHOLE, Part, Source
from loglm.events.unpacking import MAX_LAYERS, expand

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["MAX_LAYERS", "STDIN_NAME", "discover", "open_inputs", "open_path"]


STDIN_NAME = "<stdin>"
"""What places of records from standard input are called; no path, so that it is not taken for an option or a file."""


def open_inputs(
    paths: Sequence[str | Path], problems: Problems, *, leave_out: LeaveOut | None = None
) -> Iterator[Source]:
    """Yield every stream that the paths hold, as `discover` and `open_path` do.

    Args:
        paths: Files, folders, patterns; ``-`` stands for stdin.
        problems: Takes the notes.
        leave_out: Which files of folders and archives are not read; those that are no logs where none is given.

    Raises:
        InputError: A path does not exist.
    """
    for path in discover(paths, problems, leave_out=leave_out):
        yield from open_path(path, problems, leave_out=leave_out)


def open_path(
    path: Path | str, problems: Problems, part: Part = WHOLE, *, leave_out: LeaveOut | None = None
) -> Iterator[Source]:
    """Yield the streams of one file: the file itself, or what is packed in it, to `MAX_LAYERS` layers.

    gzip, bzip2, xz, zstd, tar and zip are recognised by content. Members are streamed one after the other, never
    written to disk; a Source can be read until the next one is asked for. What cannot be read is noted:
    ``unreadable``, ``empty``, ``truncated``, ``damaged``, ``encrypted``, ``decompression-bomb``,
    ``nested-too-deep``.

    Args:
        path: A file, or ``-`` for stdin, whose source is called `STDIN_NAME`.
        problems: Takes the notes.
        part: What to read of a plain file (see `loglm.events.parts`); of a compressed one its start counts alone, in
            unpacked bytes.
        leave_out: Which members of archives are not read; those that are no logs where none is given.
    """
    if str(path) == "-":
        yield from _open_stream(STDIN_NAME, cast(io.BufferedReader, sys.stdin.buffer), problems, leave_out)
        return
    path = Path(path)
    try:
        is_regular = stat.S_ISREG(path.stat().st_mode)
        file = path.open("rb", buffering=0)
    except OSError as error:
        problems.note("unreadable", f"cannot be opened: {error.strerror or error}", SourceLocation(str(path)))
        return
    with _buffered(file) as stream:
        if is_regular:
            yield from _open_file(path, stream, problems, part, leave_out)
        else:
            yield from _open_stream(str(path), stream, problems, leave_out)


def _open_file(
    path: Path, stream: io.BufferedReader, problems: Problems, part: Part, leave_out: LeaveOut | None
) -> Iterator[Source]:
    location = SourceLocation(str(path))
    try:
        head = stream.read(HEAD_BYTES)
        packing = compression_of(head) or archive_of(head)
        stream.seek(0 if packing else part.start)
    except OSError as error:
        problems.note("unreadable", f"cannot be read: {error.strerror or error}", location)
        return
    if packing:
        budget = Budget()
        counted = _buffered(_Counted(stream.read1, budget))
        for source in expand(str(path), counted, budget, problems, file=stream, leave_out=leave_out):
            yield _from(source, part) if part.start and source.path == str(path) else source
    elif part.start and os.fstat(stream.fileno()).st_size < part.start:
        problems.note(
            "truncated", f"shorter than at the start of this run: what was behind byte {part.start:,} is gone", location
        )
    elif not head:
        problems.note("empty", "holds no bytes", location)
    else:
        if part.end is not None:
            stream = _buffered(_Limited(stream, part.end - part.start))
        yield Source(str(path), stream, head, path, part)


def _from(source: Source, part: Part) -> Source:
    """A source from where a part begins on."""
    left = part.start
    while left and (data := source.stream.read(min(HEAD_BYTES, left))):
        left -= len(data)
    return replace(source, part=part)


def _open_stream(name: str, stream: ByteStream, problems: Problems, leave_out: LeaveOut | None) -> Iterator[Source]:
    budget = Budget()
    counted = _buffered(_Counted(stream.read1, budget))
    yield from expand(name, counted, budget, problems, leave_out=leave_out)


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, HEAD_BYTES)


class _Limited(io.RawIOBase):
    """The next bytes of a stream, so many and no more."""

    def __init__(self, stream: io.BufferedReader, size: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        filled = self._stream.readinto1(view[: self._left])
        self._left -= filled
        return filled


class _Counted(io.RawIOBase):
    """Bytes as they come, counted as read; only the first request waits until its buffer is full."""

    def __init__(self, read: Callable[[int], bytes], budget: Budget) -> None:
        super().__init__()
        self._read_some = read
        self._budget = budget
        self._is_first = True

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        filled = 0
        while data := self._read_some(len(view) - filled):
            view[filled : filled + len(data)] = data
            filled += len(data)
            if filled == len(view) or not self._is_first:
                break
        self._is_first = False
        self._budget.read_bytes += filled
        return filled
