"""Greedy choice of vectors that cover all others: each next one is among the farthest from those chosen before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loglm.analysis.hidden_values import UnseenValues
from loglm.events.progress import Progress, silent

__all__ = ["Cover", "farthest_first"]

_NEARLY_AS_FAR = 0.9
"""Share of the largest cosine distance from which on what a vector's event shows decides."""
_ROUNDING = 1e-6
"""Of cosines in float32."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Chosen vectors, and which of them each vector is nearest to."""

    picks: np.ndarray
    """int64 (k,): rows, in the order in which they were chosen."""
    nearest: np.ndarray
    """int64 (n,): place in ``picks`` of the chosen vector that each is nearest to."""


def farthest_first(
    vectors: np.ndarray,
    counts: np.ndarray,
    most: int,
    *,
    costs: np.ndarray | None = None,
    budget: int = 0,
    unseen: UnseenValues | None = None,
    progress: Progress = silent,
) -> Cover:
    """Start at the vector nearest to the mean of all, then add again and again the one farthest from those chosen.

    Needs memory of a few numbers a vector, and time of ``picks`` passes over them. Of vectors equally far the first
    is chosen; with ``unseen``, of all that are at least nine tenths as far as the farthest the one whose event has most
    values that no chosen one has. No set of ``k`` vectors leaves its farthest vector less than half as far away as this
    one does (Euclidean distance; with ``unseen`` .47 times).

    Args:
        vectors: float32 (n, D), of unit length; n at least 1.
        counts: int64 (n,): how many times each counts in the mean.
        most: Vectors to choose, or all where there are fewer.
        costs: int64 (n,): what each takes of a budget; None for no budget.
        budget: Only vectors that fit what is left of it are chosen.
        unseen: Values of the events, (n,); told of each choice. None where vectors alone decide.
        progress: Is given the choices as they are made.

    Returns:
        At least one pick, or none where no vector fits the budget.

    Source: Gonzalez 1985, Clustering to minimize the maximum intercluster distance; start and values are our own.
    """
    centre = counts @ vectors / counts.sum()
    is_open = np.ones(len(vectors), bool)
    nearness = np.full(len(vectors), -np.inf, np.float32)
    nearest = np.zeros(len(vectors), np.int64)
    picks: list[int] = []
    left = budget
    for rank in progress(range(min(most, len(vectors))), "picks"):
        can_pick = is_open if costs is None else is_open & (costs <= left)
        if not can_pick.any():
            break
        pick = _farthest(nearness, can_pick, unseen) if rank else _first(-(vectors @ centre), can_pick)
        if unseen is not None:
            unseen.show(pick)
        similarity = vectors @ vectors[pick]
        is_nearer = similarity > nearness
        is_nearer[pick] = True
        nearest[is_nearer] = rank
        nearness[is_nearer] = similarity[is_nearer]
        nearness[pick] = np.inf  # a pick stands for itself, however near the next one is
        picks.append(pick)
        is_open[pick] = False
        left -= 0 if costs is None else int(costs[pick])
    return Cover(np.asarray(picks, np.int64), nearest)


def _first(distance: np.ndarray, can_pick: np.ndarray) -> int:
    return int(np.where(can_pick, distance, np.inf).argmin())


def _farthest(nearness: np.ndarray, can_pick: np.ndarray, unseen: UnseenValues | None) -> int:
    """The vector whose cosine to the nearest choice is lowest, or of nearly the lowest the one that shows most."""
    if unseen is None:
        return _first(nearness, can_pick)
    largest = 1 - float(nearness[can_pick].min())
    near_enough = np.flatnonzero(can_pick & (1 - nearness >= _NEARLY_AS_FAR * largest - _ROUNDING))
    order = np.lexsort((nearness[near_enough], -unseen.number[near_enough]))
    return int(near_enough[order[0]])
