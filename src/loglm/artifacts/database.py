"""Folders with a SQLite database: made once by whoever is first, checked when opened, with errors that say what to do.

A database has a table ``meta`` with its format and, where it holds vectors, whose they are. Readers see the last
finished transaction while another process writes (WAL).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loglm.errors import InputError, ModelError

__all__ = ["DatabaseFolder", "EncoderId", "storable"]

_WAIT_S = 30.0
_META = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
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
    """Which encoder made the vectors of a database."""

    name: str
    """As its model folder calls it, for messages."""
    sha256: str
    """Of its files, so that vectors of different encoders are never compared."""
    width: int
    """D, the length of a vector."""


@dataclass(frozen=True)
class DatabaseFolder:
    """A kind of folder with a database."""

    name: str
    """As messages call it: ``index``."""
    file: str
    """Name of the database in it."""
    format: str
    """Of its tables; another one is refused."""
    schema: str
    """The statements that make its tables, ``;`` between them."""
    remake: str
    """What brings its content into another folder, for messages: ``index the logs again``."""

    def refuse_others(self, folder: Path, *, besides: frozenset[str] = frozenset()) -> None:
        """Complain of a folder of something else; one that is empty or does not exist may become one of these.

        Args:
            folder: To be looked at.
            besides: Names of files that may be there before the database is.

        Raises:
            InputError: It is a file, or has other files and no database.
        """
        with self.access_errors(folder, "read"):
            if folder.exists() and not folder.is_dir():
                raise InputError(f"{folder}: a file, but expected the folder of the {self.name}; give another")
            names = {path.name for path in folder.iterdir()} if folder.exists() else set()
        if names - besides and not (folder / self.file).is_file():  # looked for last: another may be making it
            raise InputError(f"{folder}: no {self.name} in it, and not empty; give a folder that does not exist yet")

    def open(self, folder: Path, encoder: EncoderId | None) -> sqlite3.Connection:
        """The database, for reading and writing; made where there is none, by one of those that ask for it at once.

        Raises:
            InputError: It is damaged, of another format, or cannot be written.
            ModelError: It is of another encoder.
        """
        self.make(folder)
        with self.errors(folder):
            connection = sqlite3.connect(folder / self.file, timeout=_WAIT_S, isolation_level=None)
            with _closed_on_error(connection):
                self._make_tables(connection, encoder)
                _let_others_read(connection)
                connection.execute("PRAGMA synchronous = FULL")
                self._check(connection, folder, encoder)
                return connection

    def open_read_only(self, folder: Path, encoder: EncoderId | None) -> sqlite3.Connection:
        """The database, for reading; without an encoder, for what needs no vectors.

        Args:
            folder: Has a database. It may be one that cannot be written.
            encoder: Whose vectors it has to hold.

        Raises:
            InputError: It is empty, damaged or of another format.
            ModelError: It is of another encoder.
        """
        # with readers beside a writer, SQLite writes a file beside the database; where it cannot, nobody writes
        is_at_rest = not self.can_write(folder) and not (folder / f"{self.file}-wal").exists()
        mode = "immutable=1" if is_at_rest else "mode=ro"
        with self.errors(folder):
            uri = f"{(folder / self.file).absolute().as_uri()}?{mode}"
            connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_S, isolation_level=None)
            with _closed_on_error(connection):
                if not _has_tables(connection):
                    raise self.empty(folder)
                self._check(connection, folder, encoder)
                return connection

    def can_write(self, folder: Path) -> bool:
        """Whether this process may write to the database of a folder."""
        effective = os.access in os.supports_effective_ids
        return all(os.access(path, os.W_OK, effective_ids=effective) for path in (folder, folder / self.file))

    def make(self, folder: Path) -> None:
        """Make the folder where there is none.

        Raises:
            InputError: It cannot be made, or not be written to.
        """
        with self.access_errors(folder, "written"):
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    @contextmanager
    def access_errors(self, folder: Path, done: str) -> Iterator[None]:
        """The system's refusals as `InputError`; ``done``: what the folder cannot be, ``read`` or ``written``."""
        try:
            yield
        except OSError as error:
            raise InputError(
                f"{folder}: the {self.name} cannot be {done} ({error.strerror or error}); give another folder, or see "
                "that this user may use this one"
            ) from error

    @contextmanager
    def errors(self, folder: Path) -> Iterator[None]:
        """SQLite's errors as `InputError`: what it cannot do now apart from what it cannot read."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if _code(error) not in _NOT_DAMAGE:
                raise self.damaged(folder, error) from error
            raise InputError(
                f"{folder}: the {self.name} cannot be used now ({error}); what it holds is unchanged"
            ) from error

    def damaged(self, folder: Path, why: object) -> InputError:
        """What to raise where its content is not as it was written."""
        return InputError(
            f"{folder}: the {self.name} is damaged ({why}); restore it from a copy, or {self.remake} into another "
            "folder"
        )

    def empty(self, folder: Path) -> InputError:
        """What to raise where nothing was written into it yet."""
        return InputError(
            f"{folder}: the {self.name} holds nothing yet; wait for what fills it to end, or run it again"
        )

    def _make_tables(self, connection: sqlite3.Connection, encoder: EncoderId | None) -> None:
        """All or none, where there are none: looked for again once nobody else can be making them."""
        if _has_tables(connection):
            return
        connection.execute("BEGIN IMMEDIATE")
        if not _has_tables(connection):
            for statement in (_META, *self.schema.split(";")):
                connection.execute(statement)
            facts = {"format": self.format}
            if encoder is not None:
                facts |= {"encoder": encoder.name, "sha256": encoder.sha256, "width": str(encoder.width)}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", facts.items())
        connection.execute("COMMIT")

    def _check(self, connection: sqlite3.Connection, folder: Path, encoder: EncoderId | None) -> None:
        facts = dict(connection.execute("SELECT key, value FROM meta"))
        if facts.get("format") != self.format:
            raise InputError(
                f"{folder}: the {self.name} is of format {facts.get('format')}, but this loglm reads format "
                f"{self.format}; {self.remake} into another folder"
            )
        if encoder is not None and facts.get("sha256") != encoder.sha256:
            raise ModelError(
                f"{folder}: the {self.name} is of the model {facts.get('encoder')!r} (sha256 "
                f"{facts.get('sha256', '')[:12]}…), but the model in use is {encoder.name!r} ({encoder.sha256[:12]}…), "
                f"whose vectors cannot be compared with its; give that model with --model, or {self.remake} into "
                "another folder"
            )


def storable(text: str) -> str:
    """The text as SQLite takes it: a surrogate without its other half becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None


def _let_others_read(connection: sqlite3.Connection) -> None:
    """Readers need not wait for a writer; where others have it open in this moment, from the next opening on."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.OperationalError as error:
        if _code(error) != sqlite3.SQLITE_BUSY:
            raise


def _code(error: sqlite3.DatabaseError) -> int:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code & 0xFF


@contextmanager
def _closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except BaseException:
        connection.close()
        raise
