"""Figures: where thresholds come from, what a duplicate is, intervals."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.anomaly.figures import METRICS, DetectorScores, find_new, measure

TUNE_TRUTH = np.asarray([False] * 200 + [True] * 20)
TEST_TRUTH = np.asarray([False] * 100 + [True] * 10)
ALL_NEW = np.ones(110, bool)


def scores(tune_bad: float, test_bad: np.ndarray) -> DetectorScores:
    """Normal ones score 0 to 1."""
    tune = np.concatenate([np.linspace(0, 1, 200), np.full(20, tune_bad)])
    return DetectorScores(tune[None], np.concatenate([np.linspace(0, 1, 100), test_bad])[None])


def test_the_budget_threshold_comes_from_normal_validation_sequences() -> None:
    found = measure(scores(0.5, np.linspace(0.9, 1.8, 10)), TUNE_TRUTH, TEST_TRUTH, ALL_NEW)
    # 1 % of 200 may alert: the threshold is just above the third largest, .98995
    assert found["false alarms"].mean == 0.01
    assert found["recall"].mean == 0.9
    assert found["F1"].mean == pytest.approx(2 * 9 / (9 + 1 + 10))


def test_the_tuned_threshold_comes_from_labels_of_the_validation_part() -> None:
    found = measure(scores(2.0, np.full(10, 1.5)), TUNE_TRUTH, TEST_TRUTH, ALL_NEW)
    assert found["F1 tuned"].mean == 0  # best there is 2.0, which no test anomaly reaches
    assert found["F1 best"].mean == found["PR-AUC"].mean == 1


def test_without_validation_anomalies_nothing_is_tuned() -> None:
    tune_truth = np.zeros(220, bool)
    found = measure(scores(0.5, np.full(10, 1.5)), tune_truth, TEST_TRUTH, ALL_NEW)
    assert np.isnan(found["F1 tuned"].mean)
    assert found["F1"].mean > 0.9


def test_intervals_hold_the_mean_and_widen_with_the_spread_of_seeds() -> None:
    good, bad = scores(0.5, np.full(10, 1.5)), scores(0.5, np.full(10, 0.2))
    one = measure(good, TUNE_TRUTH, TEST_TRUTH, ALL_NEW)["recall"]
    both = DetectorScores(np.concatenate([good.tune, bad.tune]), np.concatenate([good.test, bad.test]))
    two = measure(both, TUNE_TRUTH, TEST_TRUTH, ALL_NEW)["recall"]
    assert (one.mean, one.low, one.high) == (1, 1, 1)
    assert (two.mean, two.low, two.high) == (0.5, 0, 1)


def test_no_figures_where_there_is_nothing_to_find() -> None:
    none_new = np.concatenate([np.ones(100, bool), np.zeros(10, bool)])
    found = measure(scores(0.5, np.full(10, 1.5)), TUNE_TRUTH, TEST_TRUTH, none_new)
    assert tuple(found) == METRICS
    assert np.isnan(found["F1, no duplicates"].mean)
    assert found["F1"].mean > 0.9


def test_duplicates_hold_the_same_events_as_often() -> None:
    def of(*rows: list[int]) -> EventSequences:
        return EventSequences(("a", "b"), [np.asarray(row, np.int32) for row in rows])

    is_new = find_new(of([0, 1], [0]), of([1, 0], [0, 0], [1, 1], [0, 0], [1]))
    assert is_new.tolist() == [False, True, True, False, True]
