"""The vectors of an index: half-precision rows in one file, added at its end and searched by brute force.

One row stands for all events of one text, so that a million events are some tens of thousands of rows; multiplying
with them all takes less time than starting a program, and misses nothing (`benchmarks/search.py`).
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import numpy as np

from loglm.errors import InputError

__all__ = ["append_vectors", "checksum", "nearest", "read_vectors"]

_ROWS_AT_ONCE = 8_192
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
    rows = np.ascontiguousarray(vectors, np.float16)
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
    """The first rows of the file, float16 (rows, D), mapped into memory and not to be written.

    Raises:
        InputError: The file is missing or has fewer rows.
    """
    if rows == 0:
        return np.zeros((0, width), np.float16)
    if not path.is_file() or path.stat().st_size < rows * width * 2:
        raise InputError(_too_short(path))
    return np.memmap(path, np.float16, "r", shape=(rows, width))


def nearest(vectors: np.ndarray, query: np.ndarray, most: int, among: np.ndarray | None = None) -> list[int]:
    """The rows whose dot product with the query is largest, best first; of equal ones the earlier row.

    Args:
        vectors: float16 (n, D).
        query: float32 (D,).
        most: How many rows at most.
        among: bool (n,): the rows to choose from; all for None.
    """
    scores = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), _ROWS_AT_ONCE):
        scores[start : start + _ROWS_AT_ONCE] = vectors[start : start + _ROWS_AT_ONCE].astype(np.float32) @ query
    rows = np.arange(len(vectors)) if among is None else np.flatnonzero(among)
    if len(rows) > most:
        rows = rows[np.argpartition(-scores[rows], most - 1)[:most]]
    return [int(row) for row in rows[np.lexsort((rows, -scores[rows]))]]


def _too_short(path: Path) -> str:
    return (
        f"{path}: the index is damaged (this file is missing or too short); restore it from a copy, or index the logs "
        "again into another folder"
    )
