"""Events of logs as a table of small numbers, which a baseline and what follows it are taken from."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from loglm.context.codebook import Codebook, source_number
from loglm.context.scorer import Entity
from loglm.context.steps import MOST_GAP_S, Step
from loglm.corpus.templates import text_hash
from loglm.events.accounts import cloud_account
from loglm.events.entities import bounded_name, primary_entity
from loglm.events.event import LogEvent
from loglm.events.rendering import render
from loglm.events.source import Part
from loglm.findings import Level

__all__ = [
    "KINDS",
    "MOST_EXAMPLES",
    "EventTable",
    "Hidden",
    "Hides",
    "TableReader",
    "View",
    "entity_of",
    "typical_texts",
]

MOST_EXAMPLES = 4
"""Texts kept of each code, of which the most frequent one stands for it."""
_BATCH = 2_048
_NO_TIME = float("nan")

View = str
"""Which entity an event is taken for: ``primary``, ``host``, ``user``, ``address``, ``pair`` or ``account``."""
KINDS: Final = {
    "host": ("host", "a host"),
    "user": ("user", "a user"),
    "address": ("source_address", "a source address"),
    "pair": ("pair", "a source and a destination address"),
    "account": ("account", "a cloud account"),
}
"""View -> (kind of entity, what an event names of that kind)."""
Hidden = tuple[str, Level]
"""What hides an event that is known to be harmless, by its id, and up to which level of a finding it does."""
Hides = Callable[[Entity, LogEvent], Hidden | None]
"""Says whether an event is known to be harmless."""


@dataclass(slots=True)
class EventTable:
    """Events in the order in which they were read: about 40 bytes each."""

    times: array[float] = field(default_factory=lambda: array("d"))
    """POSIX seconds, UTC; NaN where an event has none."""
    entities: array[int] = field(default_factory=lambda: array("l"))
    """Places in ``names``."""
    keys: array[int] = field(default_factory=lambda: array("Q"))
    codes: array[int] = field(default_factory=lambda: array("l"))
    sources: array[int] = field(default_factory=lambda: array("l"))
    names: list[Entity] = field(default_factory=list)
    examples: dict[int, dict[int, str]] = field(default_factory=dict)
    """Of each code up to `MOST_EXAMPLES` masked texts by their key."""
    files: list[tuple[str, int]] = field(default_factory=list)
    """Paths, each with the first row of its events, in the order in which they were read."""
    parts: dict[str, Part] = field(default_factory=dict)
    """What was read of those paths that were read in part."""
    clock_jumps: int = 0
    """Times that an entity's clock stepped back more than seven days within a file."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Kind of entity -> events that are taken for one of it; ``file`` where they name no host, user or address."""
    first_number: int = 0
    """Number of the first row's event."""
    hidden: array[int] = field(default_factory=lambda: array("i"))
    """Places in ``hiders``, 0 where nothing hides the event; empty where nothing hides any."""
    hiders: list[Hidden | None] = field(default_factory=lambda: [None])

    def __len__(self) -> int:
        return len(self.times)

    def in_time(self) -> np.ndarray:
        """Rows in the order of time, int64 (n,); those without time stay behind the one read before them."""
        times, filled = np.asarray(self.times, np.float64), self.filled_times()
        if np.isnan(filled).all():
            return np.arange(len(times))
        keys = np.where(np.isnan(times), 0, np.asarray(self.keys, np.uint64))
        return np.lexsort((np.arange(len(times)), keys, np.isnan(times), filled))

    def filled_times(self) -> np.ndarray:
        """POSIX seconds, float64 (n,); of an event without time that of the one read before it, else of the first that
        has one; NaN where none has."""
        times = np.asarray(self.times, np.float64)
        known = np.flatnonzero(~np.isnan(times))
        if not len(known):
            return times
        before = np.clip(np.searchsorted(known, np.arange(len(times)), "right") - 1, 0, None)
        filled: np.ndarray = np.where(np.isnan(times), times[known[before]], times)
        return filled

    def steps(self, rows: Iterable[int]) -> Iterator[tuple[Entity, Step]]:
        """The events of rows, as a scorer takes them; ``number`` is ``first_number`` and the row."""
        for row in rows:
            time = self.times[row]
            yield (
                self.names[self.entities[row]],
                Step(
                    self.keys[row],
                    self.codes[row],
                    self.sources[row],
                    None if time != time else time,
                    self.first_number + row,
                ),
            )

    def digest(self, rows: np.ndarray) -> str:
        """32 hexadecimal digits that stand for the events of rows: their times, texts and entities."""
        names = np.asarray([text_hash("\0".join(name)) for name in self.names], np.uint64)
        found = hashlib.blake2b(np.asarray(self.times, np.float64)[rows].tobytes(), digest_size=16)
        found.update(np.asarray(self.keys, np.uint64)[rows].tobytes())
        found.update(names[np.asarray(self.entities, np.int64)[rows]].tobytes())
        return found.hexdigest()

    def example(self, key: int, code: int) -> str:
        """A masked text of a code, if it is kept that of ``key``."""
        texts = self.examples[code]
        return texts.get(key) or next(iter(texts.values()))

    def hidden_by(self, row: int) -> Hidden | None:
        """What hides the event of a row."""
        return self.hiders[self.hidden[row]] if self.hidden else None


