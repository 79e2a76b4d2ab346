"""Entities for which memory has no room, in a temporary file of SQLite that goes with the process."""

from __future__ import annotations

import math
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from loglm.context.entity import Entity, EntityContext, pack_context, unpack_context
from loglm.errors import InputError

__all__ = ["NO_ROOM", "EntitySpill", "entities_saved", "time_heard"]

NO_ROOM: Final = (
    "make room in the folder for temporary files, name another in the variable SQLITE_TMPDIR, or remember fewer "
    "entities"
)

_TABLE: Final = """
CREATE TABLE entities (
    number INTEGER PRIMARY KEY, entity BLOB NOT NULL UNIQUE, newest REAL, held_from REAL, context BLOB NOT NULL
)
"""
_INDEX: Final = "CREATE INDEX held ON entities (held_from) WHERE held_from IS NOT NULL"
_INSERT: Final = "INSERT INTO entities (entity, newest, held_from, context) VALUES (?, ?, ?, ?)"
_SORT: Final = (
    "ALTER TABLE entities RENAME TO unsorted",
    "DROP INDEX held",
    _TABLE,
    _INDEX,
    "INSERT INTO entities (entity, newest, held_from, context) "
    "SELECT entity, newest, held_from, context FROM unsorted ORDER BY newest, number",
    "DROP TABLE unsorted",
)
_CACHE_KIB: Final = 16_384


class EntitySpill:
    """Contexts of entities by when they were heard of last, longest ago first.

    The file lies in SQLite's temporary folder (the variables ``SQLITE_TMPDIR`` and ``TMPDIR`` name another), has no
    name there, and is gone when the process ends, however it does. 16 MiB of it are held in memory.
    """

    def __init__(self, lateness_s: float) -> None:
        """``lateness_s``: as of the entities' orders."""
        self._lateness_s = lateness_s
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = MEMORY", "synchronous = OFF", f"cache_size = -{_CACHE_KIB}"):
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(_TABLE)
        self._database.execute(_INDEX)
        weakref.finalize(self, self._database.close)
        self._entities = 0
        self.nbytes = 0
        """Bytes of names and contexts."""

    def __len__(self) -> int:
        """Entities held."""
        return self._entities

    def put(self, entity: Entity, context: EntityContext) -> bool:
        """Take one that is not held, heard of after all others; whether there was room on the disk."""
        key, data = _key(entity), pack_context(context)
        try:
            self._database.execute(_INSERT, (key, time_heard(context), context.order.oldest_held, data))
        except sqlite3.Error:
            return False
        self._entities += 1
        self.nbytes += len(key) + len(data)
        return True

    def get(self, entity: Entity) -> EntityContext | None:
        """A copy of what is held of one; None for nothing."""
        found = self._run("SELECT context FROM entities WHERE entity = ?", _key(entity)).fetchone()
        return None if found is None else self._unpacked(found[0])

    def take(self, entity: Entity) -> EntityContext | None:
        """What is held of one, which is no longer held then; None for nothing."""
        found = self._run("SELECT entity, context FROM entities WHERE entity = ?", _key(entity)).fetchone()
        return None if found is None else self._taken(*found)[1]

    def take_oldest(self) -> tuple[Entity, EntityContext]:
        """The one not heard of for longest, which is no longer held then; there has to be one."""
        return self._taken(*self._run("SELECT entity, context FROM entities ORDER BY number LIMIT 1").fetchone())

    def take_newest(self) -> tuple[Entity, EntityContext]:
        """The one heard of last, which is no longer held then; there has to be one."""
        return self._taken(*self._run("SELECT entity, context FROM entities ORDER BY number DESC LIMIT 1").fetchone())

    def holding(self, due: float) -> Iterator[tuple[Entity, EntityContext]]:
        """Those with events of before a time that wait for their turn; what is done to a context is kept."""
        waiting = self._run("SELECT entity FROM entities WHERE held_from < ? ORDER BY number", due).fetchall()
        for (key,) in waiting:
            (before,) = self._run("SELECT context FROM entities WHERE entity = ?", key).fetchone()
            context = self._unpacked(before)
            yield _entity(key), context
            data = pack_context(context)
            facts = (time_heard(context), context.order.oldest_held, data, key)
            self._run("UPDATE entities SET newest = ?, held_from = ?, context = ? WHERE entity = ?", *facts)
            self.nbytes += len(data) - len(before)

    def names(self) -> Iterator[Entity]:
        """Of all entities, the one not heard of for longest first."""
        for (key,) in self._run("SELECT entity FROM entities ORDER BY number"):
            yield _entity(key)

    def items(self) -> Iterator[tuple[Entity, EntityContext]]:
        """Copies of all, the one not heard of for longest first."""
        for key, data in self._run("SELECT entity, context FROM entities ORDER BY number"):
            yield _entity(key), self._unpacked(data)

    def sort_by_time(self) -> None:
        """Let the time of the last event say when one was heard of; those without any time come before all others."""
        self._run("PRAGMA journal_mode = OFF")  # which would hold the whole old table in memory
        for statement in _SORT:
            self._run(statement)
        self._run("PRAGMA journal_mode = MEMORY")

    def save(self, path: Path) -> None:
        """Write all into a database of its own.

        Raises:
            OSError: It cannot be written.
        """
        try:
            with closing(sqlite3.connect(path, isolation_level=None)) as target:
                for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", _TABLE, _INDEX):
                    target.execute(statement)
                _copy(self._database, target)
        except sqlite3.Error as error:
            raise OSError(f"{path.name}: {error}") from error

    def load(self, path: Path) -> None:
        """Take all that `save` wrote, heard of after those that are held.

        Raises:
            ValueError: The file is no such database, or there is no room for it.
        """
        try:
            with closing(_opened(path)) as source:
                _copy(source, self._database)
        except sqlite3.Error as error:
            raise ValueError(f"{path.name}: {error}") from error
        size = "SELECT COUNT(*), COALESCE(SUM(LENGTH(entity) + LENGTH(context)), 0) FROM entities"
        self._entities, self.nbytes = self._run(size).fetchone()

    def _taken(self, key: bytes, data: bytes) -> tuple[Entity, EntityContext]:
        self._run("DELETE FROM entities WHERE entity = ?", key)
        self._entities -= 1
        self.nbytes -= len(key) + len(data)
        return _entity(key), self._unpacked(data)

    def _unpacked(self, data: bytes) -> EntityContext:
        try:
            return unpack_context(data, lateness_s=self._lateness_s)
        except ValueError as error:
            raise InputError(
                f"what was kept of an entity in the state is damaged ({error}); learn from a baseline again"
            ) from error

    def _run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, values)
        except sqlite3.Error as error:
            raise InputError(
                f"entities for which memory has no room cannot be kept in a temporary file ({error}); {NO_ROOM}"
            ) from error


