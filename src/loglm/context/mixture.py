"""Weights of several expectations that make what came least surprising."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["fit_weights"]

_ROUNDS = 50


def fit_weights(given: Sequence[Sequence[float]] | np.ndarray, *, sources: int) -> np.ndarray:
    """Weights of sources by expectation maximisation (Dempster et al. 1977), which makes the mean surprisal least.

    Args:
        given: (n, sources): the probability that each source gave what came.
        sources: How many there are.

    Returns:
        float64 (sources,), sums to 1; all alike where nothing came.
    """
    rows = np.asarray(given, np.float64).reshape(-1, sources)
    rows = rows[rows.any(axis=1)]
    weights = np.full(sources, 1 / sources)
    for _ in range(_ROUNDS if len(rows) else 0):
        shares = rows * weights
        weights = (shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)).mean(axis=0)
    return weights
