"""The folder of an intel index: one SQLite database with the documents, their passages, and the passages' words.

A run that adds documents is one transaction: a kill leaves the index as it was, and readers see all of a run or
nothing. The words are derived from the passages and kept so that a question need not read every text.
"""

from __future__ import annotations

import io
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from loglm.errors import InputError
from loglm.intel.ranking import Terms
from loglm.search.store import sqlite_errors

__all__ = ["DATABASE", "open_for_reading", "open_for_writing", "read_terms", "write_terms"]

DATABASE = "intel.sqlite"
_FORMAT = "1"
_WAIT_S = 30.0
_WHAT = "the texts"

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL UNIQUE, sha256 BLOB NOT NULL, format TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, place TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    kind TEXT NOT NULL, techniques TEXT NOT NULL
);
CREATE INDEX passages_by_document ON passages (document);
CREATE TABLE words (name TEXT PRIMARY KEY, data BLOB NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID;
"""


@contextmanager
def open_for_writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of an index within one transaction, made where there is none; committed where the block ends well.

    Raises:
        InputError: The folder is something else, damaged, not to be written, or another process writes to it.
    """
    is_new = not (folder / DATABASE).is_file()
    if is_new and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: not an intel index, and not empty; give a folder that does not exist yet")
    folder.mkdir(parents=True, exist_ok=True)
    with sqlite_errors(folder, _WHAT):
        connection = sqlite3.connect(folder / DATABASE, timeout=_WAIT_S, isolation_level=None)
        done = False
        try:
            connection.execute("BEGIN IMMEDIATE")
            if is_new:
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))
            _check(connection, folder)
            yield connection
            connection.execute("COMMIT")
            done = True
        finally:
            connection.close()
            if is_new and not done:
                shutil.rmtree(folder)


@contextmanager
def open_for_reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of an index, to be read.

    Raises:
        InputError: There is no index, it is of another kind or format, or it is damaged.
    """
    database = folder / DATABASE
    if not database.is_file():
        reason = f"no {DATABASE} in it" if folder.is_dir() else "there is no such folder"
        raise InputError(
            f"{folder}: not an intel index ({reason}); make one with loglm intel index PATH... --out {folder}"
        )
    with sqlite_errors(folder, _WHAT):
        connection = sqlite3.connect(
            f"{database.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_S, isolation_level=None
        )
        try:
            connection.execute("BEGIN")
            _check(connection, folder)
            yield connection
        finally:
            connection.close()


def write_terms(connection: sqlite3.Connection, terms: Terms) -> None:
    """Keep the words of all passages, in place of those kept before."""
    counts = terms.counts
    arrays = {
        "counts": np.minimum(counts.data, np.iinfo(np.uint16).max).astype(np.uint16),
        "indices": counts.indices.astype(np.uint32),
        "ends": counts.indptr.astype(np.uint32),
    }
    connection.execute("DELETE FROM words")
    for name, array in arrays.items():
        held = io.BytesIO()
        np.save(held, array, allow_pickle=False)
        _keep(connection, name, held.getvalue())
    _keep(connection, "vocabulary", "\n".join(terms.vocabulary).encode())


def read_terms(connection: sqlite3.Connection, folder: Path, passages: int) -> Terms:
    """What `write_terms` kept.

    Raises:
        InputError: It is not what was written, or of another number of passages.
    """
    from scipy.sparse import csr_matrix

    try:
        held = dict(_checked(connection))
        counts, indices, ends = (_array(held[name]) for name in ("counts", "indices", "ends"))
        vocabulary = tuple(held["vocabulary"].decode().split("\n")) if held["vocabulary"] else ()
        data = counts.astype(np.float32), indices.astype(np.int32), ends.astype(np.int32)
        return Terms(vocabulary, csr_matrix(data, shape=(passages, len(vocabulary))))
    except (KeyError, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError(
            f"{folder}: the index is damaged (its words: {error}); restore it from a copy, or index the texts again "
            "into another folder"
        ) from error


def _keep(connection: sqlite3.Connection, name: str, data: bytes) -> None:
    connection.execute("INSERT INTO words VALUES (?, ?, ?)", (name, zlib.compress(data, 1), zlib.crc32(data)))


def _checked(connection: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    for name, packed, crc in connection.execute("SELECT name, data, crc32 FROM words"):
        data = zlib.decompress(packed)
        if zlib.crc32(data) != crc:
            raise ValueError(f"{name} is not as written")
        yield name, data


def _array(data: bytes) -> np.ndarray:
    array: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _check(connection: sqlite3.Connection, folder: Path) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if row is None or row[0] != _FORMAT:
        raise InputError(
            f"{folder}: an intel index of format {row and row[0]}, but this loglm reads format {_FORMAT}; index the "
            "texts again into another folder"
        )
