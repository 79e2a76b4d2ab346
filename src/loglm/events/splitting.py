"""The parts that a path is read in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.protocols import SplittingReader
from loglm.events.readers import best_reader
from loglm.events.source import WHOLE, Part

__all__ = ["PART_BYTES", "parts_of"]

PART_BYTES = 16 << 20
"""Size of a part; a file up to twice as large is not cut."""


def parts_of(path: str, size_bytes: int = PART_BYTES) -> Iterator[Part]:
    """Yield the parts of a file, in order, each as soon as its end is known; never raises.

    Only plain files whose reader knows where they may be cut have more than one. The cuts do not depend on who reads
    the parts, so that findings are the same for any number of processes.
    """
    file = Path(path)
    size = 0
    with contextlib.suppress(OSError):
        size = file.stat().st_size if file.is_file() else 0
    if size > 2 * size_bytes:
        sources = open_path(path, Problems())  # closes the file when it is let go
        source = next(sources, None)
        reader = best_reader(source) if source is not None and source.file is not None else None
        if source is not None and isinstance(reader, SplittingReader):
            yield from reader.parts(source, size_bytes)
            return
    yield WHOLE
