"""The distinct rendered texts of events, each with how often and where it was met, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglm.events.bounded_sample import BoundedSample, sample_key
from loglm.events.rendering import render

if TYPE_CHECKING:
    from loglm.errors import SourceLocation
    from loglm.events.event import LogEvent

__all__ = ["MOST_TEXTS", "DistinctEvent", "DistinctEvents"]

MOST_TEXTS = 200_000
"""Distinct texts that are kept; beyond that a random sample of them is."""

_MOST_CHARS = 1 << 28
_MOST_RAW_CHARS = 4_096


@dataclass(slots=True)
class DistinctEvent:
    """The first event of a rendered text."""

    text: str
    """Rendered in the masked view."""
    raw: str
    """The record as it stands in the source, cut at 4,096 characters. Untrusted."""
    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""
    order: int
    """How many events were read before it."""
    count: int = 1
    """Events of this text."""


class DistinctEvents:
    """Reads events and keeps one for each distinct rendered text: `MOST_TEXTS` and 256 Mi characters at most.

    Where there are more, a random sample of the texts is kept that is the same for the same seed, whatever the order.
    """

    def __init__(self, *, seed: int = 0, most: int = MOST_TEXTS) -> None:
        self.read = 0
        """Events."""
        self._seed = seed
        self._sample: BoundedSample[DistinctEvent] = BoundedSample(most_items=most, most_chars=_MOST_CHARS)

    def add_all(self, events: Iterable[LogEvent]) -> None:
        """Read events to their end."""
        for event in events:
            self.add(event)

    @property
    def kept(self) -> list[DistinctEvent]:
        """In the order in which they were first met."""
        return sorted(self._sample, key=lambda kept: kept.order)

    @property
    def is_sample(self) -> bool:
        """Not all distinct texts were kept."""
        return not self._sample.is_whole

    @property
    def distinct(self) -> int:
        """Distinct texts met; an estimate where not all were kept."""
        return self._sample.met

    def add(self, event: LogEvent) -> None:
        """Read one event."""
        text = render(event)
        key = sample_key(text, self._seed)
        known = self._sample.get(key)
        if known is not None:
            known.count += 1
        elif self._sample.takes(key):
            raw = event.raw[:_MOST_RAW_CHARS]
            first = DistinctEvent(text, raw, event.location, event.timestamp, self.read)
            self._sample.add(key, first, len(text) + len(raw))
        self.read += 1
