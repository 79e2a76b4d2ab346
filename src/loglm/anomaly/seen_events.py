"""Samples of all different events that were learned from or scored, by which a log is known that comes again.

Source: k minimum values (Bar-Yossef et al. 2002, "Counting distinct elements in a data stream"): of all events ever
seen those with the lowest hashes are kept, so that of any log the events with hashes as low are among them, or new.
Logs are written by attackers, who could choose events whose hashes are low. So hashes are keyed, by a secret that each
state draws for itself.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from loglm.context.scorer import Entity

__all__ = ["SeenEvents", "TimedEvents"]

_KEPT: Final = 4_096
_MOST_SAMPLES: Final = 16
_KEY_BYTES: Final = 32
_MARK_BYTES: Final = 8
_NAME_BYTES: Final = 16
_BATCH: Final = 65_536
"""Events hashed at a time, so that what that needs stays small beside the events."""


@dataclass(frozen=True, slots=True)
class TimedEvents:
    """Events that have a time."""

    names: Sequence[Entity]
    entities: np.ndarray
    """int64 (n,), places in ``names``."""
    times: np.ndarray
    """float64 (n,), POSIX seconds."""
    codes: np.ndarray
    """int64 (n,), their kinds."""

    def __len__(self) -> int:
        return len(self.times)


class _Sample:
    """The 4,096 lowest marks of events by one key."""

    def __init__(self, key: bytes, marks: Iterable[int] = ()) -> None:
        self.key = key
        self.marks = np.unique(np.fromiter(marks, np.uint64))[:_KEPT]
        """uint64 (n,), lowest first."""

    def marks_of(self, events: TimedEvents) -> np.ndarray:
        """Hashes of events, uint64 (n,), equal for those of one entity, time and kind."""
        names = [
            hashlib.blake2b("\0".join(name).encode("utf-8", "replace"), key=self.key, digest_size=_NAME_BYTES).digest()
            for name in events.names
        ]
        table = np.frombuffer(b"".join(names), np.uint8).reshape(-1, _NAME_BYTES)
        marks = np.empty(len(events), np.uint64)
        for start in range(0, len(events), _BATCH):
            batch = slice(start, start + _BATCH)
            marks[batch] = self._hashed(table[events.entities[batch]], events.times[batch], events.codes[batch])
        return marks

    def _hashed(self, names: np.ndarray, times: np.ndarray, codes: np.ndarray) -> np.ndarray:
        numbers = [one.view(np.uint8).reshape(-1, 8) for one in (times.astype("<f8"), codes.astype("<i8"))]
        data, width = np.hstack([names, *numbers]).tobytes(), _NAME_BYTES + 16
        digests = [
            hashlib.blake2b(data[start : start + width], key=self.key, digest_size=_MARK_BYTES).digest()
            for start in range(0, len(data), width)
        ]
        return np.frombuffer(b"".join(digests), "<u8")

    def add(self, marks: np.ndarray) -> None:
        self.marks = np.union1d(self.marks, marks)[:_KEPT]

    def compare(self, events: TimedEvents) -> tuple[int, int]:
        own = np.unique(self.marks_of(events))
        if len(self.marks) == _KEPT:
            own = own[own <= self.marks[-1]]
        return len(own), int(np.isin(own, self.marks).sum())


class SeenEvents:
    """The sample of a state, and those of states that were merged into it, whose keys are others."""

    def __init__(self) -> None:
        self._samples = [_Sample(secrets.token_bytes(_KEY_BYTES))]

    @property
    def key(self) -> bytes:
        """The secret of this state."""
        return self._samples[0].key

    def add(self, events: TimedEvents) -> None:
        """Take in the events of a log."""
        own = self._samples[0]
        own.add(own.marks_of(events))

    def compare(self, events: TimedEvents) -> list[tuple[int, int]]:
        """For each sample, how many different events of a log would have been kept had they been seen, and how many of
        those are."""
        return [sample.compare(events) for sample in self._samples]

    def merge(self, other: SeenEvents) -> None:
        """Take over the samples of another state: those of one key, as copies of one state have, become one. Of others
        15 are kept, the newest."""
        for sample in other._samples:
            same = next((one for one in self._samples if one.key == sample.key), None)
            if same is None:
                self._samples.append(sample)
            else:
                same.add(sample.marks)
        self._samples = [self._samples[0], *self._samples[1:][1 - _MOST_SAMPLES :]]

    def values(self) -> list[Any]:
        """As JSON values."""
        return [[sample.key.hex(), sample.marks.tolist()] for sample in self._samples]

    @classmethod
    def restored(cls, values: Sequence[Any]) -> SeenEvents:
        """What `values` gave."""
        seen = cls()
        seen._samples = [_Sample(bytes.fromhex(key), marks) for key, marks in values]
        if any(len(sample.key) != _KEY_BYTES for sample in seen._samples) or not seen._samples:
            raise ValueError("no key of 32 bytes for each sample of events")
        return seen