class TableReader:
    """Reads events into a table; each distinct text is given its code once."""

    def __init__(
        self, table: EventTable, codebook: Codebook, *, view: View = "primary", hides: Hides | None = None
    ) -> None:
        self.table = table
        self._codebook = codebook
        self._view = view
        self._hides = hides
        self._hiders: dict[Hidden | None, int] = {None: 0}
        self._names: dict[Entity, int] = {}
        self._known: dict[int, int] = {}
        self._new: dict[int, str] = {}
        self._latest: dict[Entity, float] = {}
        """Time of each entity's last event in this file."""

    def read(self, events: Iterable[LogEvent], path: str = "") -> None:
        """Read the events of a path to their end, behind those that are there."""
        self.table.files.append((path, len(self.table)))
        self._latest.clear()
        for event in events:
            self.add(event)
        self._code()
        self.table.names = list(self._names)

    def add(self, event: LogEvent) -> None:
        table = self.table
        text = render(event)
        key = text_hash(text)
        if key not in self._known and key not in self._new:
            self._new[key] = text
        entity = entity_of(event, self._view)
        table.kinds[entity[0]] += 1
        if self._hides is not None:
            table.hidden.append(self._hider(self._hides(entity, event)))
        if event.timestamp is not None:
            table.clock_jumps += event.timestamp < self._latest.get(entity, event.timestamp) - MOST_GAP_S
            self._latest[entity] = event.timestamp
        table.times.append(_NO_TIME if event.timestamp is None else event.timestamp)
        table.entities.append(self._names.setdefault(entity, len(self._names)))
        table.keys.append(key)
        table.sources.append(source_number(event.log_source))
        if len(self._new) >= _BATCH:
            self._code()

    def _hider(self, hidden: Hidden | None) -> int:
        place = self._hiders.setdefault(hidden, len(self._hiders))
        if place == len(self.table.hiders):
            self.table.hiders.append(hidden)
        return place

    def _code(self) -> None:
        """Give codes to the texts that are new, and to the events that wait for one."""
        table = self.table
        if not self._new and len(table.codes) == len(table.keys):
            return
        codes = self._codebook(list(self._new.values())).tolist()
        for (key, text), code in zip(self._new.items(), codes, strict=True):
            self._known[key] = code
            examples = table.examples.setdefault(code, {})
            if len(examples) < MOST_EXAMPLES:
                examples[key] = text
        self._new.clear()
        for row in range(len(table.codes), len(table.keys)):
            table.codes.append(self._known[table.keys[row]])


def entity_of(event: LogEvent, view: View) -> Entity:
    """Whose behaviour an event is taken for; where it lacks that, its primary entity."""
    if view == "pair" and event.source_address and event.destination_address:
        return "pair", f"{bounded_name(event.source_address)} > {bounded_name(event.destination_address)}"
    if view == "account" and (account := cloud_account(event)) is not None:
        return "account", bounded_name(account)
    kind, value = {
        "host": ("host", event.host),
        "user": ("user", event.user),
        "address": ("source_address", event.source_address),
    }.get(view, ("", None))
    return (kind, bounded_name(value)) if value else primary_entity(event)


def typical_texts(table: EventTable, rows: np.ndarray) -> dict[int, str]:
    """The most frequent among these rows of the texts kept of each code."""
    found, counts = np.unique(np.asarray(table.keys, np.uint64)[rows], return_counts=True)
    often = dict(zip(found.tolist(), counts.tolist(), strict=True))
    best: dict[int, tuple[int, str]] = {}
    for code, examples in table.examples.items():
        for key, text in examples.items():
            if often.get(key, 0) > best.get(code, (0, ""))[0]:
                best[code] = often[key], text
    return {code: text for code, (_, text) in best.items()}
