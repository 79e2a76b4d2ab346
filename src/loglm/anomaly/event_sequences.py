"""Sequences of events over one list of distinct texts: what detectors of unusual sequences learn from and score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["EventSequences"]


@dataclass(frozen=True, slots=True)
class EventSequences:
    """Sequences of rendered events, each in the order of time."""

    texts: Sequence[str]
    """The distinct texts; some may be in none of the sequences."""
    rows: Sequence[np.ndarray]
    """Of each sequence, int32 (events,): the place in ``texts`` of each event."""
    times: Sequence[np.ndarray] | None = None
    """Of each sequence, float64 (events,): seconds since 1970; None where the log has no time."""
    entities: Sequence[str] | None = None
    """Of each sequence, whose it is: a host, block, container, user; None where that is not known."""

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, chosen: np.ndarray) -> EventSequences:
        """Some of the sequences, by their places, int (n,); texts stay."""
        places = chosen.tolist()
        return replace(
            self,
            rows=[self.rows[i] for i in places],
            times=None if self.times is None else [self.times[i] for i in places],
            entities=None if self.entities is None else [self.entities[i] for i in places],
        )

    def flat(self) -> tuple[np.ndarray, np.ndarray]:
        """All events after each other, int64 (events,), and where each sequence begins and ends, int64 (n + 1,)."""
        bounds = np.cumsum([0, *map(len, self.rows)], dtype=np.int64)
        joined = np.concatenate([np.zeros(0, np.int64), *self.rows]).astype(np.int64, copy=False)
        return joined, bounds

    def counts(self) -> csr_matrix:
        """float32 (n, texts): how often each text is in each sequence."""
        from scipy.sparse import csr_matrix

        events, bounds = self.flat()
        counts = csr_matrix((np.ones(len(events), np.float32), events, bounds), shape=(len(self), len(self.texts)))
        counts.sum_duplicates()
        return counts
