"""One ranking of several, by the places things have in them."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["fuse"]

_DAMPING = 60
"""As in the paper: how little the very first places weigh more than the next ones."""


def fuse(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Ids with their scores, best first; of equal ones the smaller id.

    Args:
        rankings: Ids, best first; each at most once in a ranking.

    Returns:
        (id, score): 1.0 for one that is first in all rankings; above 0.

    Source: reciprocal rank fusion (Cormack, Clarke and Büttcher 2009); ours divides by the best score possible.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, found in enumerate(ranking, 1):
            scores[found] = scores.get(found, 0.0) + 1 / (_DAMPING + place)
    best = len(rankings) / (_DAMPING + 1)
    return sorted(((found, score / best) for found, score in scores.items()), key=lambda item: (-item[1], item[0]))
