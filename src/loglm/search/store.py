"""The folder of an index: a SQLite database beside a file of vectors, opened for reading by many, for writing by one.

SQLite holds events, texts and their words, and its transactions say what is in the index; `VECTORS` holds a vector for
each text and is written before the transaction that makes its rows count. Readers see the last finished batch (WAL).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loglm.errors import InputError, ModelError
from loglm.search.lexical import WORDS_TABLE

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where SQLite's own lock has to do
    fcntl = None  # type: ignore[assignment]

__all__ = ["DATABASE", "VECTORS", "EncoderId", "open_for_reading", "open_for_writing", "sqlite_errors", "storable"]

DATABASE = "index.sqlite"
VECTORS = "vectors.i16"
_LOCK = "lock"
_FORMAT = "1"
_WAIT_S = 30.0

_SCHEMA = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
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
{WORDS_TABLE};
"""

_NOT_DAMAGE = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    )
)


@dataclass(frozen=True)
class EncoderId:
    """Which encoder made the vectors of an index."""

    name: str
    """As its model folder calls it, for messages."""
    sha256: str
    """Of its files, so that vectors of different encoders are never compared."""
    width: int
    """D, the length of a vector."""


@contextmanager
def open_for_writing(folder: Path, encoder: EncoderId) -> Iterator[sqlite3.Connection]:
    """The database of an index, made where there is none; one process at a time has it.

    A new one in which nothing was committed is removed when the block ends.

    Raises:
        InputError: The folder is something else, damaged, not to be written, or another process writes to it.
        ModelError: The index is of another encoder.
    """
    is_new = not (folder / DATABASE).is_file()
    if is_new and folder.exists() and (not folder.is_dir() or _has_other_files(folder)):
        raise InputError(f"{folder}: not an index, and not empty; give a folder that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder), sqlite_errors(folder):
        connection = sqlite3.connect(folder / DATABASE, timeout=_WAIT_S, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            _create(connection, encoder)
            _check(connection, folder, encoder)
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
    mode = "immutable=1" if is_at_rest else "mode=ro"  # which has to write a file beside the database, for WAL
    with sqlite_errors(folder):
        connection = sqlite3.connect(
            f"{database.absolute().as_uri()}?{mode}", uri=True, timeout=_WAIT_S, isolation_level=None
        )
        try:
            _check(connection, folder, encoder)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def sqlite_errors(folder: Path, what: str = "the logs") -> Iterator[None]:
    """SQLite's errors as `InputError`: what it cannot do now apart from what it cannot read.

    Args:
        folder: Of the index.
        what: Is to be indexed again where the index cannot be read.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        if code in _NOT_DAMAGE:
            raise InputError(f"{folder}: the index cannot be used now ({error}); what it holds is unchanged") from error
        raise InputError(
            f"{folder}: the index is damaged ({error}); restore it from a copy, or index {what} again into another "
            "folder"
        ) from error


def storable(text: str) -> str:
    """The text as SQLite takes it: a surrogate without its other half becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _has_other_files(folder: Path) -> bool:
    return any(path.name != _LOCK for path in folder.iterdir())


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a killed run has left no lock
            except BlockingIOError as error:
                raise InputError(
                    f"{folder}: another process is writing to this index; wait for its end, or give another --out. "
                    "Searching works meanwhile"
                ) from error
        yield


def _create(connection: sqlite3.Connection, encoder: EncoderId) -> None:
    """The tables, all or none, where there are none."""
    if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
        return
    if not connection.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0]:
        raise InputError(
            f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search (FTS5), which an index needs; "
            "use a Python whose SQLite has it, as those of python.org and of Linux distributions have"
        )
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
    facts = {"format": _FORMAT, "encoder": encoder.name, "sha256": encoder.sha256, "width": str(encoder.width)}
    connection.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, folder: Path, encoder: EncoderId | None) -> None:
    facts = dict(connection.execute("SELECT key, value FROM meta"))
    if facts.get("format") != _FORMAT:
        raise InputError(
            f"{folder}: an index of format {facts.get('format')}, but this loglm reads format {_FORMAT}; index the "
            "logs again into another folder"
        )
    if encoder is not None and facts.get("sha256") != encoder.sha256:
        raise ModelError(
            f"{folder}: the index is of the model {facts.get('encoder')!r} (sha256 {facts.get('sha256', '')[:12]}…), "
            f"but the model in use is {encoder.name!r} ({encoder.sha256[:12]}…), whose vectors cannot be compared with "
            "its; give that model with --model, or index the logs again into another folder"
        )


def _holds_nothing(connection: sqlite3.Connection) -> bool:
    try:
        return connection.execute("SELECT 1 FROM events LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False
