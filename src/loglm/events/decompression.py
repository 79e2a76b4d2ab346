"""Reading gzip, bzip2, xz and zstd streams so that damage and bombs end the stream instead of the program."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import zstandard

from loglm.errors import SourceLocation
from loglm.events.problems import Problems

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = [
    "IO_ERRORS",
    "READ_ERRORS",
    "Budget",
    "ByteStream",
    "InputBytes",
    "Unpacked",
    "compression_of",
    "decompressed",
]

IO_ERRORS = (OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile)
"""What a damaged or vanishing file can raise while it is read."""
READ_ERRORS = (*IO_ERRORS, ValueError)
"""The same, and what odd numbers in archives raise."""

_PIECE_BYTES = 1 << 16
_ZSTD_INPUT_BYTES = 1 << 10
"""Taken at a time: zstd's pieces have no limit of their own, and 1 KB becomes 43 MB at most."""
_ZSTD_WINDOW_BYTES = 1 << 27
_XZ_MEMORY_BYTES = 256 << 20


class ByteStream(Protocol):
    """The one method of binary streams that is needed here."""

    def read1(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, empty only at the end."""
        ...


def compression_of(head: bytes) -> str | None:
    """``gzip``, ``bzip2``, ``xz`` or ``zstd`` by the first bytes; None for anything else."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd") or (head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50):
        return "zstd"
    return None


def decompressed(stream: ByteStream, compression: str) -> Iterator[bytes]:
    """Yield the unpacked pieces of a stream, over all its concatenated members; some may be empty.

    Raises:
        EOFError: The stream stops inside a member.
        zlib.error, OSError, lzma.LZMAError, zstandard.ZstdError: The data are damaged.
    """
    source = InputBytes(stream)
    while source.skip_padding():
        yield from _MEMBERS[compression](source)


class InputBytes:
    """A byte stream from which as much as needed is taken, and what belongs to the next member is given back."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._held = b""
        self._at = 0

    def take(self, size: int = _PIECE_BYTES) -> bytes:
        """At least one and at most ``size`` bytes.

        Raises:
            EOFError: Nothing is left.
        """
        if not self._fill():
            raise EOFError("it stops before its end")
        piece = self._held[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def take_up_to(self, size: int) -> bytes:
        """Just ``size`` bytes, fewer only at the end of the stream."""
        pieces = []
        while size > 0 and self._fill():
            pieces.append(self.take(size))
            size -= len(pieces[-1])
        return b"".join(pieces)

    def give_back(self, data: bytes) -> None:
        """Put bytes that were taken in front of the rest."""
        self._held = data + self._held[self._at :]
        self._at = 0

    def skip_padding(self) -> bool:
        """Drop NUL bytes; whether anything follows."""
        while self._fill():
            rest = self._held[self._at :].lstrip(b"\0")
            self._held, self._at = rest, 0
            if rest:
                return True
        return False

    def _fill(self) -> bool:
        if self._at >= len(self._held):
            self._held, self._at = self._stream.read1(_PIECE_BYTES), 0
        return bool(self._held)


def _gzip_member(source: InputBytes) -> Iterator[bytes]:
    inner = zlib.decompressobj(wbits=31)
    while not inner.eof:
        yield inner.decompress(inner.unconsumed_tail or source.take(), _PIECE_BYTES)
    source.give_back(inner.unused_data)


def _bzip2_member(source: InputBytes) -> Iterator[bytes]:
    return _buffering_member(source, bz2.BZ2Decompressor())


def _xz_member(source: InputBytes) -> Iterator[bytes]:
    return _buffering_member(source, lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES))


def _buffering_member(source: InputBytes, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> Iterator[bytes]:
    while not inner.eof:
        yield inner.decompress(source.take() if inner.needs_input else b"", _PIECE_BYTES)
    source.give_back(inner.unused_data)


def _zstd_member(source: InputBytes) -> Iterator[bytes]:
    inner = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES).decompressobj()
    while not inner.eof:
        yield inner.decompress(source.take(_ZSTD_INPUT_BYTES))
    source.give_back(inner.unused_data)


_MEMBERS: dict[str, Callable[[InputBytes], Iterator[bytes]]] = {
    "gzip": _gzip_member,
    "bzip2": _bzip2_member,
    "xz": _xz_member,
    "zstd": _zstd_member,
}


@dataclass(slots=True)
class Budget:
    """How much one input may unpack to, all its layers and members together.

    More than ``max_ratio`` times the bytes read of it, once ``free_bytes`` are passed, or more than ``max_bytes``
    at all is taken for a decompression bomb.
    """

    read_bytes: int = 0
    unpacked_bytes: int = 0
    free_bytes: int = 64 << 20
    max_ratio: int = 1000
    max_bytes: int = 64 << 30
    exceeded: bool = False

    def spend(self, size_bytes: int) -> str | None:
        """Count unpacked bytes; why they are too many, or None."""
        self.unpacked_bytes += size_bytes
        reason = None
        if self.unpacked_bytes > self.max_bytes:
            reason = f"it unpacks to more than {self.max_bytes:,} bytes"
        elif self.unpacked_bytes > max(self.free_bytes, self.max_ratio * self.read_bytes):
            reason = f"{self.read_bytes:,} bytes of it unpack to {self.unpacked_bytes:,}, over {self.max_ratio} times"
        self.exceeded = self.exceeded or reason is not None
        return reason


class Unpacked(io.RawIOBase):
    """A stream of unpacked pieces that ends, with a note, where they are damaged or over their budget.

    Errors other than `READ_ERRORS` pass, so that a collector that stops at the first problem can.
    """

    def __init__(self, pieces: Iterator[bytes], budget: Budget, location: SourceLocation, problems: Problems) -> None:
        super().__init__()
        self._pieces = pieces
        self._budget = budget
        self._location = location
        self._problems = problems
        self._pending = memoryview(b"")
        self._ended = False
        self.failed = False
        """Whether the stream ended before its own end."""

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        """Fill the whole buffer unless the stream ends."""
        view = memoryview(target).cast("B")
        filled = 0
        while filled < len(view):
            if not self._pending and not self._advance():
                break
            part = self._pending[: len(view) - filled]
            view[filled : filled + len(part)] = part
            self._pending = self._pending[len(part) :]
            filled += len(part)
        return filled

    def _advance(self) -> bool:
        """Take the next piece that is not empty; False at the end."""
        while not self._ended:
            try:
                piece = next(self._pieces, None)
            except READ_ERRORS as error:
                kind = "truncated" if isinstance(error, EOFError) else "damaged"
                self._fail(kind, f"{error}; what came before is kept")
                break
            if piece is None:
                self._ended = True
            elif excess := self._budget.spend(len(piece)):
                self._fail("decompression-bomb", f"{excess}; the rest is not read")
            elif piece:
                self._pending = memoryview(piece)
                return True
        return False

    def _fail(self, kind: str, message: str) -> None:
        self._ended = self.failed = True
        self._problems.note(kind, message, self._location)
