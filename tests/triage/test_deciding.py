"""Neighbours, thresholds at a stated error, and decisions."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.triage.calibration import THRESHOLDS, choose_threshold, error_bound
from loglm.triage.deciding import Decision, TriageModels, judge, learn_models
from loglm.triage.neighbours import find_neighbours, votes
from loglm.triage.pooling import incident_vectors


def unit(rows: list[list[float]]) -> np.ndarray:
    vectors = np.asarray(rows, np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def learned(number: int = 800, *, error: float = 0.1) -> TriageModels:
    """Attacks along one axis, the rest along another, each a little different."""
    random = np.random.default_rng(0)
    is_attack = np.arange(number) % 2 == 0
    vectors = np.where(is_attack[:, None], [1.0, 0, 0], [0, 1.0, 0]) + random.normal(size=(number, 3)) * 0.05
    heads = ["scan" if bad else "update" for bad in is_attack]
    contents = list(range(number))
    return learn_models(unit(vectors.tolist()), is_attack, heads, contents, raise_error=error, close_error=error)


def test_of_equally_near_ones_the_newest_comes_first() -> None:
    past = unit([[1, 0], [0, 1], [1, 0]])
    near = find_neighbours(unit([[1, 0]]), past, k=2)
    assert near.rows.tolist() == [[2, 0]]
    assert near.similarity.tolist() == [[1, 1]]


def test_only_what_came_before_is_a_neighbour() -> None:
    past = unit([[1, 0], [1, 0.1], [1, 0.2]])
    near = find_neighbours(past, past, before=np.asarray([0, 1, 2]), k=2)
    assert near.rows.tolist() == [[-1, -1], [0, -1], [1, 0]]


def test_an_equal_incident_outvotes_four_that_are_merely_alike() -> None:
    past = unit([[1, 0], [1, 1.2], [1, 1.2], [1, 1.2], [1, 1.2]])
    near = find_neighbours(unit([[1, 0]]), past)
    is_attack = np.asarray([True, False, False, False, False])
    assert votes(near, is_attack)[0] > 0.85
    assert votes(near, ~is_attack)[0] < 0.15


def test_votes_are_low_where_nothing_is_near() -> None:
    near = find_neighbours(unit([[0, 0, 1]]), unit([[1, 0, 0.3]] * 5))
    assert votes(near, np.ones(5, bool))[0] < 0.3


def test_bound_is_clopper_pearsons() -> None:
    assert error_bound(0, 59, 0.95) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert error_bound(3, 100, 0.95) == pytest.approx(0.0757, abs=1e-4)
    assert error_bound(0, 0, 0.95) == 1


def test_stated_error_is_kept_in_nineteen_of_twenty_histories() -> None:
    random = np.random.default_rng(1)
    broken = 0
    for _ in range(200):
        scores = random.uniform(size=400)
        found = choose_threshold(scores, random.uniform(size=400) < scores, list(range(400)), error=0.2)
        if found.value is not None:
            broken += (1 - found.value) / 2 > 0.2  # mean of 1 - score above the threshold
    assert broken <= 10


def test_the_strictest_threshold_is_tried_first_and_the_first_that_fails_is_the_last() -> None:
    scores = np.repeat([0.99, 0.95, 0.9, 0.6], 100)
    right = np.ones(400, bool)
    right[200:230] = False  # three in ten at .9
    right[390:] = False
    found = choose_threshold(scores, right, list(range(400)), error=0.04)
    assert (found.value, found.trials, found.wrong) == (0.95, 200, 0)


def test_thresholds_that_few_reach_are_not_tried() -> None:
    scores, right = np.repeat([0.99, 0.9, 0.1], [5, 200, 200]), np.repeat([True, False], [205, 200])
    right[0] = False  # one of five, which says little
    found = choose_threshold(scores, right, list(range(405)), error=0.04)
    assert (found.value, found.trials, found.wrong) == (THRESHOLDS[0], 205, 1)


def test_repetitions_are_one_trial() -> None:
    right = np.arange(400) < 300
    scores = right * 0.97
    assert choose_threshold(scores, right, list(range(400)), error=0.1).value == THRESHOLDS[0]
    once = choose_threshold(scores, right, ["same"] * 300 + ["other"] * 100, error=0.1)
    assert (once.value, once.trials) == (None, 1)


def test_deciding_must_be_better_than_deciding_blindly() -> None:
    right = np.asarray([True] * 990 + [False] * 10)
    found = choose_threshold(np.full(1000, 0.9), right, list(range(1000)), error=0.05)
    assert (found.value, found.allowed) == (None, 0.005)


def test_clear_incidents_are_raised_and_closed_and_strange_ones_left_open() -> None:
    judged = judge(learned(), unit([[1, 0, 0], [0, 1, 0], [0, 0, 1]]), ["scan", "update", "update"])
    assert judged.decisions == [Decision.RAISE, Decision.CLOSE, Decision.OPEN]


def test_what_no_harmless_incident_was_called_is_not_closed() -> None:
    judged = judge(learned(), unit([[0, 1, 0]]), ["update at night"])
    assert judged.decisions == [Decision.OPEN]
    assert judged.close_score.tolist() == [0]


def test_a_small_history_supports_no_decision() -> None:
    models = learned(20)
    assert models.to_raise.value is models.to_close.value is None
    assert judge(models, unit([[1, 0, 0]]), ["scan"]).decisions == [Decision.OPEN]
    assert learned(20, error=0.6).to_raise.value is None
    assert models.to_raise.bound > 0.1


def test_an_incidents_own_burst_does_not_speak_for_it() -> None:
    vectors = np.eye(160, dtype=np.float32)[np.arange(160) // 10 % 16]  # a new kind in each step
    models = learn_models(
        vectors, np.arange(160) >= 80, ["x"] * 160, list(range(160)), raise_error=0.2, close_error=0.2
    )
    assert models.to_raise.trials == 0


def test_what_an_incident_is_called_counts_half() -> None:
    texts = {"a": [1.0, 0, 0], "b": [0, 1.0, 0], "c": [0, 0, 1.0]}
    asked: list[str] = []

    def embed(some: list[str]) -> np.ndarray:
        asked.extend(some)
        return np.asarray([texts[text] for text in some], np.float32)

    found = incident_vectors([("a", "b", "c", "b"), ("c",)], embed)  # type: ignore[arg-type]
    assert asked == ["a", "b", "c"]
    np.testing.assert_allclose(found[0], np.asarray([2, 1, 1]) / np.sqrt(6), atol=1e-6)
    assert found[1].tolist() == [0, 0, 1]