def entities_saved(path: Path) -> int:
    """How many `EntitySpill.save` wrote.

    Raises:
        ValueError: The file is no such database.
    """
    try:
        with closing(_opened(path)) as source:
            return int(source.execute("SELECT COUNT(*) FROM entities").fetchone()[0])
    except sqlite3.Error as error:
        raise ValueError(f"{path.name}: {error}") from error


def _opened(path: Path) -> sqlite3.Connection:
    """A database to read from alone."""
    address = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    source = sqlite3.connect(address, uri=True, isolation_level=None)
    source.execute("PRAGMA trusted_schema = OFF")
    return source


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """All rows, in their order, in one transaction."""
    rows = source.execute("SELECT entity, newest, held_from, context FROM entities ORDER BY number")
    target.execute("BEGIN")
    try:
        target.executemany(_INSERT, rows)
    except BaseException:
        target.execute("ROLLBACK")
        raise
    target.execute("COMMIT")


def time_heard(context: EntityContext) -> float:
    """Time of the entity's last event, POSIX seconds; -inf where none had one."""
    newest = context.order.newest
    return -math.inf if newest is None else newest


def _key(entity: Entity) -> bytes:
    return "\0".join(entity).encode("utf-8", "surrogatepass")


def _entity(key: bytes) -> Entity:
    kind, _, value = key.decode("utf-8", "surrogatepass").partition("\0")
    return kind, value
