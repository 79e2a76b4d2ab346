"""Which texts are usual within each code, and how often something new turns up there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from loglm.context.steps import Step

__all__ = ["MOST_TEXTS", "TextCounts"]

MOST_TEXTS: Final = 500_000
"""Texts counted at most; of more, the most frequent."""


class TextCounts:
    """How often each masked text was met, and in which code."""

    def __init__(self, codes: int) -> None:
        self.codes = codes
        self._keys = np.zeros(0, np.uint64)
        self._codes = np.zeros(0, np.int64)
        self._counts = np.zeros(0, np.int64)
        self._index()

    def learn(self, steps: Sequence[Step]) -> None:
        """Count the texts of events."""
        keys = np.fromiter((step.key for step in steps), np.uint64, len(steps))
        codes = np.fromiter((step.code for step in steps), np.int64, len(steps))
        found, first, counts = np.unique(keys, return_index=True, return_counts=True)
        self._add(found, codes[first], counts)

    def merge(self, other: TextCounts) -> None:
        """Add what another has counted."""
        self._add(other._keys, other._codes, other._counts)

    def count(self, key: int) -> int:
        """How often a text was met."""
        return self._by_key.get(key, 0)

    @property
    def events(self) -> int:
        """Events counted."""
        return self._events

    def new_share(self, code: int) -> float:
        """How likely the next event of a code has a text not met before, in 0..1 (escape method C)."""
        total, distinct = self._totals[code], self._distinct[code]
        return float((distinct + 1) / (total + distinct + 1))

    def tail_share(self, code: int, count: int) -> float:
        """Share of a code's events whose texts are new or were met at most as often as one met ``count`` times.

        Args:
            code: The code.
            count: How often the text was met.

        Returns:
            In 0..1.
        """
        ordered, mass = self._ordered[code]
        place = int(ordered.searchsorted(count, "right"))
        rarer = int(mass[place - 1]) if place else 0
        total, distinct = self._totals[code], self._distinct[code]
        return float((rarer + distinct + 1) / (total + distinct + 1))

    def arrays(self) -> dict[str, np.ndarray]:
        """All counts, as arrays to save."""
        return {"text_keys": self._keys, "text_codes": self._codes, "text_counts": self._counts}

    @classmethod
    def restored(cls, codes: int, arrays: Mapping[str, np.ndarray]) -> TextCounts:
        """From what `arrays` gave."""
        texts = cls(codes)
        texts._add(
            np.asarray(arrays["text_keys"], np.uint64),
            np.asarray(arrays["text_codes"], np.int64),
            np.asarray(arrays["text_counts"], np.int64),
        )
        return texts

    def _add(self, keys: np.ndarray, codes: np.ndarray, counts: np.ndarray) -> None:
        both = np.concatenate([self._keys, keys])
        found, first, place = np.unique(both, return_index=True, return_inverse=True)
        totals = np.bincount(place, np.concatenate([self._counts, counts]), len(found)).astype(np.int64)
        owners = np.concatenate([self._codes, codes])[first]
        if len(found) > MOST_TEXTS:
            kept = np.sort(np.argsort(-totals, kind="stable")[:MOST_TEXTS])
            found, owners, totals = found[kept], owners[kept], totals[kept]
        self._keys, self._codes, self._counts = found, owners, totals
        self._index()

    def _index(self) -> None:
        """What the answers are looked up in."""
        self._by_key = dict(zip(self._keys.tolist(), self._counts.tolist(), strict=True))
        self._totals = np.bincount(self._codes, self._counts, self.codes).astype(np.int64)
        self._events = int(self._totals.sum())
        self._distinct = np.bincount(self._codes, minlength=self.codes)
        order = np.lexsort((self._counts, self._codes))
        bounds = np.concatenate([[0], np.cumsum(self._distinct)])
        counts = self._counts[order]
        parts = [counts[first:last] for first, last in pairwise(bounds)]
        self._ordered = [(part, np.cumsum(part)) for part in parts]
