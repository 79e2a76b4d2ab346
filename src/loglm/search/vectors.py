"""The vectors of an index: rows of 16-bit fixed-point numbers in one file, added at its end, searched by brute force.

One row stands for all events of one text, so that a million events are some tens of thousands of rows; multiplying
with them all takes less time than starting a program, and misses nothing (`benchmarks/search.py`). Numbers of unit
vectors lie in -1..1, where fixed point is as exact as half precision and becomes float32 six times faster in numpy.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from loglm.errors import InputError

__all__ = ["append_vectors", "checksum", "cosines", "nearest", "read_vectors"]

_ONE = 32_767
"""Stands for 1.0."""
_ROWS_AT_ONCE = 2_048
"""Turned into float32 at a time, in which numpy multiplies fast."""


def append_vectors(path: Path, vectors: np.ndarray, first_row: int) -> int:
    """Write rows from ``first_row`` on, over what a killed run has left there, down to the disk.

    Args:
        path: The file.
        vectors: float32 (n, D), rows of unit length.
        first_row: How many rows there are already.

    Returns:
        The `checksum` of the rows as written.

    Raises:
        InputError: The file has fewer rows than that.
    """
    rows = np.rint(np.clip(vectors, -1, 1) * _ONE).astype("<i2")
    start = first_row * rows.shape[1] * rows.itemsize
    with path.open("r+b" if path.exists() else "w+b") as file:
        if file.seek(0, os.SEEK_END) < start:
            raise InputError(_too_short(path))
        file.seek(start)
        file.write(rows.data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
    return checksum(rows)


def checksum(rows: np.ndarray) -> int:
    """CRC-32 of rows as they stand in the file."""
    return zlib.crc32(np.ascontiguousarray(rows).data)


def read_vectors(path: Path, rows: int, width: int) -> np.ndarray:
    """The first rows of the file, int16 (rows, D), mapped into memory and not to be written.

    Raises:
        InputError: The file is missing or has fewer rows.
    """
    if rows == 0:
        return np.zeros((0, width), "<i2")
    if not path.is_file() or path.stat().st_size < rows * width * 2:
        raise InputError(_too_short(path))
    return np.memmap(path, "<i2", "r", shape=(rows, width))


def cosines(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Of rows as `read_vectors` gives them, int16 (n, D), with a query of unit length, float32 (D,): float32 (n,)."""
    found = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        found[start : start + _ROWS_AT_ONCE] = vectors[start : start + _ROWS_AT_ONCE].astype(np.float32) @ query
    found /= _ONE
    return found


def nearest(vectors: np.ndarray, query: np.ndarray, most: int, among: np.ndarray | None = None) -> list[int]:
    """The rows whose cosine with the query is largest, best first; of equal ones the earlier row.

    Args:
        vectors: As `read_vectors` gives them, int16 (n, D).
        query: Of unit length, float32 (D,).
        most: How many rows at most.
        among: bool (n,): the rows to choose from; all for None.
    """
    scores = cosines(vectors, query)
    rows = np.arange(len(vectors)) if among is None else np.flatnonzero(among)
    if len(rows) > most:
        rows = rows[np.argpartition(-scores[rows], most - 1)[:most]]
    return [int(row) for row in rows[np.lexsort((rows, -scores[rows]))]]


def _too_short(path: Path) -> str:
    return (
        f"{path}: the index is damaged (this file is missing or too short); restore it from a copy, or index the logs "
        "again into another folder"
    )
