"""Sequences as counts of their n-grams, and how far each is from the nearest one learned from."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["NearestProfile", "distinct_rows", "nearest_distances", "ngram_counts"]

_COLUMNS = 1 << 16
_SEQUENCES_AT_ONCE = 1_000
_SIMILARITIES_AT_ONCE = 4_000_000
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)
_DIGITS = 5
"""Distances are rounded so that noise of the last bits does not rank what is equal."""


def ngram_counts(rows: Sequence[np.ndarray], *, shortest: int, longest: int) -> csr_matrix:
    """float32 (n, 65536): how often n-grams of these lengths are in each sequence, by the hash of the n-gram.

    A sequence shorter than ``shortest`` has none.
    """
    from scipy.sparse import csr_matrix, vstack

    if not rows:
        return csr_matrix(np.zeros((0, _COLUMNS), np.float32))
    blocks = [
        _count_block(rows[start : start + _SEQUENCES_AT_ONCE], shortest, longest)
        for start in range(0, len(rows), _SEQUENCES_AT_ONCE)
    ]
    return csr_matrix(vstack(blocks))


class NearestProfile:
    """Cosine distance of a sequence's n-gram counts to those of the nearest sequence learned from, 0..1.

    Args:
        shortest: Length of the shortest n-grams, in events.
        longest: Length of the longest.
        weighs_rarity: Counts become logarithms, times the inverse document frequency, so that what many sequences have
            tells little; without, counts are taken as they are.
    """

    def __init__(self, *, shortest: int, longest: int, weighs_rarity: bool) -> None:
        self.shortest = shortest
        self.longest = longest
        self.weighs_rarity = weighs_rarity
        self._weights = np.zeros(0, np.float32)
        self._learned: csr_matrix | None = None

    def fit(self, rows: Sequence[np.ndarray]) -> NearestProfile:
        """Learn from sequences of event numbers, each int (events,)."""
        counts = ngram_counts(rows, shortest=self.shortest, longest=self.longest)
        found_in = np.bincount(counts.indices, minlength=_COLUMNS)
        self._weights = (np.log((1 + len(rows)) / (1 + found_in)) + 1).astype(np.float32)
        self._learned = self._unit(counts)
        return self

    def distances(self, rows: Sequence[np.ndarray]) -> np.ndarray:
        """float64 (n,); higher is farther. Of a sequence without such n-grams 1, or 0 where one was learned from."""
        if self._learned is None:
            raise ValueError("call fit first")
        return nearest_distances(
            self._unit(ngram_counts(rows, shortest=self.shortest, longest=self.longest)), self._learned
        )

    def _unit(self, counts: csr_matrix) -> csr_matrix:
        from scipy.sparse import diags_array

        if self.weighs_rarity:
            counts = counts.copy()
            counts.data = np.log1p(counts.data) * self._weights[counts.indices]
        norms = np.sqrt(np.asarray(counts.multiply(counts).sum(axis=1))).ravel()
        scaled: csr_matrix = (diags_array(1 / np.where(norms > 0, norms, 1), dtype=np.float32) @ counts).tocsr()
        return scaled


def nearest_distances(asked: csr_matrix | np.ndarray, learned: csr_matrix | np.ndarray) -> np.ndarray:
    """1 - the largest cosine of each row asked with the rows learned, float64 (n,); rows are of unit length or 0."""
    distances = np.empty(asked.shape[0])
    at_once = max(1, _SIMILARITIES_AT_ONCE // max(1, learned.shape[0]))
    for start in range(0, len(distances), at_once):
        products = asked[start : start + at_once] @ learned.T
        products = products if isinstance(products, np.ndarray) else products.toarray()
        distances[start : start + at_once] = 1 - products.max(axis=1, initial=0)
    if _is_empty(learned).any():
        distances[_is_empty(asked)] = 0
    rounded: np.ndarray = np.round(distances, _DIGITS)
    return rounded


def distinct_rows(matrix: csr_matrix | np.ndarray) -> csr_matrix | np.ndarray:
    """One of each group of equal rows."""
    if isinstance(matrix, np.ndarray):
        return np.unique(matrix, axis=0)
    matrix.sort_indices()
    ends = matrix.indptr.tolist()
    first = {matrix.indices[a:b].tobytes() + matrix.data[a:b].tobytes(): i for i, (a, b) in enumerate(pairwise(ends))}
    return matrix[sorted(first.values())]


def _is_empty(matrix: csr_matrix | np.ndarray) -> np.ndarray:
    if isinstance(matrix, np.ndarray):
        return np.asarray(~matrix.any(axis=1))
    empty: np.ndarray = np.diff(matrix.indptr) == 0
    return empty


def _count_block(rows: Sequence[np.ndarray], shortest: int, longest: int) -> csr_matrix:
    from scipy.sparse import csr_matrix

    lengths = np.asarray([len(row) for row in rows], np.int64)
    events = np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.uint64)
    sequence = np.repeat(np.arange(len(rows)), lengths)
    after = np.concatenate([np.zeros(0, np.int64), *(np.arange(n)[::-1] for n in lengths.tolist())])
    keys = np.zeros(len(events), np.uint64)
    columns, places = [], []
    for n in range(1, longest + 1):
        is_whole = after >= n - 1  # an n-gram begins at each event that so many follow
        keys = _combined(keys, np.roll(events, 1 - n))
        if n >= shortest:
            columns.append(keys[is_whole] % np.uint64(_COLUMNS))
            places.append(sequence[is_whole])
    flat = np.concatenate(columns).astype(np.int64)
    counts = csr_matrix((np.ones(len(flat), np.float32), (np.concatenate(places), flat)), shape=(len(rows), _COLUMNS))
    counts.sum_duplicates()
    return counts


def _combined(key: np.ndarray, symbol: np.ndarray) -> np.ndarray:
    """A 64-bit key of two, uint64 (n,)."""
    mixed = (key ^ (symbol + _MIX)) * _SPREAD
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MIX
    result: np.ndarray = mixed ^ (mixed >> np.uint64(32))
    return result
