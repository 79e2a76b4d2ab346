"""The past incidents nearest to others, and how they vote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["NEIGHBOURS", "Neighbours", "find_neighbours", "votes"]

NEIGHBOURS = 5
"""How many past incidents vote on one."""

_SHARPNESS = 8
"""A vote weighs cosine to this power: at .9 it counts .43, at .5 nothing to speak of."""
_MOST_CELLS = 1 << 24
"""Cosines that are held at once."""
_DIGITS = 4
"""Cosines are rounded, so that what is equal but for the last bits is a tie."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Of each of n incidents the nearest past ones, best first; of equally near ones the newest."""

    rows: np.ndarray
    """int64 (n, k): places in the history; -1 where there are fewer."""
    similarity: np.ndarray
    """float32 (n, k): cosine; 0 where there is none."""


def find_neighbours(
    vectors: np.ndarray, past: np.ndarray, *, before: np.ndarray | None = None, k: int = NEIGHBOURS
) -> Neighbours:
    """Find the nearest past incidents by brute force.

    Args:
        vectors: float32 (n, D), rows of unit length.
        past: float32 (m, D), oldest first.
        before: int (n,): only the first so many of ``past`` count for each incident; all for None.
        k: How many.
    """
    number = len(vectors)
    rows = np.full((number, k), -1, np.int64)
    similarity = np.zeros((number, k), np.float32)
    limits = np.full(number, len(past)) if before is None else before
    block = max(1, _MOST_CELLS // max(1, len(past)))
    for start in range(0, number, block):
        part = slice(start, min(start + block, number))
        most = int(limits[part].max(initial=0))
        if most == 0:
            continue
        found = np.round(vectors[part] @ past[:most].T, _DIGITS)
        found[np.arange(most)[None] >= limits[part][:, None]] = -2
        rows[part], similarity[part] = _best(found, k)
    return Neighbours(rows, similarity)


def votes(near: Neighbours, is_own: np.ndarray) -> np.ndarray:
    """How strongly the neighbours speak for one kind of incident, float (n,) in 0..1.

    The share of the vote that neighbours of the kind have, times the cosine of the nearest of them: 1 where all are of
    the kind and one is equal; low where they disagree, and where none of the kind is near. A vote weighs the eighth
    power of its cosine (Dudani 1976 weighs by distance), so that an equal incident outvotes four that are merely alike.

    Args:
        near: As from `find_neighbours`.
        is_own: bool (m,): which past incidents are of the kind.
    """
    own = (near.rows >= 0) & is_own[near.rows] if len(is_own) else np.zeros(near.rows.shape, bool)
    closeness = np.maximum(near.similarity, 0)
    weights = closeness**_SHARPNESS
    total = weights.sum(axis=1)
    share = np.where(own, weights, 0).sum(axis=1) / np.where(total > 0, total, 1)
    result: np.ndarray = share * np.where(own, closeness, 0).max(axis=1, initial=0)
    return result


def _best(found: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest of each row, of equal ones the last column first."""
    number, most = found.shape
    rows = np.full((number, k), -1, np.int64)
    similarity = np.zeros((number, k), np.float32)
    for place in range(number):
        values = found[place]
        kept = np.arange(most)
        if most > k:
            least = np.partition(values, most - k)[most - k]
            kept = np.flatnonzero(values >= least)
        order = kept[np.lexsort((-kept, -values[kept]))][:k]
        order = order[values[order] >= -1]
        rows[place, : len(order)] = order
        similarity[place, : len(order)] = values[order]
    return rows, similarity
