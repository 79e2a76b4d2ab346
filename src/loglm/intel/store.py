"""The folder of an intel index: one SQLite database with the documents, their passages, and the passages' words.

A run that adds documents is one transaction: a kill leaves the index as it was, and readers see all of a run or
nothing. The words are derived from the passages and kept so that a question need not read every text.
"""

from __future__ import annotations

import io
import shlex
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from loglm.artifacts.database import DatabaseFolder
from loglm.artifacts.one_writer import open_for_one_writer
from loglm.errors import InputError
from loglm.intel.ranking import Terms

__all__ = ["DATABASE", "damaged", "open_for_reading", "open_for_writing", "read_terms", "write_terms"]

DATABASE = "intel.sqlite"

_SCHEMA = """
CREATE TABLE documents (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, name TEXT NOT NULL UNIQUE, sha256 BLOB NOT NULL, format TEXT NOT NULL
);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, document INTEGER NOT NULL, place TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    kind TEXT NOT NULL, techniques TEXT NOT NULL
);
CREATE INDEX passages_by_document ON passages (document);
CREATE TABLE words (name TEXT PRIMARY KEY, data BLOB NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID
"""

_INDEX = DatabaseFolder("intel index", DATABASE, "1", _SCHEMA, "index the texts again")


@contextmanager
def open_for_writing(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of an index within one transaction, made where there is none; committed where the block ends well.

    One process at a time has it. Where the block ends otherwise, what was made for it is removed.

    Raises:
        InputError: The folder is something else, damaged, not to be written, or another process writes to it.
    """
    with open_for_one_writer(_INDEX, folder, None, content="documents") as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def open_for_reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database of an index, to be read.

    Raises:
        InputError: There is no index, or it is empty, damaged or of another format.
    """
    if not (folder / DATABASE).is_file():
        reason = f"no {DATABASE} in it" if folder.is_dir() else "there is no such folder"
        raise InputError(
            f"{folder}: not an intel index ({reason}); make one with "
            f"`loglm intel index PATH... --out {shlex.quote(str(folder))}`"
        )
    with closing(_INDEX.open_read_only(folder, None)) as connection, _INDEX.errors(folder):
        connection.execute("BEGIN")
        if connection.execute("SELECT 1 FROM documents UNION ALL SELECT 1 FROM words LIMIT 1").fetchone() is None:
            raise _INDEX.empty(folder)  # its first run has not ended, or was killed
        yield connection


def damaged(folder: Path, why: object) -> InputError:
    """What to raise where the content of an index is not as it was written."""
    return _INDEX.damaged(folder, why)


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
        raise damaged(folder, f"its words: {error}") from error


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
