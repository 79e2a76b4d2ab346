"""Greedy choice of vectors that cover all others: each next one is the farthest from those chosen before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from loglm.events.progress import Progress, silent

__all__ = ["Cover", "farthest_first"]


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
    progress: Progress = silent,
) -> Cover:
    """Start at the vector nearest to the mean of all, then add again and again the one farthest from those chosen.

    Needs memory of a few numbers a vector, and time of ``picks`` passes over them. Of vectors equally far the first
    is chosen. No set of ``k`` vectors leaves its farthest vector less than half as far away as this one does.

    Args:
        vectors: float32 (n, D), of unit length; n at least 1.
        counts: int64 (n,): how many times each counts in the mean.
        most: Vectors to choose, or all where there are fewer.
        costs: int64 (n,): what each takes of a budget; None for no budget.
        budget: Only vectors that fit what is left of it are chosen.
        progress: Is given the choices as they are made.

    Returns:
        At least one pick, or none where no vector fits the budget.

    Source: Gonzalez 1985, Clustering to minimize the maximum intercluster distance; the start is our own.
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
        distance = nearness if rank else -(vectors @ centre)
        pick = int(np.where(can_pick, distance, np.inf).argmin())
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
