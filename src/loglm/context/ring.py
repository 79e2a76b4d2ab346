"""The recent events of one entity in a ring of fixed size, and which texts it has shown, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from loglm.context.steps import MOST_GAP_S

__all__ = ["RING_EVENTS", "SEEN_SLOTS", "EntityRing"]

RING_EVENTS: Final = 256
"""Events kept of an entity: the longest window by count."""
SEEN_SLOTS: Final = 1_024
"""Texts of an entity that are known as seen at most."""
_FIELDS: Final = ("codes", "times", "seen", "heads")


class EntityRing:
    """Codes and times of the latest events, and fingerprints of texts: `nbytes` whatever comes.

    A text's fingerprint (32 bits) lies in the slot that its hash names, where a later text may take its place; so a
    text can be taken for new that is not, and hardly ever (one in four thousand million) the other way round.
    """

    __slots__ = ("_codes", "_head", "_seen", "_size", "_times")

    def __init__(self) -> None:
        self._codes = np.full(RING_EVENTS, -1, np.int16)
        self._times = np.full(RING_EVENTS, np.nan)
        self._seen = np.zeros(SEEN_SLOTS, np.uint32)
        self._head = 0
        self._size = 0

    def __len__(self) -> int:
        """Events held."""
        return self._size

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays."""
        return self._codes.nbytes + self._times.nbytes + self._seen.nbytes

    def add(self, code: int, key: int, time: float | None) -> None:
        """Take an event; the oldest goes when the ring is full."""
        self._codes[self._head] = code
        self._times[self._head] = np.nan if time is None else time
        self._head = (self._head + 1) % RING_EVENTS
        self._size = min(self._size + 1, RING_EVENTS)
        self._seen[key % SEEN_SLOTS] = _fingerprint(key)

    def has_seen(self, key: int) -> bool:
        """Whether an event of this text was met, as far as is remembered."""
        return bool(self._seen[key % SEEN_SLOTS] == _fingerprint(key))

    def count(self, code: int) -> int:
        """How many of the events held have a code."""
        return int(np.count_nonzero(self._codes == code))

    def codes(self) -> np.ndarray:
        """The codes held, int16 (n,), oldest first."""
        if self._size < RING_EVENTS:
            return self._codes[: self._size]
        return np.concatenate([self._codes[self._head :], self._codes[: self._head]])

    def times(self) -> np.ndarray:
        """The times held, POSIX seconds, float64 (n,), NaN where not known; in the order of `codes`."""
        if self._size < RING_EVENTS:
            return self._times[: self._size]
        return np.concatenate([self._times[self._head :], self._times[: self._head]])

    def silence_before(self, later: EntityRing) -> float | None:
        """Seconds from the latest time held to the earliest of another ring; None where one has no times."""
        own, others = self.times(), later.times()
        if np.isnan(own).all() or np.isnan(others).all():
            return None
        return float(np.nanmin(others) - np.nanmax(own))

    def window(
        self, *, events: int = RING_EVENTS, seconds: float = MOST_GAP_S, until: float | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The latest events: at most so many, none more than so long before ``until``.

        For what looks at an entity's behaviour by windows, of a number of events or of a time up to seven days, such as
        a head over them; scoring needs the codes alone.

        Args:
            events: The most events, at most `RING_EVENTS`.
            seconds: How far to look back, at most seven days.
            until: POSIX seconds; the latest time held for None. Events without time stay.

        Returns:
            Codes int16 (n,) and times float64 (n,), NaN where not known, oldest first.
        """
        taken = min(events, self._size)
        places = (self._head - np.arange(taken, 0, -1)) % RING_EVENTS
        codes, times = self._codes[places], self._times[places]
        if not taken or np.isnan(times).all():
            return codes, times
        end = float(np.nanmax(times)) if until is None else until
        keep = np.isnan(times) | (times >= end - min(seconds, MOST_GAP_S))
        return codes[keep], times[keep]

    def joined(self, later: EntityRing) -> EntityRing:
        """The latest events of both by their time, and the texts of both; where two take one place, ``later``'s."""
        found = EntityRing()
        codes = np.concatenate([self.codes(), later.codes()])
        times = np.concatenate([self.times(), later.times()])
        order = np.argsort(_filled(times), kind="stable")[-RING_EVENTS:]
        found._size = len(order)
        found._head = len(order) % RING_EVENTS
        found._codes[: len(order)], found._times[: len(order)] = codes[order], times[order]
        found._seen[:] = np.where(later._seen, later._seen, self._seen)
        return found

    def to_bytes(self) -> bytes:
        """All that is known, without room that nothing fills."""
        slots = np.flatnonzero(self._seen)
        counts = np.asarray([self._head, self._size, len(slots)], "<u2")
        held = (self._codes[: self._size].astype("<i2"), self._times[: self._size].astype("<f8"))
        texts = (slots.astype("<u2"), self._seen[slots].astype("<u4"))
        return b"".join(array.tobytes() for array in (counts, *held, *texts))

    @classmethod
    def from_bytes(cls, data: bytes) -> EntityRing:
        """From what `to_bytes` gave.

        Raises:
            ValueError: The bytes are no such thing.
        """
        head, size, texts = np.frombuffer(data, "<u2", 3).tolist()
        if head >= RING_EVENTS or size > RING_EVENTS or texts > SEEN_SLOTS or len(data) != 6 + 10 * size + 6 * texts:
            raise ValueError(f"{len(data)} bytes are no ring")
        ring, place = cls(), 6
        ring._head, ring._size = head, size
        ring._codes[:size] = np.frombuffer(data, "<i2", size, place)
        ring._times[:size] = np.frombuffer(data, "<f8", size, place + 2 * size)
        slots = np.frombuffer(data, "<u2", texts, place + 10 * size)
        if (slots >= SEEN_SLOTS).any():
            raise ValueError("a text has no place in the ring")
        ring._seen[slots] = np.frombuffer(data, "<u4", texts, place + 10 * size + 2 * texts)
        return ring

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is known, as arrays to save."""
        heads = np.asarray([self._head, self._size], np.int64)
        return dict(zip(_FIELDS, (self._codes, self._times, self._seen, heads), strict=True))

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> EntityRing:
        """From what `arrays` gave."""
        ring = cls()
        ring._codes[:], ring._times[:], ring._seen[:] = (arrays[name] for name in _FIELDS[:3])
        ring._head, ring._size = int(arrays["heads"][0]), int(arrays["heads"][1])
        return ring


def _filled(times: np.ndarray) -> np.ndarray:
    """Times, where one is not known that of the event before; -inf before the first one known."""
    known = np.maximum.accumulate(np.where(np.isnan(times), -1, np.arange(len(times))))
    return np.where(known < 0, -np.inf, times[known])


def _fingerprint(key: int) -> np.uint32:
    """The upper half of a key's bits, never 0, which stands for an empty slot."""
    return np.uint32((key >> 32) & 0xFFFFFFFF or 1)
