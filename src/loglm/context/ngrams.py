"""What usually follows what: counts of codes after the codes before them, exact, mergeable and bounded.

A Markov model of variable order: the codes before predict by their counts, mixed with what one code fewer predicts; the
weight of the shorter ones is the chance of a code that is new after these, which escape method C (Witten and Bell 1991,
The zero-frequency problem) estimates by the number of distinct ones that followed, as in prediction by partial
matching. The second level asks it for all codes that may come (`NgramCounts.probabilities`), detectors of unusual
sequences for those that came (`NgramCounts.bits`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

__all__ = ["MOST_PAIRS", "ORDERS", "NgramCounts"]

ORDERS: Final = 3
"""Codes before an event that count at most, at the second level."""
MOST_PAIRS: Final = 500_000
"""Kept of each order; of more, the most frequent."""
_KEYS: Final = "ngram_keys_"
_COUNTS: Final = "ngram_counts_"


class NgramCounts:
    """Counts of (codes before, code), for 0 to ``orders`` codes before.

    Args:
        codes: How many there are.
        orders: Codes before that count at most. Codes in a row become one number: exactly, as long as ``codes`` to the
            power of ``orders + 1`` is below 2^63; beyond that by a 64-bit hash, where two of a million contexts get
            into each other's way with a chance of about ``codes`` in 18 million.
    """

    def __init__(self, codes: int, *, orders: int = ORDERS) -> None:
        self.codes = codes
        self.orders = orders
        self._base = codes if codes ** (orders + 1) < 1 << 63 else codes | 1  # an even base would shift codes out
        self._keys = [np.zeros(0, np.int64) for _ in range(orders + 1)]
        self._counts = [np.zeros(0, np.int64) for _ in range(orders + 1)]

    def learn(self, sequences: Sequence[np.ndarray], before: Sequence[Sequence[int]] | None = None) -> None:
        """Count the codes of each sequence, int (n,), oldest first; ``before``: those that came before it, which are
        counted already."""
        flat = _Flat(sequences, [codes[-self.orders :] for codes in before or [()] * len(sequences)])
        for order, keys in enumerate(self._join(flat.codes)):
            own = keys[flat.is_own & (flat.place >= order)]
            if len(own):
                self._add(order, *np.unique(own, return_counts=True))

    def merge(self, other: NgramCounts) -> None:
        """Add what another has counted, of as many codes and orders."""
        for order in range(self.orders + 1):
            self._add(order, other._keys[order], other._counts[order])

    def probabilities(self, before: Sequence[int], base: np.ndarray) -> np.ndarray:
        """Of each code to come next.

        Args:
            before: The codes before, oldest first; the last ``orders`` count.
            base: What to expect whatever came before, float64 (codes,), sums to 1.

        Returns:
            float64 (codes,), sums to 1.
        """
        expected = base
        for order in range(1, min(self.orders, len(before)) + 1):
            start = self._start(before[len(before) - order :])
            keys = self._keys[order]
            first, last = int(keys.searchsorted(start)), int(keys.searchsorted(start + self.codes))
            if last == first:
                break
            codes = keys[first:last] - start
            counts = self._counts[order][first:last].astype(np.float64)
            distinct = len(counts)
            total = counts.sum() + distinct
            expected = expected * (distinct / total)
            expected[codes] += counts / total
        return expected

    def probability(self, before: Sequence[int], code: int, base: float) -> float:
        """What `probabilities` says of one code, of which ``base`` is expected whatever came before."""
        expected = base
        for order in range(1, min(self.orders, len(before)) + 1):
            start = self._start(before[len(before) - order :])
            keys = self._keys[order]
            first, last = keys.searchsorted((start, start + self.codes)).tolist()
            if last == first:
                break
            counts = self._counts[order][first:last]
            total = int(counts.sum()) + last - first
            place = int(keys[first:last].searchsorted(start + code))
            own = int(counts[place]) if place < last - first and keys[first + place] == start + code else 0
            expected = expected * ((last - first) / total) + own / total
        return expected

    def bits(self, sequences: Sequence[np.ndarray], before: Sequence[int], *, base: float) -> list[np.ndarray]:
        """How surprising each code of some sequences is after those before it, from no code before on.

        Args:
            sequences: Each int (n,), oldest first.
            before: What came before each of them, at least ``orders`` codes; such as a code for the beginning.
            base: Probability of each code whatever was counted.

        Returns:
            -log2 of the probabilities, float64 (n,) each; higher is more surprising.
        """
        if len(before) < self.orders:
            raise ValueError(f"{len(before)} codes before; expected at least {self.orders}")
        flat = _Flat(sequences, [before[len(before) - self.orders :]] * len(sequences))
        joined = [keys[flat.is_own] for keys in self._join(flat.codes)]
        _, chosen, place = np.unique(joined[-1], return_index=True, return_inverse=True)
        codes = joined[0][chosen]
        probability = np.full(len(chosen), base)
        for order, keys in enumerate(joined):
            probability = self._mixed(order, keys[chosen], codes, probability)
        lengths = [len(sequence) for sequence in sequences]
        return np.split(-np.log2(probability)[place], np.cumsum(lengths)[:-1]) if lengths else []

    def totals(self) -> np.ndarray:
        """How often each code was met, int64 (codes,)."""
        totals = np.zeros(self.codes, np.int64)
        totals[self._keys[0]] = self._counts[0]
        return totals

    def arrays(self) -> dict[str, np.ndarray]:
        """All counts, as arrays to save."""
        found: dict[str, np.ndarray] = {}
        for order in range(self.orders + 1):
            found[f"{_KEYS}{order}"], found[f"{_COUNTS}{order}"] = self._keys[order], self._counts[order]
        return found

    @classmethod
    def restored(cls, codes: int, arrays: Mapping[str, np.ndarray]) -> NgramCounts:
        """From what `arrays` gave."""
        counts = cls(codes, orders=sum(name.startswith(_KEYS) for name in arrays) - 1)
        for order in range(counts.orders + 1):
            counts._keys[order] = np.asarray(arrays[f"{_KEYS}{order}"], np.int64)
            counts._counts[order] = np.asarray(arrays[f"{_COUNTS}{order}"], np.int64)
        return counts

    def _join(self, codes: np.ndarray) -> list[np.ndarray]:
        """One number for each code with the k before it, int64 (n,), for k of 0 to ``orders``; the first k mean
        nothing."""
        joined = [codes]
        for order in range(1, self.orders + 1):
            joined.append(joined[-1] + np.roll(codes, order) * _wrapped(self._base**order))
        return joined

    def _start(self, before: Sequence[int]) -> int:
        """The number of these codes and code 0 after them; those of the codes that may follow come right after it."""
        start = 0
        for code in before:
            start = (start + code) * self._base
        return _wrapped(start)

    def _mixed(self, order: int, keys: np.ndarray, codes: np.ndarray, shorter: np.ndarray) -> np.ndarray:
        """Probabilities of codes by the counts of an order and what one code before fewer said, float64 (n,)."""
        known, counts = self._keys[order], self._counts[order]
        if not len(known):
            return shorter
        start = keys - codes
        first, last = known.searchsorted(start), known.searchsorted(start + self.codes)
        up_to = np.concatenate([[0], np.cumsum(counts)])
        total, distinct = up_to[last] - up_to[first], last - first
        place = np.minimum(known.searchsorted(keys), len(known) - 1)
        count = np.where(known[place] == keys, counts[place], 0)
        return np.where(total > 0, (count + distinct * shorter) / np.maximum(total + distinct, 1), shorter)

    def _add(self, order: int, keys: np.ndarray, counts: np.ndarray) -> None:
        both = np.concatenate([self._keys[order], keys])
        found, place = np.unique(both, return_inverse=True)
        totals = np.bincount(place, np.concatenate([self._counts[order], counts]), len(found)).astype(np.int64)
        if len(found) > MOST_PAIRS:
            kept = np.sort(np.argsort(-totals, kind="stable")[:MOST_PAIRS])
            found, totals = found[kept], totals[kept]
        self._keys[order], self._counts[order] = found, totals


class _Flat:
    """Sequences after each other, each with what came before it."""

    def __init__(self, sequences: Sequence[np.ndarray], before: Sequence[Sequence[int]]) -> None:
        parts: list[np.ndarray] = [np.zeros(0, np.int64)]
        for held, codes in zip(before, sequences, strict=True):
            parts += (np.asarray(held, np.int64), codes)
        lengths = np.asarray([len(part) for part in parts[1:]], np.int64)
        self.codes = np.concatenate(parts).astype(np.int64, copy=False)
        """int64 (n,)"""
        self.is_own = np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)
        """bool (n,): of the sequence itself."""
        whole = lengths[::2] + lengths[1::2]
        self.place = np.arange(len(self.codes)) - np.repeat(np.cumsum(whole) - whole, whole)
        """int64 (n,): how many stand before it."""


def _wrapped(number: int) -> int:
    """As arithmetic of 64 bits with sign has it."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)
