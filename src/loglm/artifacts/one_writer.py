"""Databases that one process at a time writes to, and that leave nothing behind where nothing came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from loglm.artifacts.database import DatabaseFolder, EncoderId
from loglm.artifacts.folder_lock import LOCK, lock_folder

__all__ = ["LOCK", "open_for_one_writer"]

_BESIDE_SQLITE = ("", "-wal", "-shm")
"""What SQLite adds to a database's name for its other files."""


@contextmanager
def open_for_one_writer(
    kind: DatabaseFolder, folder: Path, encoder: EncoderId | None, *, content: str, files: Sequence[str] = ()
) -> Iterator[sqlite3.Connection]:
    """The database of a folder, made where there is none; other processes that would write are refused meanwhile.

    Where the block ends and the database that it made holds nothing, what was made is removed again: these files by
    their names, and the folder if it is empty then. What others put there stays.

    Args:
        kind: Of the folder.
        folder: May be one that does not exist.
        encoder: Whose vectors it holds; None for no vectors.
        content: The table that has rows where the database holds something.
        files: Others that the block may make.

    Raises:
        InputError: The folder is something else, damaged, not to be written, or another process writes to it.
        ModelError: It is of another encoder.
    """
    kind.refuse_others(folder, besides=frozenset((LOCK,)))
    is_new_folder = not folder.exists()
    kind.make(folder)
    with _writers_lock(kind, folder), kind.errors(folder):
        is_new = not (folder / kind.file).is_file()  # now that nobody else can be making it
        connection = kind.open(folder, encoder)
        try:
            yield connection
        finally:
            holds_nothing = is_new and _is_empty(connection, content)
            connection.close()
            if holds_nothing:
                made = [*(f"{kind.file}{end}" for end in _BESIDE_SQLITE), *files, LOCK]
                _remove(folder, made, with_folder=is_new_folder)


def _writers_lock(kind: DatabaseFolder, folder: Path) -> TextIO:
    busy = (
        f"{folder}: another process is writing to this {kind.name}; wait for its end, or give another folder. It can "
        "be read meanwhile"
    )
    with kind.access_errors(folder, "written"):
        return lock_folder(folder, busy=busy)


def _is_empty(connection: sqlite3.Connection, table: str) -> bool:
    """As others see it: what is not committed does not count."""
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        return connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None  # noqa: S608 (own words)
    except sqlite3.DatabaseError:
        return False


def _remove(folder: Path, names: Sequence[str], *, with_folder: bool) -> None:
    with suppress(OSError):  # as on Windows, where an open file cannot be removed; then the rest stays too
        for name in names:
            (folder / name).unlink(missing_ok=True)
        if with_folder:
            folder.rmdir()
