"""Windows: consecutive events of one entity in one log source, assembled from a stream in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loglm.errors import SourceLocation
from loglm.events.entities import primary_entity
from loglm.events.event import LogEvent, LogSource
from loglm.findings import RuleHit

__all__ = ["RAW_CHARS", "Window", "WindowAssembler", "WindowEvent"]

RAW_CHARS = 4_096
"""How much of a record is kept as evidence."""
_MARKUP = frozenset("{[<")
_MOST_RAW_CHARS = 16_384
"""Records of more are kept without their attributes, which may be as large."""
_MOST_HELD_CHARS = 64 << 20
"""While open windows hold attributes of records of this size together, further ones are kept without."""


@dataclass(frozen=True, slots=True)
class WindowEvent:
    """What is kept of an event until its window is scored."""

    text: str
    """Rendered in the masked view."""
    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""
    raw: str
    """At most `RAW_CHARS` characters."""
    action: str | None = None
    rules: tuple[RuleHit, ...] = ()
    attributes: Mapping[str, Any] | None = None
    """The source's fields, possibly nested; None where the raw text is a line for people, or there is too much."""


@dataclass(slots=True)
class Window:
    """At most ``size`` consecutive events of one entity from one log source and one input."""

    entity_kind: str
    entity: str
    log_source: LogSource
    path: str
    events: list[WindowEvent] = field(default_factory=list)
    held_chars: int = 0
    """Size of the records whose attributes are kept."""
    bits: float = 0.0
    """Sum over its events of how surprising each was at its time; 0 where that is not asked for."""

    @property
    def channel(self) -> str:
        """``product/service``"""
        return f"{self.log_source.product}/{self.log_source.service}"

    @property
    def start(self) -> float | None:
        """Earliest time of its events; None where none has a time."""
        return min((e.timestamp for e in self.events if e.timestamp is not None), default=None)

    @property
    def end(self) -> float | None:
        """Latest time of its events."""
        return max((e.timestamp for e in self.events if e.timestamp is not None), default=None)

    @property
    def mean_bits(self) -> float:
        """Bits an event."""
        return self.bits / len(self.events) if self.events else 0.0


class WindowAssembler:
    """Collects events into windows.

    A window closes when it is full, when the next event of its entity comes more than ``max_gap_s`` later, when the
    input ends, or, oldest first, when more than ``max_open`` windows are open. Every event is in exactly one window.
    Windows do not mix inputs or channels: a channel-pure window of an .evtx file and of a collected JSON stream look
    alike, which keeps the format from telling attack and benign recordings apart.
    """

    def __init__(self, *, size: int = 16, max_gap_s: float = 3_600.0, max_open: int = 4_096) -> None:
        self.size = size
        self.max_gap_s = max_gap_s
        self.max_open = max_open
        self._open: dict[tuple[str, str, str, str], Window] = {}
        self._path: str | None = None
        self._held_chars = 0

    def add(self, event: LogEvent, text: str, rules: tuple[RuleHit, ...] = (), bits: float = 0.0) -> list[Window]:
        """Put an event, with its surprise, into its window; returns the windows that this closes, oldest first."""
        closed = self.flush() if event.location.path != self._path else []
        self._path = event.location.path
        source = event.log_source
        kind, entity = primary_entity(event)
        key = (kind, entity, source.product, source.service)
        window = self._open.get(key)
        if window is not None and self._is_late(window.events[-1], event):
            closed.append(self._close(key))
            window = None
        if window is None:
            if len(self._open) >= self.max_open:
                closed.append(self._close(next(iter(self._open))))
            window = self._open[key] = Window(kind, entity, source, event.location.path)
        attributes = _kept_attributes(event) if self._held_chars < _MOST_HELD_CHARS else None
        if attributes is not None:
            window.held_chars += len(event.raw)
            self._held_chars += len(event.raw)
        window.events.append(
            WindowEvent(text, event.location, event.timestamp, event.raw[:RAW_CHARS], event.action, rules, attributes)
        )
        window.bits += bits
        if len(window.events) >= self.size:
            closed.append(self._close(key))
        return closed

    def flush(self) -> list[Window]:
        """Close and return all open windows, oldest first."""
        return [self._close(key) for key in list(self._open)]

    def _close(self, key: tuple[str, str, str, str]) -> Window:
        window = self._open.pop(key)
        self._held_chars -= window.held_chars
        return window

    def _is_late(self, last: WindowEvent, event: LogEvent) -> bool:
        if last.timestamp is None or event.timestamp is None:
            return False
        return abs(event.timestamp - last.timestamp) > self.max_gap_s


def _kept_attributes(event: LogEvent) -> Mapping[str, Any] | None:
    """The attributes of an event whose raw text is hard to read: JSON, XML, a table's row, a record of many lines."""
    raw = event.raw
    if len(raw) > _MOST_RAW_CHARS:
        return None
    is_line = raw[:1] not in _MARKUP and "\n" not in raw
    is_for_people = event.body is not None or event.log_source.category == "webserver"
    return None if is_line and is_for_people else event.attributes
