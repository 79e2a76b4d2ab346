"""The recent events of one entity in a ring of fixed size, and which texts it has shown, in bounded memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

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

    def codes(self, *, since: float | None = None) -> np.ndarray:
        """The codes held, int16 (n,), oldest first.

        Args:
            since: POSIX seconds; what came before the first event that is not older is left out, also where its time
                is not known. None for all.
        """
        codes = self._in_order(self._codes)
        if since is None or not self._size or self._times[(self._head - self._size) % RING_EVENTS] >= since:
            return codes
        times = self.times()
        if np.isnan(times).all():
            return codes
        recent = times >= since
        return codes[int(recent.argmax()) :] if recent.any() else codes[:0]

    def times(self) -> np.ndarray:
        """The times held, POSIX seconds, float64 (n,), NaN where not known; in the order of `codes`."""
        return self._in_order(self._times)

    def silence_before(self, later: EntityRing) -> float | None:
        """Seconds from the latest time held to the earliest of another ring; None where one has no times."""
        own, others = self.times(), later.times()
        if np.isnan(own).all() or np.isnan(others).all():
            return None
        return float(np.nanmin(others) - np.nanmax(own))

    def joined(self, later: EntityRing) -> EntityRing:
        """The latest events of both by their time, and the texts of both; where two take one place, ``later``'s.

        What both have from a common past, a stretch with which one of them begins, counts once.
        """
        found = EntityRing()
        new = _new_of(self, later)
        codes = np.concatenate([self.codes(), later.codes()[new]])
        times = np.concatenate([self.times(), later.times()[new]])
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

    def _in_order(self, values: np.ndarray) -> np.ndarray:
        if self._size < RING_EVENTS:
            return values[: self._size]
        return np.concatenate([values[self._head :], values[: self._head]])

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


def _new_of(ring: EntityRing, later: EntityRing) -> np.ndarray:
    """Which events of ``later`` are not of a past that both have, bool (n,)."""
    own, others = _events(ring), _events(later)
    runs = [(_run(own, others[place:]), place) for place in _where(others, own[:1])]
    runs += [(_run(own[place:], others), 0) for place in _where(own, others[:1])]
    length, place = max(runs, default=(0, 0))
    is_new = np.ones(len(others), bool)
    is_new[place : place + length] = False
    return is_new


def _events(ring: EntityRing) -> np.ndarray:
    """Times and codes, int64 (n, 2), equal where both are."""
    return np.stack([ring.times().view(np.int64), ring.codes().astype(np.int64)], axis=1)


def _where(rows: np.ndarray, row: np.ndarray) -> list[int]:
    return np.flatnonzero((rows == row).all(axis=1)).tolist() if len(row) else []


def _run(first: np.ndarray, second: np.ndarray) -> int:
    """How many rows two arrays begin with alike."""
    length = min(len(first), len(second))
    differ = np.flatnonzero((first[:length] != second[:length]).any(axis=1))
    return int(differ[0]) if len(differ) else length
