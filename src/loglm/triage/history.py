"""The history: a folder with past incidents, their vectors and every verdict on them, in one SQLite database.

A verdict is never overwritten: the last one on an incident counts, and the earlier ones stay to be read. Each call to
`History.learn` is one transaction, so that a kill leaves all of it or nothing, and what it wrote counts for the next
question. It keeps titles, places and vectors, not the incidents' texts.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from loglm.artifacts.database import DatabaseFolder, EncoderId, storable
from loglm.errors import InputError, SourceLocation
from loglm.triage.incidents import Contradiction, Ruling
from loglm.triage.records import Incident, content_key, head_key
from loglm.triage.verdicts import Verdict

__all__ = ["History", "Learned", "PastIncident", "PastIncidents"]

_SCHEMA = """
CREATE TABLE incidents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, head BLOB NOT NULL, content BLOB NOT NULL,
    title TEXT NOT NULL, time REAL, path TEXT NOT NULL, record INTEGER, vector BLOB NOT NULL
);
CREATE TABLE verdicts (
    number INTEGER PRIMARY KEY, incident TEXT NOT NULL, verdict TEXT NOT NULL, path TEXT NOT NULL, record INTEGER,
    learned REAL NOT NULL
);
CREATE INDEX verdicts_by_incident ON verdicts (incident)
"""
_HISTORY = DatabaseFolder("history", "history.sqlite", "1", _SCHEMA, "learn the incidents again")
_DECIDED = """
SELECT i.id, i.title, v.verdict, i.time, i.path, i.record, i.head, i.content, i.vector
FROM incidents i JOIN verdicts v ON v.number = (SELECT max(number) FROM verdicts WHERE incident = i.id)
ORDER BY i.time, i.number
"""
_TAKE = """
INSERT INTO incidents (id, head, content, title, time, path, record, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET head = excluded.head, content = excluded.content, title = excluded.title,
    time = excluded.time, path = excluded.path, record = excluded.record, vector = excluded.vector
WHERE content IS NOT excluded.content OR time IS NOT excluded.time
"""
_LAST = "SELECT verdict, path, record FROM verdicts WHERE incident = ? ORDER BY number DESC LIMIT 1"


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident of the history that has a verdict."""

    incident_id: str
    title: str
    verdict: Verdict
    timestamp: float | None
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class PastIncidents:
    """All that have one, oldest first."""

    incidents: Sequence[PastIncident]
    vectors: np.ndarray
    """float32 (m, D), rows of unit length."""
    heads: Sequence[bytes]
    """Equal for incidents that are called the same."""
    contents: Sequence[bytes]
    """Equal for incidents that read the same."""

    @property
    def marks(self) -> dict[str, tuple[bytes, float | None]]:
        """Content and time (`Incident.mark`) by incident id."""
        pairs = zip(self.incidents, self.contents, strict=True)
        return {past.incident_id: (content, past.timestamp) for past, content in pairs}

    @property
    def is_attack(self) -> np.ndarray:
        """bool (m,): true positives."""
        return np.asarray([past.verdict is Verdict.TRUE_POSITIVE for past in self.incidents], bool)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a history took."""

    incidents: int
    """New ones."""
    changed: int
    """Held ones whose content or time is now as it was given."""
    verdicts: int
    """That say something new."""
    contradictions: Sequence[Contradiction]
    """Verdicts that say something else than one learned before."""


class History:
    """A history opened for reading and learning; a context manager.

    Args:
        folder: Made with the first incident that is learned.
        encoder: Whose vectors it holds.

    Raises:
        InputError: The folder is something else, or damaged.
        ModelError: It is of another encoder.
    """

    def __init__(self, folder: Path, encoder: EncoderId) -> None:
        self._folder = folder
        self._encoder = encoder
        self._connection: sqlite3.Connection | None = None
        _HISTORY.refuse_others(folder)
        self.is_read_only = False
        """It can be judged by, and nothing can be kept in it."""
        if (folder / _HISTORY.file).is_file():
            self.is_read_only = not _HISTORY.can_write(folder)
            opens = _HISTORY.open_read_only if self.is_read_only else _HISTORY.open
            self._connection = opens(folder, encoder)

    def __enter__(self) -> History:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def marks(self, names: Sequence[str]) -> dict[str, tuple[bytes, float | None]]:
        """Content and time (`Incident.mark`) by incident id, of those that it holds."""
        if self._connection is None:
            return {}
        with _HISTORY.errors(self._folder):
            select = "SELECT content, time FROM incidents WHERE id = ?"
            rows = {name: self._connection.execute(select, (storable(name),)).fetchone() for name in names}
        return {name: row for name, row in rows.items() if row is not None}

    def learn(self, incidents: Sequence[Incident], vectors: np.ndarray, rulings: Sequence[Ruling]) -> Learned:
        """Take incidents that are new, and verdicts on any that it then holds; all or nothing, down to the disk.

        Args:
            incidents: One with an id that it holds takes the other's place.
            vectors: float32 (n, D), rows of unit length.
            rulings: In the order in which they were given.

        Raises:
            InputError: The history cannot be written, or is damaged.
        """
        self._refuse_read_only()
        connection = self._connection = self._connection or _HISTORY.open(self._folder, self._encoder)
        with _HISTORY.errors(self._folder):
            connection.execute("BEGIN IMMEDIATE")
            try:
                before, writes = _count(connection), connection.total_changes
                connection.executemany(
                    _TAKE, (_row(incident, vector) for incident, vector in zip(incidents, vectors, strict=True))
                )
                new = _count(connection) - before
                changed = connection.total_changes - writes - new
                changes = [change for ruling in rulings if (change := _rule(connection, ruling)) is not None]
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        contradictions = [change for change in changes if isinstance(change, Contradiction)]
        return Learned(new, changed, len(changes), contradictions)

    def forget(self, names: Sequence[str]) -> set[str]:
        """Take incidents away with all verdicts on them, by id; gives those ids that it held.

        Raises:
            InputError: The history cannot be written, or is damaged.
        """
        if names:
            self._refuse_read_only()
        held = set(self.marks(names))
        if self._connection is not None and held:
            ids = [(storable(name),) for name in held]
            with _HISTORY.errors(self._folder):
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("DELETE FROM verdicts WHERE incident = ?", ids)
                self._connection.executemany("DELETE FROM incidents WHERE id = ?", ids)
                self._connection.execute("COMMIT")
        return held

    def incidents(self) -> PastIncidents:
        """Those with a verdict, oldest first by their time, else as they were learned."""
        rows = []
        if self._connection is not None:
            with _HISTORY.errors(self._folder):
                rows = self._connection.execute(_DECIDED).fetchall()
        try:
            past = [
                PastIncident(name, title, Verdict(verdict), when, SourceLocation(path, record))
                for name, title, verdict, when, path, record, *_ in rows
            ]
            vectors = np.frombuffer(b"".join(row[-1] for row in rows), "<f2").reshape(len(rows), self._encoder.width)
        except ValueError as error:
            raise _HISTORY.damaged(self._folder, error) from error
        return PastIncidents(past, vectors.astype(np.float32), [row[-3] for row in rows], [row[-2] for row in rows])

    def _refuse_read_only(self) -> None:
        if self.is_read_only:
            raise InputError(
                f"{self._folder}: the history is read-only, so verdicts cannot be kept in it; leave out --learn, "
                "--verdicts and --forget to judge by it as it is, or give a copy that can be written"
            )


def _count(connection: sqlite3.Connection) -> int:
    number: int = connection.execute("SELECT count(*) FROM incidents").fetchone()[0]
    return number


def _row(incident: Incident, vector: np.ndarray) -> tuple[object, ...]:
    place = incident.location
    return (
        *(storable(incident.incident_id), head_key(incident.parts), content_key(incident.parts)),
        *(storable(incident.title), incident.timestamp),
        *(storable(place.path), place.record, vector.astype("<f2").tobytes()),
    )


def _rule(connection: sqlite3.Connection, ruling: Ruling) -> Ruling | Contradiction | None:
    """Write down a verdict; None where it says nothing new, the contradiction where it changes one."""
    name = storable(ruling.incident_id)
    last = connection.execute(_LAST, (name,)).fetchone()
    if last is not None and last[0] == ruling.verdict:
        return None
    place = ruling.location
    connection.execute(
        "INSERT INTO verdicts (incident, verdict, path, record, learned) VALUES (?, ?, ?, ?, ?)",
        (name, str(ruling.verdict), storable(place.path), place.record, time.time()),
    )
    if last is None:
        return ruling
    before = Ruling(ruling.incident_id, Verdict(last[0]), SourceLocation(last[1], last[2]))
    return Contradiction(before, ruling, ruling.verdict)
