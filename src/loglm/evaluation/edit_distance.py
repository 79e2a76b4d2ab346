"""Levenshtein distance of texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

__all__ = ["edit_distance", "mean_edit_distance"]


def edit_distance(first: str, second: str) -> int:
    """The fewest characters to insert, delete or replace that make one text the other.

    >>> edit_distance("kitten", "sitting")
    3
    """
    letters = np.frombuffer(second.encode("utf-32-le", "surrogatepass"), np.uint32)
    places = np.arange(len(letters) + 1)
    row = places
    for number, letter in enumerate(first, 1):
        changed = np.minimum(row[1:] + 1, row[:-1] + (letters != ord(letter)))
        # an insertion adds 1 for each place to the right of where it starts
        row = np.minimum.accumulate(np.concatenate(([number], changed)) - places) + places
    return int(row[-1])


def mean_edit_distance(texts: Sequence[str]) -> float:
    """Mean over all pairs; 0 for fewer than two texts."""
    pairs = list(combinations(texts, 2))
    return sum(edit_distance(*pair) for pair in pairs) / len(pairs) if pairs else 0.0
