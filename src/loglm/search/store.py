"""The folder of an index: a SQLite database beside a file of vectors, opened for reading by many, for writing by one.

SQLite holds events, texts and their words, and its transactions say what is in the index; `VECTORS` holds a vector for
each text and is written before the transaction that makes its rows count. Readers see the last finished batch (WAL).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from loglm.artifacts.database import DatabaseFolder, EncoderId, storable
from loglm.errors import InputError
from loglm.search.lexical import WORDS_TABLE

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where SQLite's own lock has to do
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "DATABASE",
    "LOCK",
    "VECTORS",
    "open_for_reading",
    "open_for_writing",
    "sqlite_errors",
    "storable",
    "writers_lock",
]

DATABASE = "index.sqlite"
VECTORS = "vectors.i16"
LOCK = "lock"

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
    is_new = not (folder / DATABASE).is_file()
    _INDEX.refuse_others(folder, besides=frozenset((LOCK,)))
    _require_full_text_search()
    folder.mkdir(parents=True, exist_ok=True)
    with writers_lock(folder), sqlite_errors(folder):
        connection = _INDEX.open(folder, encoder)
        try:
            yield connection
        finally:
            is_empty = is_new and _holds_nothing(connection)
            connection.close()
            if is_empty:
                shutil.rmtree(folder)


def open_for_reading(folder: Path, encoder: EncoderId | None) -> sqlite3.Connection:
    """The database of an index, to be read while others write; without an encoder, for what needs no vectors.

    Raises:
        InputError: There is no index, or it is damaged.
        ModelError: The index is of another encoder.
    """
    database = folder / DATABASE
    if not database.is_file():
        reason = f"no {DATABASE} in it" if folder.is_dir() else "there is no such folder"
        raise InputError(f"{folder}: not an index ({reason}); make one with loglm index PATH... --out {folder}")
    is_at_rest = not os.access(folder, os.W_OK) and not database.with_name(f"{DATABASE}-wal").exists()
    return _INDEX.open_read_only(folder, encoder, is_at_rest=is_at_rest)


def sqlite_errors(folder: Path, what: str = "the logs") -> AbstractContextManager[None]:
    """SQLite's errors as `InputError`: what it cannot do now apart from what it cannot read.

    Args:
        folder: Of the index.
        what: Is to be indexed again where the index cannot be read.
    """
    return replace(_INDEX, remake=f"index {what} again").errors(folder)


@contextmanager
def writers_lock(folder: Path) -> Iterator[None]:
    """Keeps other processes that write to an index in the same folder out while the block lasts.

    Raises:
        InputError: Another process has it; the folder is gone or cannot be written.
    """
    path = folder / LOCK
    busy = InputError(
        f"{folder}: another process is writing to this index; wait for its end, or give another --out. "
        "Searching works meanwhile"
    )
    try:
        lock = path.open("w")
    except OSError as error:
        raise InputError(f"{folder}: the index cannot be written ({error.strerror or error})") from error
    with lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a killed run has left no lock
                if not os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                    raise busy  # who had it has removed it, and another may have made it anew
            except (BlockingIOError, FileNotFoundError) as error:
                raise busy from error
        yield


def _require_full_text_search() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]:
            raise InputError(
                f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search (FTS5), which an index needs; "
                "use a Python whose SQLite has it, as those of python.org and of Linux distributions have"
            )


def _holds_nothing(connection: sqlite3.Connection) -> bool:
    try:
        return connection.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False
