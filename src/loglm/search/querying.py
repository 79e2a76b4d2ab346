"""Questions to an index: events like a given one, by vectors and words together, or with an exact value."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
import zstandard

from loglm.artifacts.database import EncoderId, storable
from loglm.errors import InputError, SourceLocation
from loglm.events.entities import bounded_name
from loglm.events.event import LogEvent
from loglm.events.progress import Progress, silent
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.runtime.embed import Embed
from loglm.search.fusion import fuse
from loglm.search.lexical import by_words, words_of
from loglm.search.raw_blocks import events_with, unpack
from loglm.search.store import checked_vectors, open_for_reading, sqlite_errors
from loglm.search.vectors import cosines, nearest

__all__ = ["Filters", "Hit", "SearchIndex", "check_words", "query_text"]

_DEPTH = 200
"""Places of each ranking that count."""
_MOST_VALUE_CHARS = 1_024
_NAMES_SHOWN = 12
_RECORD_STARTS = ("{", "[", "<")
"""Of JSON and XML, which say much without a space."""


@dataclass(frozen=True)
class Filters:
    """Which events are searched; None leaves a field open."""

    since: float | None = None
    """POSIX seconds, UTC: events of that time or later; those without a time are left out."""
    until: float | None = None
    """POSIX seconds, UTC: events before that time; those without a time are left out."""
    source: str | None = None
    """Log source, whole or a part of it: ``linux/sshd``, ``linux``, ``sshd``."""
    entity: str | None = None
    """The host, user or address of whose behaviour an event is part; letters a to z in either case."""


@dataclass(frozen=True)
class Hit:
    """All events of one rendered text that the filters leave."""

    score: float
    """In 0..1, higher is likelier to be what was asked for: 1.0 where words and vectors agree on the first place, and
    for an exact value."""
    similarity: float | None
    """Cosine of the vectors; None for an exact value."""
    events: int
    """How many there are."""
    location: SourceLocation
    """Place of the first of them in the index."""
    timestamp: float | None
    """Its time, POSIX seconds, UTC."""
    first_time: float | None
    """The earliest time of any of them."""
    last_time: float | None
    """The latest time of any of them."""
    log_source: str
    entity_kind: str
    entity: str
    text: str
    """The rendered text."""
    raw: str
    """The first event as it stands in its source; may be written by an attacker."""


class SearchIndex:
    """An index, open for questions; it may be added to meanwhile, and each question sees the batches finished by then.

    Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        embed: Embed | None = None,
        encoder: EncoderId | None = None,
    ) -> None:
        """Open the index of a folder.

        Args:
            folder: As `loglm.search.building.add_events` made it.
            embed: Vectors of unit length, float32 (n, D), of rendered texts; not needed for exact values.
            encoder: What ``embed`` is of.

        Raises:
            InputError: There is no index, or it is damaged.
            ModelError: The index is of another encoder.
        """
        self._folder = Path(folder)
        self._embed = embed
        self._checked_rows = 0
        self._connection = open_for_reading(self._folder, encoder)
        with sqlite_errors(self._folder):
            (width,) = self._connection.execute("SELECT value FROM meta WHERE key = 'width'").fetchone()
        self._width = int(width)

    def __enter__(self) -> SearchIndex:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._connection.close()

    def size(self) -> tuple[int, int]:
        """How many events and how many distinct rendered texts there are."""
        with self._reading() as run:
            (events,) = run("SELECT COALESCE(MAX(id), 0) FROM events").fetchone()
            return events, self._rows(run)

    def like(self, query: LogEvent | str, *, filters: Filters = Filters(), limit: int = 10) -> list[Hit]:
        """Events like a given one, or as a text says, best first.

        Args:
            query: An event, a raw log line, or any text of at least two different words.
            filters: Which events to search.
            limit: Hits at most.

        Raises:
            InputError: The query has not two different words, a filter names what is not in the index, or the index is
                damaged.
        """
        text = query_text(query)
        if self._embed is None:
            raise InputError("this index was opened without an encoder; give one to search by example or text")
        vector = self._embed([text])[0]
        depth = max(_DEPTH, 4 * limit)
        with self._reading() as run:
            where, values = self._conditions(run, filters)
            among = self._texts_of(run, where, values) if where else None
            vectors = self._vectors()
            alike = [row + 1 for row in nearest(vectors, vector, depth, among)]
            worded = by_words(self._connection, words_of(text), depth, among)
            hits = []
            for number, score in fuse([alike, worded])[:limit]:
                similarity = float(cosines(vectors[number - 1 : number], vector)[0])
                hits.append(self._told(run, self._group(run, number, where, values), score, similarity))
            return hits

    def with_value(
        self, value: str, *, filters: Filters = Filters(), limit: int = 10, progress: Progress = silent
    ) -> list[Hit]:
        """Events that hold a value as a whole: an address, a name, a path, a hash; the rarest texts first.

        ``events``, times and the place of a hit are of those events alone.

        Args:
            value: Found in raw events; letters a to z count the same in either case.
            filters: Which events to search.
            limit: Hits at most.
            progress: Is told how many blocks of raw events, 256 each, have been read.

        Raises:
            InputError: The value is empty or longer than 1,024 characters, a filter names what is not in the index, or
                the index is damaged.
        """
        value = value.strip()
        if not value or len(value) > _MOST_VALUE_CHARS:
            raise InputError(f"a value has 1 to {_MOST_VALUE_CHARS:,} characters, this one {len(value):,}")
        found: dict[int, _Group] = {}
        with self._reading() as run:
            where, values = self._conditions(run, filters)
            blocks = run("SELECT first_event, ends, raws FROM blocks ORDER BY first_event")
            for first, ends, raws in progress(blocks, "blocks of events"):
                with self._damage():
                    numbers = [first + place for place in events_with(value, ends, raws)]
                for number, text, time in self._chosen(run, numbers, where, values):
                    found.setdefault(text, _Group(number)).count(time)
            rarest = sorted(found.values(), key=lambda group: (group.events, group.first))[:limit]
            return [self._told(run, group, 1.0, None) for group in rarest]

    @contextmanager
    def _reading(self) -> Iterator[_Run]:
        """One state of the index for all of a question."""
        with sqlite_errors(self._folder):
            self._connection.execute("BEGIN")
            try:
                yield self._connection.execute
            finally:
                self._connection.execute("ROLLBACK")

    def _rows(self, run: _Run) -> int:
        (rows,) = run("SELECT COALESCE(MAX(id), 0) FROM texts").fetchone()
        return int(rows)

    def _vectors(self) -> np.ndarray:
        """All vectors, those not looked at before checked against what was written."""
        vectors = checked_vectors(self._connection, self._folder, self._width, checked=self._checked_rows)
        self._checked_rows = len(vectors)
        return vectors

    def _conditions(self, run: _Run, filters: Filters) -> tuple[str, list[float | int]]:
        """What SQLite is to look for, ``AND ...``, and the values in it; empty without filters."""
        parts: list[str] = []
        values: list[float | int] = []
        if filters.since is not None:
            parts.append("time >= ?")
            values.append(filters.since)
        if filters.until is not None:
            parts.append("time < ?")
            values.append(filters.until)
        for column, ids in (("source", _sources(run, filters.source)), ("entity", _entities(run, filters.entity))):
            if ids is not None:
                parts.append(f"{column} IN ({', '.join('?' * len(ids))})")
                values += ids
        return "".join(f" AND {part}" for part in parts), values

    def _texts_of(self, run: _Run, where: str, values: list[float | int]) -> np.ndarray:
        """For each text, whether an event of it is left by the filters, bool (n,)."""
        among = np.zeros(self._rows(run), bool)
        # "+": else SQLite goes through all events in the order of their texts rather than by what the filters ask for
        for (text,) in run(f"SELECT DISTINCT +text FROM events WHERE 1{where}", values):  # noqa: S608 (own words)
            among[text - 1] = True
        return among

    def _chosen(
        self, run: _Run, numbers: list[int], where: str, values: list[float | int]
    ) -> list[tuple[int, int, float | None]]:
        """(number, text, time) of those events that the filters leave."""
        if not numbers:
            return []
        wanted = set(numbers)
        rows = run(
            f"SELECT id, text, time FROM events WHERE id BETWEEN ? AND ?{where}",  # noqa: S608 (own words)
            [numbers[0], numbers[-1], *values],
        )
        return [row for row in rows if row[0] in wanted]

    def _group(self, run: _Run, text: int, where: str, values: list[float | int]) -> _Group:
        """The events of a text that the filters leave."""
        row = run(
            f"SELECT MIN(id), COUNT(*), MIN(time), MAX(time) FROM events WHERE text = ?{where}",  # noqa: S608 (own words)
            [text, *values],
        ).fetchone()
        return _Group(*row)

    def _told(self, run: _Run, group: _Group, score: float, similarity: float | None) -> Hit:
        path, record, time, source, kind, entity, rendered = run(
            "SELECT path, record, time, sources.name, kind, value, texts.text FROM events "
            "JOIN files ON files.id = file JOIN sources ON sources.id = source JOIN entities ON entities.id = entity "
            "JOIN texts ON texts.id = events.text WHERE events.id = ?",
            (group.first,),
        ).fetchone()
        return Hit(
            score=score,
            similarity=similarity,
            events=group.events,
            location=SourceLocation(path, record),
            timestamp=time,
            first_time=group.first_time,
            last_time=group.last_time,
            log_source=source,
            entity_kind=kind,
            entity=entity,
            text=rendered,
            raw=self._raw(run, group.first),
        )

    def _raw(self, run: _Run, number: int) -> str:
        first, ends, raws = run(
            "SELECT first_event, ends, raws FROM blocks WHERE first_event <= ? ORDER BY first_event DESC LIMIT 1",
            (number,),
        ).fetchone()
        with self._damage():
            return unpack(ends, raws)[number - int(first)]

    @contextmanager
    def _damage(self) -> Iterator[None]:
        try:
            yield
        except (zstandard.ZstdError, ValueError, IndexError) as error:
            raise InputError(
                f"{self._folder}: the index is damaged (raw events: {error}); restore it from a copy, or index the "
                "logs again into another folder"
            ) from error


