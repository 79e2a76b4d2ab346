"""Events that carry the same id, such as a session, process, request or block, as sequences."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from sys import getsizeof
from typing import Any

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.table import KINDS, entity_of
from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent
from loglm.events.rendering import leaves, render

__all__ = ["MOST_BYTES", "OWN_FIELDS", "EventGroup", "GroupedEvents"]

OWN_FIELDS = ("session", "process", "user", "host", "source_address", "destination_address", "action")
"""Fields of `loglm.events.event.LogEvent`; other names are of the source's own fields, or views."""
_VIEWS = {**{view: view for view in KINDS}, "source_address": "address"}
"""Names of entities -> the view of `loglm.anomaly.table` that takes events for the same."""
QUIET_S = 3_600.0
"""Seconds without an event of an id after which the next one begins another sequence: ids are used again."""
MOST_BYTES = 1 << 30
"""Of memory, about, that the events, ids and texts read until `GroupedEvents.end` take at most."""
_EVENT_BYTES, _GROUP_BYTES, _TEXT_BYTES = 100, 460, 150
"""Of each beside its strings, measured with CPython 3.11."""
_MOST_EVENTS = 2_000
"""Of a sequence; the next one begins another."""
_NAMES_FROM, _MOST_NAMES = 1_000, 16
_SCALARS = (str, int, float)


@dataclass(slots=True)
class EventGroup:
    """The events of one id on one host, or of one entity, in the order in which they were read."""

    host: str
    """Empty for an entity, which may be seen on several, and where events name none."""
    value: str
    """The id. Untrusted, like the host."""
    texts: array[int] = field(default_factory=lambda: array("l"))
    """Places of masked texts."""
    places: list[SourceLocation] = field(default_factory=list)
    start: float | None = None
    """POSIX seconds, UTC, of the first and the last event that has a time."""
    end: float | None = None


class GroupedEvents:
    """Collects events by an id, at most `MOST_BYTES` of them, then as many more after each `end`; the rest is counted.

    An event takes about 100 bytes, with an id of its own 560, with a text of its own 250 and that text more.

    Args:
        by: Name of the field that holds the id: one of `OWN_FIELDS`, or the source's own, such as ``pid`` or
            ``Event.EventData.TargetLogonId``; the last part is enough. ``host``, ``user``, ``address`` (of the source)
            and ``pair`` are the entities that `loglm.anomaly.table.entity_of` calls so, on whatever host.
        most_bytes: Another limit.
    """

    def __init__(self, by: str, *, most_bytes: int = MOST_BYTES) -> None:
        self.by = by
        self.view = _VIEWS.get(by)
        """Of `loglm.anomaly.table`, where that says which events belong together: the same for other names of it."""
        self.groups: list[EventGroup] = []
        """By when they began in the input."""
        self.without_id = 0
        """Events that lack the field; they are left out."""
        self.left_out = 0
        """Events with the field that came when there was no more room."""
        self._room = self._most_bytes = most_bytes
        self._texts: dict[str, int] = {}
        self._open: dict[tuple[str, str], EventGroup] = {}
        self._names: Counter[str] = Counter()

    def read(self, events: Iterable[LogEvent]) -> None:
        """Take events, those of a file in their order."""
        for event in events:
            self._add(event)

    def end(self) -> None:
        """What comes from now on begins new sequences, and may take as much memory again."""
        self._open.clear()
        self._room = self._most_bytes

    def sequences(self) -> EventSequences:
        """All groups as sequences, in the same order.

        Raises:
            InputError: There is none; says which fields the events have.
        """
        if not self.groups:
            known = ", ".join(name for name, _ in self._names.most_common(_MOST_NAMES))
            lacks = "names both of a pair" if self.by == "pair" else f"has a field {self.by!r} to group by"
            raise InputError(f"no event {lacks}; the events have: {known or 'none'}")
        return EventSequences(tuple(self._texts), [np.asarray(group.texts, np.int32) for group in self.groups])

    def _add(self, event: LogEvent) -> None:
        value = self._value(event)
        if not value:
            self.without_id += 1
            if self.without_id <= _NAMES_FROM:
                self._names.update(name for name in (*OWN_FIELDS, *KINDS) if _own_value(event, name))
                self._names.update(set(leaves(event.attributes)[0]))
            return
        if self._room <= 0:
            self.left_out += 1
            return
        group = self._group(event, value)
        group.texts.append(self._text(render(event)))
        self._room -= _EVENT_BYTES
        group.places.append(event.location)
        if event.timestamp is not None:
            group.start = event.timestamp if group.start is None else min(group.start, event.timestamp)
            group.end = event.timestamp if group.end is None else max(group.end, event.timestamp)

    def _text(self, text: str) -> int:
        number = self._texts.get(text)
        if number is None:
            number = self._texts[text] = len(self._texts)
            self._room -= _TEXT_BYTES + getsizeof(text)
        return number

    def _group(self, event: LogEvent, value: str) -> EventGroup:
        key = "" if self.view else event.host or "", value
        group = self._open.get(key)
        if group is None or len(group.texts) >= _MOST_EVENTS or _is_over(group, event.timestamp):
            group = self._open[key] = EventGroup(*key)
            self.groups.append(group)
            self._room -= _GROUP_BYTES + getsizeof(group.host) + getsizeof(value)
        return group

    def _value(self, event: LogEvent) -> str:
        if self.view or self.by in OWN_FIELDS:
            return _own_value(event, self.by)
        found: Any = event.attributes.get(self.by)
        if not isinstance(found, _SCALARS):
            ending = f".{self.by}"
            names, values = leaves(event.attributes)
            pairs = zip(names, values, strict=True)
            found = next((value for name, value in pairs if name == self.by or name.endswith(ending)), None)
        return str(found) if isinstance(found, _SCALARS) else ""


def _own_value(event: LogEvent, name: str) -> str:
    """The value of one of `OWN_FIELDS`, or of whose behaviour the event is; empty where it does not say."""
    view = _VIEWS.get(name)
    if view is None:
        return str(getattr(event, name) or "")
    kind, value = entity_of(event, view)
    return value if kind == KINDS[view][0] else ""


def _is_over(group: EventGroup, time: float | None) -> bool:
    return time is not None and group.end is not None and abs(time - group.end) > QUIET_S
