"""Source: one stream of bytes to read records from, with its name and a look at its beginning; parts of one."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loglm.errors import SourceLocation

__all__ = ["HEAD_BYTES", "WHOLE", "Part", "Source"]

HEAD_BYTES = 65_536
"""How much of a stream readers may look at to decide what it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """A range of a file whose events, read by themselves, are those that the whole file has there."""

    start: int = 0
    """Offset in bytes."""
    end: int | None = None
    """Offset behind the last byte; None: the end of the file, wherever that is when it is reached."""
    records_before: int = 0
    """Number of the last record before it: the number of a line, in EVTX a record id."""
    header: tuple[bytes, ...] = ()
    """The header lines that stand before it, in formats whose headers tell how to read the lines after them."""


WHOLE: Final = Part()


@dataclass(slots=True)
class Source:
    """A file or a part of one, an archive's member or stdin, decompressed."""

    path: str
    """Name to show: the path as given, ``archive!member`` inside archives, ``<stdin>`` for stdin."""
    stream: io.BufferedReader
    """Decompressed bytes, positioned at the start of the part."""
    head: bytes
    """The first `HEAD_BYTES` bytes of the whole (fewer in a shorter stream), without consuming them."""
    file: Path | None = None
    """The file itself where the stream is a plain, uncompressed file; None otherwise."""
    part: Part = WHOLE
    """What of it the stream holds."""

    def at(self, record: int | None = None) -> SourceLocation:
        """The place of a record of this source."""
        return SourceLocation(self.path, record)
