"""Levenshtein distance against its definition."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from loglm.evaluation.edit_distance import edit_distance, mean_edit_distance

WORDS = st.text(alphabet="abé🙂", max_size=8)


def by_definition(first: str, second: str) -> int:
    @cache
    def distance(i: int, j: int) -> int:
        if not (i and j):
            return i + j
        kept = distance(i - 1, j - 1) + (first[i - 1] != second[j - 1])
        return min(kept, distance(i - 1, j) + 1, distance(i, j - 1) + 1)

    return distance(len(first), len(second))


@given(WORDS, WORDS)
def test_distance_is_the_fewest_changes(first: str, second: str) -> None:
    assert edit_distance(first, second) == by_definition(first, second)


def test_mean_is_of_all_pairs() -> None:
    assert mean_edit_distance(["ab", "ab", "abc"]) == 2 / 3
    assert mean_edit_distance(["ab"]) == 0
