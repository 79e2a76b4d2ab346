"""What usually follows what: counts of codes after the codes before them, exact, mergeable and bounded.

Source: interpolated estimates with escape method C (Witten and Bell 1991, The zero-frequency problem), as in prediction
by partial matching; a variable-order Markov model of up to three codes before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

__all__ = ["MOST_PAIRS", "ORDERS", "NgramCounts"]

ORDERS: Final = 3
"""Codes before an event that count at most."""
MOST_PAIRS: Final = 500_000
"""Kept of each order; of more, the most frequent."""


class NgramCounts:
    """Counts of (codes before, code), for 0 to `ORDERS` codes before."""

    def __init__(self, codes: int) -> None:
        """``codes``: size of the codebook; at most 4,096, so that four codes fit 63 bits."""
        self.codes = codes
        self._keys = [np.zeros(0, np.int64) for _ in range(ORDERS + 1)]
        self._counts = [np.zeros(0, np.int64) for _ in range(ORDERS + 1)]

    def learn(self, sequences: Sequence[np.ndarray]) -> None:
        """Count the codes of each sequence, int (n,), oldest first."""
        for order in range(ORDERS + 1):
            keys = [self._join(codes.astype(np.int64), order) for codes in sequences if len(codes) > order]
            if keys:
                found, counts = np.unique(np.concatenate(keys), return_counts=True)
                self._add(order, found, counts)

    def merge(self, other: NgramCounts) -> None:
        """Add what another has counted."""
        for order in range(ORDERS + 1):
            self._add(order, other._keys[order], other._counts[order])

    def probabilities(self, before: Sequence[int], base: np.ndarray, leave_out: int | None = None) -> np.ndarray:
        """Of each code to come next.

        Args:
            before: The codes before, oldest first; the last `ORDERS` count.
            base: What to expect whatever came before, float64 (codes,), sums to 1.
            leave_out: A code that was counted here once, which is taken out again for this answer.

        Returns:
            float64 (codes,), sums to 1.
        """
        expected = base
        for order in range(1, min(ORDERS, len(before)) + 1):
            first, last = self._range(order, before)
            if last == first:
                break
            codes = self._keys[order][first:last] % self.codes
            counts = self._counts[order][first:last].astype(np.float64)
            if leave_out is not None:
                counts[codes == leave_out] -= 1
            distinct = np.count_nonzero(counts)
            total = counts.sum() + distinct
            if not total:
                break
            expected = expected * (distinct / total)
            expected[codes] += counts / total
        return expected

    def totals(self) -> np.ndarray:
        """How often each code was met, int64 (codes,)."""
        totals = np.zeros(self.codes, np.int64)
        totals[self._keys[0]] = self._counts[0]
        return totals

    def arrays(self) -> dict[str, np.ndarray]:
        """All counts, as arrays to save."""
        found: dict[str, np.ndarray] = {}
        for order in range(ORDERS + 1):
            found[f"ngram_keys_{order}"], found[f"ngram_counts_{order}"] = self._keys[order], self._counts[order]
        return found

    @classmethod
    def restored(cls, codes: int, arrays: Mapping[str, np.ndarray]) -> NgramCounts:
        """From what `arrays` gave."""
        counts = cls(codes)
        for order in range(ORDERS + 1):
            counts._keys[order] = np.asarray(arrays[f"ngram_keys_{order}"], np.int64)
            counts._counts[order] = np.asarray(arrays[f"ngram_counts_{order}"], np.int64)
        return counts

    def _join(self, codes: np.ndarray, order: int) -> np.ndarray:
        """One number for each code with those before it."""
        joined = np.zeros(len(codes) - order, np.int64)
        for back in range(order, -1, -1):
            joined = joined * self.codes + codes[order - back : len(codes) - back]
        return joined

    def _range(self, order: int, before: Sequence[int]) -> tuple[int, int]:
        start = 0
        for code in before[len(before) - order :] if order else ():
            start = start * self.codes + code
        start *= self.codes
        keys = self._keys[order]
        return int(keys.searchsorted(start)), int(keys.searchsorted(start + self.codes))

    def _add(self, order: int, keys: np.ndarray, counts: np.ndarray) -> None:
        both = np.concatenate([self._keys[order], keys])
        found, place = np.unique(both, return_inverse=True)
        totals = np.bincount(place, np.concatenate([self._counts[order], counts]), len(found)).astype(np.int64)
        if len(found) > MOST_PAIRS:
            kept = np.sort(np.argsort(-totals, kind="stable")[:MOST_PAIRS])
            found, totals = found[kept], totals[kept]
        self._keys[order], self._counts[order] = found, totals
