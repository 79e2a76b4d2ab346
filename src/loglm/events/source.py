"""Source: one stream of bytes to read records from, with its name and a look at its beginning."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from loglm.errors import SourceLocation

__all__ = ["HEAD_BYTES", "Source"]

HEAD_BYTES = 65_536
"""How much of a stream readers may look at to decide what it is."""


@dataclass(slots=True)
class Source:
    """A file, an archive's member or stdin, decompressed."""

    path: str
    """Name to show: the path as given, ``archive!member`` inside archives, ``<stdin>`` for stdin."""
    stream: io.BufferedReader
    """Decompressed bytes, positioned at the start."""
    head: bytes
    """The first `HEAD_BYTES` bytes (fewer in a shorter stream), without consuming them."""
    file: Path | None = None
    """The file itself where the stream is a plain, uncompressed file; None otherwise."""

    def at(self, record: int | None = None) -> SourceLocation:
        """The place of a record of this source."""
        return SourceLocation(self.path, record)
