"""A compressed file as if it lay there unpacked: a stream that can be sought in, in bounded memory."""

from __future__ import annotations

import io
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from loglm.events.decompression import compression_of
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.source import HEAD_BYTES, Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["UnpackedFile", "unpacked_source"]

_MAGIC_BYTES: Final = 16
_BLOCK_BYTES: Final = 1 << 18


def unpacked_source(path: str) -> Source | None:
    """What a file of gzip, bzip2, xz or zstd holds, as a source whose stream can be sought in.

    None where the path is no such file, cannot be read, or holds an archive. What is wrong with it is noted in the
    problems of the `UnpackedFile` that is the raw stream.
    """
    if not _is_compressed(path):
        return None
    raw = UnpackedFile(path)
    stream = _buffered(raw)
    head = stream.read(HEAD_BYTES) if raw.is_open else b""
    if not head:
        return None
    stream.seek(0)
    return Source(path, stream, head)


class UnpackedFile(io.RawIOBase):
    """The bytes that a compressed file holds. Forwards it is read, backwards it is unpacked again from its beginning;
    each time within the budget of one file (`loglm.events.decompression.Budget`)."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._at = 0
        self.problems = Problems()
        """What the last reading from the beginning met: damage, a decompression bomb."""
        self._stream = self._open()

    @property
    def is_open(self) -> bool:
        """Whether there is something to read; not where the file holds nothing or an archive."""
        return self._stream is not None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        filled = 0 if self._stream is None else self._stream.readinto1(target)
        self._at += filled
        return filled

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to an offset from the beginning or from here; behind the end is the end."""
        goal = offset + (self._at if whence == io.SEEK_CUR else 0)
        if whence == io.SEEK_END or goal < 0:
            raise io.UnsupportedOperation("the end of what is packed is not known before it is read")
        if goal < self._at:
            self.problems, self._at = Problems(), 0
            self._stream = self._open()
        while self._at < goal and self._stream is not None:
            passed = len(self._stream.read(min(_BLOCK_BYTES, goal - self._at)))
            self._at += passed
            if not passed:
                break
        return self._at

    def _open(self) -> io.BufferedReader | None:
        self._sources = open_path(self._path, self.problems)
        source = next(self._sources, None)
        return source.stream if source is not None and source.path == self._path else None


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, HEAD_BYTES)


def _is_compressed(path: str) -> bool:
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            return False
        with Path(path).open("rb") as file:
            return compression_of(file.read(_MAGIC_BYTES)) is not None
    except OSError:
        return False  # who opens it meets the error again, and says so
