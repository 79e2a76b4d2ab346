"""Distances to the nearest normal sequence: the parts of the protocol, thresholds, duplicates."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.anomaly.nearest_normal import nearest_distances, score_anomalies, split_by_time, unseen_share
from loglm.evaluation.embedders import tfidf

TEXTS = ("receiving block", "block received", "packet responder ends", "write exception")


def anomaly_set(number: int = 100) -> AnomalySet:
    """Ordinary sequences of three kinds in turn; the last fifth holds two anomalies and one new normal kind."""
    rows = [[(1, 1, 0, 0), (1, 0, 1, 0), (0, 1, 1, 0)][i % 3] for i in range(number)]
    rows[number - 5] = (2, 1, 1, 0)
    rows[number - 9] = rows[number - 2] = (1, 0, 0, 3)
    rows[5] = (0, 0, 0, 1)
    truth = np.zeros(number, bool)
    truth[[5, number - 9, number - 2]] = True
    return AnomalySet("made", TEXTS, csr_matrix(np.asarray(rows, np.float32)), truth)


def test_anomalies_are_not_learned_from_and_duplicates_are_known() -> None:
    split = split_by_time(anomaly_set())
    assert 5 not in split.learn
    assert (split.learn.max(), split.tune.min(), split.tune.max(), split.test.min()) == (59, 60, 79, 80)
    assert split.new.tolist() == [91, 95]  # the second anomaly repeats the first


def test_what_is_unlike_all_learned_from_is_far() -> None:
    anomalies = anomaly_set()
    split = split_by_time(anomalies)
    distances = nearest_distances(anomalies, split, tfidf())
    assert distances[split.tune].max() == 0
    assert distances[98] > distances[95] > 0
    scores = score_anomalies(distances, anomalies.is_anomaly, split, split.test)
    assert scores.pr_auc.mean == 1
    assert scores.f1.mean == pytest.approx(2 * 2 / (3 + 2))  # the new normal kind alerts too
    assert (scores.sequences, scores.anomalies) == (20, 2)


def test_unseen_events_are_a_share_of_a_sequence() -> None:
    anomalies = anomaly_set()
    shares = unseen_share(anomalies, split_by_time(anomalies))
    assert shares[[0, 95, 98]].tolist() == [0, 0, 0.75]


def test_no_figure_without_anomalies() -> None:
    anomalies = anomaly_set()
    split = split_by_time(anomalies)
    scores = score_anomalies(np.zeros(100), anomalies.is_anomaly, split, np.arange(80, 90))
    assert np.isnan(scores.pr_auc.mean)
    assert np.isnan(scores.f1.mean)
