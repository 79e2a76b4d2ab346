"""Adding events to an index, in batches that are in it whole or not at all."""

from __future__ import annotations

import math
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np

from loglm.artifacts.database import EncoderId, storable
from loglm.events.event import LogEvent
from loglm.events.opening import STDIN_NAME
from loglm.events.problems import Problems
from loglm.events.rendering import render
from loglm.runtime.embed import Embed
from loglm.search.lexical import add_words
from loglm.search.raw_blocks import EVENTS_IN_BLOCK, pack
from loglm.search.store import VECTORS, open_for_writing
from loglm.search.vectors import append_vectors

__all__ = ["BuildStats", "add_events"]

_BATCH_EVENTS = 2_048
_BATCH_CHARS = 1 << 22
"""Of raw events held at a time; a line can be 1 MiB long."""
_MOST_RECORD = (1 << 63) - 1
_MEMO_NAMES = 100_000


@dataclass
class BuildStats:
    """What a run has read and added."""

    added: int = 0
    """Events that are new in the index."""
    known: int = 0
    """Events read that were in the index already."""
    texts: int = 0
    """Rendered texts that are new in the index, each with a vector."""

    @property
    def read(self) -> int:
        """Events read."""
        return self.added + self.known


def add_events(
    folder: Path,
    events: Iterable[LogEvent],
    *,
    embed: Embed,
    encoder: EncoderId,
    problems: Problems | None = None,
) -> BuildStats:
    """Add events to the index in a folder, which is made where there is none; each batch counts once it is on the disk.

    An event that stands at a place whose event is in the index is not added again: place is the file's absolute path,
    what its first event says (a log that was rotated is another file), and the event's number in it. A killed run
    leaves all finished batches, and the same run again adds the rest.

    Args:
        folder: Of the index.
        events: The events of a file one after the other, from its start.
        embed: Vectors of unit length, float32 (n, D), of rendered texts.
        encoder: What ``embed`` is of.
        problems: Takes a note (``changed``) where a file is not what it was before the events that are new in it.

    Raises:
        InputError: The folder is something else, or cannot be written, or another process writes to it.
        ModelError: The index is of another encoder.
    """
    stats = BuildStats()
    problems = Problems() if problems is None else problems
    with open_for_writing(folder, encoder) as connection:
        writer = _Writer(connection, folder, embed)
        files = _Files(connection, problems)
        for batch in _batches(_new_events(events, files, stats)):
            stats.texts += writer.add(batch, files)
            stats.added += len(batch)
    return stats


@dataclass(slots=True)
class _File:
    """How far a file has been read and indexed."""

    number: int
    path: str
    first_raw: bytes
    indexed: int
    """Events of earlier runs."""
    last_indexed: bytes
    """Digest of the last of them."""
    read: int = 0
    """Events of this run, known ones included."""


@dataclass(slots=True)
class _Placed:
    """An event with the file it is of, and what is to be noted of the file once it is in the index."""

    event: LogEvent
    file: _File
    read: int
    raw_digest: bytes


class _Files:
    """Which events of which files are in the index."""

    def __init__(self, connection: sqlite3.Connection, problems: Problems) -> None:
        self._connection = connection
        self._problems = problems
        self._open: dict[str, _File] = {}
        self._next = 1 + int(connection.execute("SELECT COALESCE(MAX(id), 0) FROM files").fetchone()[0])

    def place(self, event: LogEvent) -> _Placed | None:
        """The event's place, where it is new."""
        path = _absolute(event.location.path)
        digest = _digest(event.raw)
        file = self._open.get(path)
        if file is None:
            file = self._open[path] = self._look_up(path, digest)
        file.read += 1
        if file.read == file.indexed and digest != file.last_indexed:
            message = (
                "is not what it was when the file was indexed; what is behind it is added, what is before it stays"
            )
            self._problems.note("changed", message, event.location)
        return _Placed(event, file, file.read, digest) if file.read > file.indexed else None

    def note(self, placed: _Placed) -> None:
        """Write how far the file is indexed."""
        file = placed.file
        self._connection.execute(
            "INSERT INTO files (id, path, first_raw, last_raw, events) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET last_raw = excluded.last_raw, events = excluded.events",
            (file.number, file.path, file.first_raw, placed.raw_digest, placed.read),
        )

    def _look_up(self, path: str, first_raw: bytes) -> _File:
        row = self._connection.execute(
            "SELECT id, events, last_raw FROM files WHERE path = ? AND first_raw = ?", (path, first_raw)
        ).fetchone()
        if row is not None:
            return _File(row[0], path, first_raw, row[1], row[2])
        self._next += 1
        return _File(self._next - 1, path, first_raw, 0, b"")


