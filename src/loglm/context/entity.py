"""What is remembered of one entity, and the same as bytes."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from loglm.context.encoder import Reading
from loglm.context.ordering import EntityOrder
from loglm.context.ring import EntityRing
from loglm.context.steps import MOST_GAP_S, Step

__all__ = ["Entity", "EntityContext", "pack_context", "unpack_context"]

Entity = tuple[str, str]
"""(kind, value), see `loglm.events.entities`."""

_HEAD: Final = struct.Struct("<ddHHHB")
"""Newest time, time of the event that left last, steps held, numbers of the encoder's state, experts, whether there is
a reading."""
_STEP: Final = struct.Struct("<Qqqdq")
_READING: Final = struct.Struct("<4q")


@dataclass(slots=True)
class EntityContext:
    """What is remembered of one entity."""

    order: EntityOrder
    ring: EntityRing = field(default_factory=EntityRing)
    hidden: np.ndarray | None = None
    """The encoder's state before the last event."""
    reading: Reading | None = None
    """The last event as the encoder reads it."""
    given: np.ndarray | None = None
    """What each expert had given the last event, float32 (experts,)."""

    def forget(self) -> None:
        """Begin anew, but for the order of what comes."""
        self.ring, self.hidden, self.reading, self.given = EntityRing(), None, None, None

    def join(self, other: EntityContext) -> None:
        """Take over what another process saw of the same entity, as far as it can be told.

        Events and texts stand by time afterwards: exactly as if one had seen all, where one saw all of its events
        before the other did. The encoder's state is that of who heard of the entity last.
        """
        is_later = _or_least(other.order.newest) > _or_least(self.order.newest)
        first, last = (self, other) if is_later else (other, self)
        gap = first.ring.silence_before(last.ring)
        self.ring = last.ring if gap is not None and gap > MOST_GAP_S else first.ring.joined(last.ring)
        self.hidden, self.reading, self.given = last.hidden, last.reading, last.given
        self.order = first.order.joined(last.order)


def pack_context(context: EntityContext) -> bytes:
    """All that is remembered: 50 bytes, 18 for each event and 6 for each text held, and the encoder's state."""
    newest, last, held = context.order.state()
    hidden, given, reading = context.hidden, context.given, context.reading
    has_reading = hidden is not None and given is not None and reading is not None
    sizes = (len(hidden), len(given)) if hidden is not None and given is not None and has_reading else (0, 0)
    parts = [_HEAD.pack(_or_nan(newest), _or_nan(last), len(held), *sizes, has_reading)]
    parts += [_STEP.pack(step.key, step.code, step.source, _or_nan(step.time), step.number) for step in held]
    if hidden is not None and given is not None and reading is not None:
        parts += [_READING.pack(*reading), hidden.astype("<f4").tobytes(), given.astype("<f4").tobytes()]
    return b"".join([*parts, context.ring.to_bytes()])


def unpack_context(data: bytes, *, lateness_s: float) -> EntityContext:
    """What `pack_context` was given.

    Raises:
        ValueError: The bytes are no such thing.
    """
    try:
        newest, last, held, width, experts, has_reading = _HEAD.unpack_from(data)
        place = _HEAD.size
        steps = [_step(data, place + number * _STEP.size) for number in range(held)]
        place += held * _STEP.size
        order = EntityOrder.restored(lateness_s, _or_none(newest), _or_none(last), steps)
        context = EntityContext(order)
        if has_reading:
            context.reading = Reading(*_READING.unpack_from(data, place))
            place += _READING.size
            context.hidden = np.frombuffer(data, "<f4", width, place).copy()
            place += 4 * width
            context.given = np.frombuffer(data, "<f4", experts, place).copy()
            place += 4 * experts
        context.ring = EntityRing.from_bytes(data[place:])
    except struct.error as error:
        raise ValueError(str(error)) from error
    return context


def _step(data: bytes, place: int) -> Step:
    key, code, source, time, number = _STEP.unpack_from(data, place)
    return Step(key, code, source, _or_none(time), number)


def _or_least(time: float | None) -> float:
    return -math.inf if time is None else time


def _or_nan(time: float | None) -> float:
    return math.nan if time is None else time


def _or_none(time: float) -> float | None:
    return None if math.isnan(time) else time