_Run = Callable[..., sqlite3.Cursor]


@dataclass(slots=True)
class _Group:
    """Events of one text."""

    first: int
    events: int = 0
    first_time: float | None = None
    last_time: float | None = None

    def count(self, time: float | None) -> None:
        self.events += 1
        if time is not None:
            self.first_time = time if self.first_time is None else min(self.first_time, time)
            self.last_time = time if self.last_time is None else max(self.last_time, time)


def query_text(query: LogEvent | str) -> str:
    """What of a query is compared: the rendered event, or of plain text the text itself, masked as events are.

    Raises:
        InputError: A text has not two different words.
    """
    if isinstance(query, str):
        check_words(query)
        event = parse_line(query.strip())
        text = render(event)
        return text.partition("\n")[2] or text if event.log_source.product == "unknown" else text
    return storable(render(query))


def check_words(query: str) -> None:
    """Refuse a text in which nothing stands beside anything else.

    Raises:
        InputError: It is empty, or has not two different words.
    """
    words = words_of(query)
    if not query.strip():
        raise InputError("the query is empty; give a log line, FILE:LINE, or some words")
    if not words:
        raise InputError("the query has no letters or digits; give a log line, FILE:LINE, or some words")
    is_record = query.lstrip().startswith(_RECORD_STARTS)
    if len(words) == 1 or (len(set(query.split())) == 1 and not is_record):
        raise InputError(
            f"the query is all one word ({query.split()[0][:80]!r}), in which there is nothing to compare; "
            "give more of the event; loglm search finds a single value with --value"
        )


def _sources(run: _Run, name: str | None) -> list[int] | None:
    """Ids of the log sources that a filter means; None without one."""
    if name is None:
        return None
    known: list[tuple[int, str]] = run("SELECT id, name FROM sources ORDER BY name").fetchall()
    ids = [number for number, known_name in known if f"/{name.lower()}/" in f"/{known_name.lower()}/"]
    if not ids:
        shown = ", ".join(known_name for _, known_name in known[:_NAMES_SHOWN])
        more = f" and {len(known) - _NAMES_SHOWN:,} more" if len(known) > _NAMES_SHOWN else ""
        raise InputError(f"no event is of the log source {name!r}; there are {shown}{more}")
    return ids


def _entities(run: _Run, value: str | None) -> list[int] | None:
    """Ids of the entities that a filter means; None without one."""
    if value is None:
        return None
    found = run("SELECT id FROM entities WHERE value = ? COLLATE NOCASE", (bounded_name(value),))
    ids = [number for (number,) in found]
    if not ids:
        raise InputError(f"no event is of the entity {value!r}; entities are the hosts, users and addresses of logs")
    return ids