class _Writer:
    """Writes batches into an open index."""

    def __init__(self, connection: sqlite3.Connection, folder: Path, embed: Embed) -> None:
        self._connection = connection
        self._folder = folder
        self._embed = embed
        self._names: dict[tuple[str, ...], int] = {}

    def add(self, batch: list[_Placed], files: _Files) -> int:
        """Write one batch; returns how many texts were new."""
        texts = [storable(render(placed.event)) for placed in batch]
        ids, fresh = self._text_ids(texts)
        vectors = self._embed(list(fresh.values()))
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        try:
            self._add_texts(fresh, vectors)
            self._add_events(batch, [ids[text] for text in texts])
            for placed in {placed.file.number: placed for placed in batch}.values():
                files.note(placed)
            run("COMMIT")
        except BaseException:
            self._names.clear()
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise
        return len(fresh)

    def _text_ids(self, texts: list[str]) -> tuple[dict[str, int], dict[int, str]]:
        """The id of each text, and the new ones by their ids, which follow on those there are."""
        next_id = 1 + int(self._connection.execute("SELECT COALESCE(MAX(id), 0) FROM texts").fetchone()[0])
        ids: dict[str, int] = {}
        fresh: dict[int, str] = {}
        for text in dict.fromkeys(texts):
            row = self._connection.execute("SELECT id FROM texts WHERE key = ?", (_digest(text),)).fetchone()
            ids[text] = row[0] if row else next_id + len(fresh)
            if row is None:
                fresh[ids[text]] = text
        return ids, fresh

    def _add_texts(self, fresh: dict[int, str], vectors: np.ndarray) -> None:
        if not fresh:
            return
        first_row = min(fresh) - 1
        crc = append_vectors(self._folder / VECTORS, vectors, first_row)
        rows = [(number, _digest(text), text) for number, text in fresh.items()]
        self._connection.executemany("INSERT INTO texts VALUES (?, ?, ?)", rows)
        self._connection.execute("INSERT INTO vector_batches VALUES (?, ?, ?)", (first_row, len(fresh), crc))
        add_words(self._connection, fresh)

    def _add_events(self, batch: list[_Placed], text_ids: list[int]) -> None:
        first = 1 + int(self._connection.execute("SELECT COALESCE(MAX(id), 0) FROM events").fetchone()[0])
        rows = [
            (first + number, text_id, placed.file.number, *self._columns(placed.event))
            for number, (placed, text_id) in enumerate(zip(batch, text_ids, strict=True))
        ]
        self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        for start in range(0, len(batch), EVENTS_IN_BLOCK):
            raws = [storable(placed.event.raw) for placed in batch[start : start + EVENTS_IN_BLOCK]]
            self._connection.execute("INSERT INTO blocks VALUES (?, ?, ?)", (first + start, *pack(raws)))

    def _columns(self, event: LogEvent) -> tuple[int | None, float | None, int, int]:
        record, time = event.location.record, event.timestamp
        return (
            record if record is None or record <= _MOST_RECORD else None,
            time if time is not None and math.isfinite(time) else None,
            self._id_of("sources (name)", (storable(event.log_source.label),)),
            self._id_of("entities (kind, value)", tuple(map(storable, event.entity))),
        )

    def _id_of(self, table: str, names: tuple[str, ...]) -> int:
        """The id of a name in a table given with its columns; the name is added where it is new."""
        found = self._names.get((table, *names))
        if found is None:
            if len(self._names) >= _MEMO_NAMES:
                self._names.clear()
            columns = table.partition("(")[2].rstrip(")").split(", ")
            marks = ", ".join("?" * len(names))
            same = " AND ".join(f"{column} = ?" for column in columns)
            self._connection.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", names)  # noqa: S608 (own words)
            (found,) = self._connection.execute(
                f"SELECT id FROM {table.partition(' ')[0]} WHERE {same}",  # noqa: S608
                names,
            ).fetchone()
            self._names[(table, *names)] = found
        return found


def _new_events(events: Iterable[LogEvent], files: _Files, stats: BuildStats) -> Iterator[_Placed]:
    for event in events:
        placed = files.place(event)
        if placed is None:
            stats.known += 1
        else:
            yield placed


def _batches(events: Iterable[_Placed]) -> Iterator[list[_Placed]]:
    batch: list[_Placed] = []
    chars = 0
    for placed in events:
        batch.append(placed)
        chars += len(placed.event.raw)
        if len(batch) == _BATCH_EVENTS or chars >= _BATCH_CHARS:
            yield batch
            batch, chars = [], 0
    if batch:
        yield batch


def _absolute(path: str) -> str:
    return storable(path if path == STDIN_NAME else os.path.abspath(path))  # noqa: PTH100 (links stay)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
