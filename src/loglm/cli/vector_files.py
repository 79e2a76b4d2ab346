"""Vectors of events on disk or stdout, written as they come, so that a log of any size fits in memory."""

from __future__ import annotations

import secrets
import shutil
import sys
import zipfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent

__all__ = ["VectorWriter", "vector_writer"]


class VectorWriter(Protocol):
    """Takes events with their vectors, in order."""

    events: int
    """Number taken."""

    def add(self, events: Sequence[LogEvent], vectors: np.ndarray) -> None:
        """Take events and their vectors, float32 of shape (len(events), D)."""


@contextmanager
def vector_writer(target: str, width: int, *, overwrite: bool) -> Iterator[VectorWriter]:
    """A writer in the format that the name says: ``.npz``, ``.npy``, ``.jsonl``; ``-`` is JSON lines on stdout.

    A file appears whole when the block ends without an error, or not at all.

    Raises:
        InputError: Another suffix, a folder that does not exist, or a file that does and ``overwrite`` is false.
    """
    if target == "-":
        yield _JsonLines(sys.stdout.buffer)
        return
    path = Path(target)
    _check(path, overwrite)
    part = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}.part")
    raw = part.with_suffix(".raw")
    try:
        if path.suffix == ".jsonl":
            with part.open("xb") as stream:
                yield _JsonLines(stream)
        else:
            with raw.open("xb") as stream:
                rows = _Rows(stream)
                yield rows
            _write_arrays(part, raw, rows, width, with_places=path.suffix == ".npz")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
        raw.unlink(missing_ok=True)


def _check(path: Path, overwrite: bool) -> None:
    place = SourceLocation(str(path))
    if path.suffix not in (".npz", ".npy", ".jsonl"):
        raise InputError("the name does not say a format; end it in .npz, .npy or .jsonl", place)
    if path.is_dir():
        raise InputError("it is a folder; give the name of a file", place)
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; make it first", place)
    if path.exists() and not overwrite:
        raise InputError("already there; use --force to replace it", place)


class _JsonLines:
    def __init__(self, stream: IO[bytes]) -> None:
        self.events = 0
        self._stream = stream

    def add(self, events: Sequence[LogEvent], vectors: np.ndarray) -> None:
        from loglm.reports.jsonfile import json_text
        from loglm.reports.times import iso_utc

        for event, vector in zip(events, vectors.tolist(), strict=True):
            place = event.location
            when = iso_utc(event.timestamp) or None
            row = {"path": place.path, "record": place.record, "timestamp": when, "vector": vector}
            self._stream.write(json_text(row).encode() + b"\n")
        self.events += len(events)


class _Rows:
    """Vectors go to a stream at once; of the places only numbers stay in memory, 20 bytes an event."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.events = 0
        self.paths: dict[str, int] = {}
        self.path_index = array("i")
        self.records = array("q")
        self.timestamps = array("d")
        self._stream = stream

    def add(self, events: Sequence[LogEvent], vectors: np.ndarray) -> None:
        self._stream.write(np.ascontiguousarray(vectors, "<f4").data)
        for event in events:
            self.path_index.append(self.paths.setdefault(event.location.path, len(self.paths)))
            self.records.append(event.location.record or 0)
            self.timestamps.append(float("nan") if event.timestamp is None else event.timestamp)
        self.events += len(events)

    def places(self) -> dict[str, np.ndarray]:
        return {
            "paths": np.array([path.encode("utf-8", "replace").decode() for path in self.paths], dtype=np.str_),
            "path_index": np.array(self.path_index, np.int32),
            "records": np.array(self.records, np.int64),
            "timestamps": np.array(self.timestamps, np.float64),
        }


def _write_arrays(part: Path, raw: Path, rows: _Rows, width: int, *, with_places: bool) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows.events, width)}
    if not with_places:
        with part.open("xb") as stream:
            _copy_vectors(stream, raw, header)
        return
    with zipfile.ZipFile(part, "x", allowZip64=True) as archive:
        with archive.open("vectors.npy", "w", force_zip64=True) as stream:
            _copy_vectors(stream, raw, header)
        for name, values in rows.places().items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, values, allow_pickle=False)


def _copy_vectors(stream: IO[bytes], raw: Path, header: dict[str, Any]) -> None:
    np.lib.format.write_array_header_1_0(stream, header)
    with raw.open("rb") as vectors:
        shutil.copyfileobj(vectors, stream, 1 << 20)
