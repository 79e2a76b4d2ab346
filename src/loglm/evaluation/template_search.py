"""Search and similarity of log lines by template: what a cosine of vectors, or another score, says of their kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.embedders import Vectors

__all__ = [
    "PairScores",
    "SearchScores",
    "Similarities",
    "cosines",
    "draw_pairs",
    "mean_cosine",
    "score_pairs",
    "search_by_example",
]

Similarities = Callable[[np.ndarray], np.ndarray]
"""Query lines, int (q,), to their scores against all lines, float (q, n); higher is more similar."""

_BLOCK = 256
_REPLICATES = 300


@dataclass(frozen=True, slots=True)
class SearchScores:
    """How well each line finds the others of its template, for lines that have others."""

    query: np.ndarray
    """int (q,): the lines."""
    reciprocal_rank: np.ndarray
    """float (q,): one over the place of the first line of the same template."""
    average_precision: np.ndarray
    """float (q,): mean of the precisions at the place of each line of the same template."""


@dataclass(frozen=True, slots=True)
class PairScores:
    """Cosines of pairs of one template against those of pairs of two templates; 95 % bootstrap intervals over pairs."""

    difference: Interval
    """Mean of the first minus mean of the second."""
    auc: Interval
    """Chance that a pair of one template is the closer one; no scaling of the cosines changes it."""


def cosines(vectors: Vectors) -> Similarities:
    """Scores by vectors of unit length."""

    def score(queries: np.ndarray) -> np.ndarray:
        product = vectors[queries] @ vectors.T
        return product.toarray() if isinstance(product, csr_matrix) else np.asarray(product)

    return score


def search_by_example(similarities: Similarities, templates: Sequence[str], *, seed: int = 0) -> SearchScores:
    """Rank all lines but itself by similarity to each line, and look where those of its template are.

    Args:
        similarities: The scores.
        templates: (n,): of each line.
        seed: Fixes the order of lines of equal score.
    """
    _, template = np.unique(np.asarray(templates), return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(template))
    queries = np.flatnonzero(np.bincount(template)[template] > 1)
    reciprocal, precision = np.zeros(len(queries)), np.zeros(len(queries))
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        scores = similarities(block).astype(np.float64)
        scores[np.arange(len(block)), block] = -np.inf
        ranked = order[np.argsort(-scores[:, order], axis=1, kind="stable")]
        hits = template[ranked] == template[block][:, None]
        hits[:, -1] = False  # the query itself
        places = np.arange(1, hits.shape[1] + 1)
        reciprocal[start : start + len(block)] = 1 / (hits.argmax(axis=1) + 1)
        precision[start : start + len(block)] = (hits * hits.cumsum(axis=1) / places).sum(axis=1) / hits.sum(axis=1)
    return SearchScores(queries, reciprocal, precision)


def draw_pairs(
    systems: Sequence[str], templates: Sequence[str], *, pairs: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of lines of one system: of one template, and of two; of each kind and system so many, with replacement.

    Returns:
        int (p, 2) and (p, 2): indices; systems without two templates, one of them of two lines, have none.
    """
    random = np.random.default_rng(seed)
    same: list[np.ndarray] = []
    other: list[np.ndarray] = []
    for system in dict.fromkeys(systems):
        lines = np.flatnonzero(np.asarray(systems) == system)
        _, template = np.unique(np.asarray(templates)[lines], return_inverse=True)
        counts = np.bincount(template)
        if len(counts) < 2 or counts.max() < 2:
            continue
        first = random.choice(np.flatnonzero(counts[template] > 1), pairs)
        same.append(lines[np.stack([first, [_partner(template, i, random, same=True) for i in first]], axis=1)])
        first = random.integers(len(lines), size=pairs)
        other.append(lines[np.stack([first, [_partner(template, i, random, same=False) for i in first]], axis=1)])
    empty = np.zeros((0, 2), np.int64)
    return np.concatenate([empty, *same]), np.concatenate([empty, *other])


def score_pairs(vectors: Vectors, same: np.ndarray, other: np.ndarray) -> PairScores:
    """Difference of the mean cosines and AUC, for pairs as `draw_pairs` gives them."""
    positive, negative = (_pair_cosines(vectors, pairs) for pairs in (same, other))
    random = np.random.default_rng(0)
    draws = [
        (random.choice(positive, len(positive)), random.choice(negative, len(negative))) for _ in range(_REPLICATES)
    ]
    return PairScores(
        _interval(float(positive.mean() - negative.mean()), [float(p.mean() - n.mean()) for p, n in draws]),
        _interval(_auc(positive, negative), [_auc(p, n) for p, n in draws]),
    )


def mean_cosine(vectors: Vectors, *, pairs: int = 20_000, seed: int = 0) -> float:
    """Mean cosine of random pairs of different rows: near 1 where all vectors point the same way (anisotropy)."""
    random = np.random.default_rng(seed)
    first = random.integers(vectors.shape[0], size=pairs)
    second = (first + random.integers(1, max(2, vectors.shape[0]), size=pairs)) % vectors.shape[0]
    return float(_pair_cosines(vectors, np.stack([first, second], axis=1)).mean())


def _partner(template: np.ndarray, line: int, random: np.random.Generator, *, same: bool) -> int:
    fitting = np.flatnonzero((template == template[line]) == same)
    return int(random.choice(fitting[fitting != line]))


def _pair_cosines(vectors: Vectors, pairs: np.ndarray) -> np.ndarray:
    first, second = vectors[pairs[:, 0]], vectors[pairs[:, 1]]
    if isinstance(first, csr_matrix):
        return np.asarray(first.multiply(second).sum(axis=1)).ravel()
    product: np.ndarray = (first * second).sum(axis=1)
    return product


def _auc(positive: np.ndarray, negative: np.ndarray) -> float:
    ordered = np.sort(negative)
    below = np.searchsorted(ordered, positive, side="left") + np.searchsorted(ordered, positive, side="right")
    return float(below.mean() / 2 / len(negative))


def _interval(value: float, replicates: Sequence[float]) -> Interval:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return Interval(value, float(low), float(high))
