"""Greedy farthest-first choice: the start, the order, what each pick stands for, and budgets."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.analysis.farthest_first import farthest_first
from loglm.analysis.hidden_values import UnseenValues


def at(*degrees: float) -> np.ndarray:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def ones(number: int) -> np.ndarray:
    return np.ones(number, np.int64)


def test_starts_at_the_centre_and_goes_to_the_farthest() -> None:
    cover = farthest_first(at(0, 30, 50, 90), ones(4), 3)
    assert cover.picks.tolist() == [2, 0, 3]
    assert cover.nearest.tolist() == [1, 0, 0, 2]


def test_counts_move_the_centre() -> None:
    assert farthest_first(at(0, 50, 100), np.array([100, 1, 1]), 1).picks.tolist() == [0]


def test_equal_vectors_are_picked_last_and_stand_for_themselves() -> None:
    cover = farthest_first(at(0, 0, 90), ones(3), 3)
    assert sorted(cover.picks.tolist()) == [0, 1, 2]
    assert cover.picks[2] in (0, 1)
    assert cover.picks[cover.nearest].tolist() == [0, 1, 2]


def test_more_than_there_are_gives_all() -> None:
    assert sorted(farthest_first(at(0, 10), ones(2), 9).picks.tolist()) == [0, 1]


def test_what_does_not_fit_the_budget_is_passed_over() -> None:
    cover = farthest_first(at(0, 5, 90, 80), ones(4), 4, costs=np.array([1, 1, 9, 2]), budget=4)
    assert 2 not in cover.picks
    assert 3 in cover.picks


def test_nothing_fits() -> None:
    assert not len(farthest_first(at(0, 5), ones(2), 2, costs=np.array([5, 5]), budget=4).picks)


@pytest.mark.parametrize("seed", range(5))
def test_covers_within_twice_the_best_radius(seed: int) -> None:
    """Gonzalez' bound holds from any start; on a small set the best cover can be tried out."""
    from itertools import combinations

    vectors = np.random.default_rng(seed).normal(size=(12, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    distances = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    radius = distances[:, farthest_first(vectors, ones(12), 3).picks].min(axis=1).max()
    best = min(distances[:, list(some)].min(axis=1).max() for some in combinations(range(12), 3))
    assert radius <= 2 * best + 1e-5


def test_of_nearly_the_farthest_the_one_that_shows_most_is_picked() -> None:
    values = [np.asarray(own, np.uint32) for own in ([1], [1], [1, 2, 3], [4], [1, 2, 3, 4, 5])]
    vectors, counts = at(0, 90, 85, 88, 40), np.array([100, 1, 1, 1, 1])
    assert farthest_first(vectors, counts, 3).picks.tolist() == [0, 1, 4]
    cover = farthest_first(vectors, counts, 3, unseen=UnseenValues(values))
    assert cover.picks.tolist() == [0, 2, 4]
    cover = farthest_first(at(0, 90, 90, 90), counts[:4], 4, unseen=UnseenValues(values[:4]))
    assert cover.picks.tolist() == [0, 2, 3, 1]


@pytest.mark.parametrize("seed", range(5))
def test_values_leave_no_vector_much_farther_away(seed: int) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(40, 4)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    values = [rng.integers(0, 50, size=5).astype(np.uint32) for _ in range(40)]
    picks = farthest_first(vectors, ones(40), 8, unseen=UnseenValues([np.unique(own) for own in values])).picks
    for rank in range(1, len(picks)):
        distance = 1 - (vectors @ vectors[picks[:rank]].T).max(axis=1)
        assert distance[picks[rank]] >= 0.9 * distance.max() - 1e-5
