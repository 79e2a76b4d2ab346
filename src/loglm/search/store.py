"""The folder of an index: a SQLite database beside a file of vectors, opened for reading by many, for writing by one.

SQLite holds events, texts and their words, and its transactions say what is in the index; `VECTORS` holds a vector for
each text and is written before the transaction that makes its rows count. Readers see the last finished batch (WAL).
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import numpy as np

from loglm.artifacts.database import DatabaseFolder, EncoderId
from loglm.artifacts.one_writer import open_for_one_writer
from loglm.errors import InputError
from loglm.search.lexical import WORDS_TABLE
from loglm.search.vectors import checksum, read_vectors

__all__ = ["DATABASE", "VECTORS", "open_for_reading", "open_for_writing", "sqlite_errors"]

DATABASE = "index.sqlite"
VECTORS = "vectors.i16"

_SOURCE_INDEX = "CREATE INDEX IF NOT EXISTS events_by_source ON events (source, text, time)"
"""Answers which texts a log source has without the events; an index made before it came gets it when it is added to."""
_SCHEMA = f"""
CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE entities (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (value, kind));
CREATE TABLE files (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, first_raw BLOB NOT NULL, last_raw BLOB NOT NULL,
    events INTEGER NOT NULL, UNIQUE (path, first_raw)
);
CREATE TABLE texts (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, text TEXT NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, text INTEGER NOT NULL, file INTEGER NOT NULL, record INTEGER, time REAL,
    source INTEGER NOT NULL, entity INTEGER NOT NULL
);
CREATE INDEX events_by_text ON events (text);
CREATE INDEX events_by_time ON events (time);
CREATE INDEX events_by_entity ON events (entity);
{_SOURCE_INDEX};
CREATE TABLE blocks (first_event INTEGER PRIMARY KEY, ends BLOB NOT NULL, raws BLOB NOT NULL);
CREATE TABLE vector_batches (first_row INTEGER PRIMARY KEY, rows INTEGER NOT NULL, crc32 INTEGER NOT NULL);
{WORDS_TABLE}
"""

_INDEX = DatabaseFolder("index", DATABASE, "1", _SCHEMA, "index the logs again")


@contextmanager
def open_for_writing(folder: Path, encoder: EncoderId) -> Iterator[sqlite3.Connection]:
    """The database of an index, made where there is none; one process at a time has it.

    A new one in which nothing was committed is removed when the block ends.

    Raises:
        InputError: The folder is something else, damaged, not to be written, or another process writes to it.
        ModelError: The index is of another encoder.
    """
    _require_full_text_search()
    with open_for_one_writer(_INDEX, folder, encoder, content="events", files=(VECTORS,)) as connection:
        checked_vectors(connection, folder, encoder.width)  # else what is added would stand beside damage
        connection.execute(_SOURCE_INDEX)
        yield connection


def open_for_reading(folder: Path, encoder: EncoderId | None) -> sqlite3.Connection:
    """The database of an index, to be read while others write; without an encoder, for what needs no vectors.

    Raises:
        InputError: There is no index, or it is damaged.
        ModelError: The index is of another encoder.
    """
    database = folder / DATABASE
    if not database.is_file():
        reason = f"no {DATABASE} in it" if folder.is_dir() else "there is no such folder"
        command = f"loglm index PATH... --out {shlex.quote(str(folder))}"
        raise InputError(f"{folder}: not an index ({reason}); make one with `{command}`")
    return _INDEX.open_read_only(folder, encoder)


def checked_vectors(connection: sqlite3.Connection, folder: Path, width: int, *, checked: int = 0) -> np.ndarray:
    """All vectors of an index, int16 (n, D), as `loglm.search.vectors.read_vectors` gives them.

    Args:
        connection: Its database.
        folder: Where it is.
        width: Numbers of a vector, D.
        checked: Rows that need no comparison with what was written; they were read before.

    Raises:
        InputError: The file is too short, or a row is not as written.
    """
    (rows,) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM texts").fetchone()
    vectors = read_vectors(folder / VECTORS, int(rows), width)
    batches = connection.execute(
        "SELECT first_row, rows, crc32 FROM vector_batches WHERE first_row >= ? ORDER BY first_row", (checked,)
    )
    for first, count, crc in batches:
        if first != checked or checksum(vectors[first : first + count]) != crc:
            break
        checked = first + count
    if checked != rows:
        raise InputError(
            f"{folder / VECTORS}: the index is damaged (row {checked:,} on is not as written); "
            "restore it from a copy, or index the logs again into another folder"
        )
    return vectors


def sqlite_errors(folder: Path) -> AbstractContextManager[None]:
    """SQLite's errors as `InputError`: what it cannot do now apart from what it cannot read."""
    return _INDEX.errors(folder)


def _require_full_text_search() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]:
            raise InputError(
                f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search (FTS5), which an index needs; "
                "use a Python whose SQLite has it, as those of python.org and of Linux distributions have"
            )
