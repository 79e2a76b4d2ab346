"""Anomalies as what is far from everything normal: nearest-neighbour distance of sequences by their mean event vector.

Protocol: sequences in the order of time; the first 60 % to learn from (the normal ones alone), the next 20 % to set a
threshold by (that which 1 % of its normal sequences reach), the last 20 % to measure on. Figures also without
duplicates: test sequences with the same events, as often each, as one learned from or as an earlier one are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.attack_metrics import Interval, alert_threshold, average_precision
from loglm.evaluation.embedders import Embedder, Vectors

__all__ = ["AnomalyScores", "Split", "nearest_distances", "score_anomalies", "split_by_time", "unseen_share"]

_LEARN, _TUNE = 0.6, 0.8
_NORMAL_ALERTS = 0.01
_REPLICATES = 300
_BLOCK = 512
_DIGITS = 5
"""Distances are rounded so that noise of the last bits does not rank what is equal."""


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of sequences, int."""

    learn: np.ndarray
    """Normal ones of the first part."""
    tune: np.ndarray
    """Normal ones of the second part."""
    test: np.ndarray
    new: np.ndarray
    """Of ``test``, those that are no duplicates."""


@dataclass(frozen=True, slots=True)
class AnomalyScores:
    """Of one choice of test sequences, with 95 % bootstrap intervals over them."""

    pr_auc: Interval
    f1: Interval
    """At the threshold; the anomaly is what is to be found."""
    sequences: int
    anomalies: int


def split_by_time(anomalies: AnomalySet) -> Split:
    """The parts of the protocol."""
    number = len(anomalies.is_anomaly)
    first, second = int(number * _LEARN), int(number * _TUNE)
    normal = np.flatnonzero(~anomalies.is_anomaly)
    learn, tune = normal[normal < first], normal[(normal >= first) & (normal < second)]
    test = np.arange(second, number)
    known = {_content(anomalies.counts, i) for i in learn}
    new = []
    for i in test.tolist():
        content = _content(anomalies.counts, i)
        if content not in known:
            known.add(content)
            new.append(i)
    return Split(learn, tune, test, np.asarray(new, np.int64))


def nearest_distances(anomalies: AnomalySet, split: Split, embedder: Embedder) -> np.ndarray:
    """Cosine distance of each sequence to the nearest learned from, float (sequences,); higher is more anomalous."""
    used = np.unique(anomalies.counts[split.learn].indices)
    embed = embedder.fit([anomalies.texts[i] for i in used])
    means = _unit_rows(anomalies.counts @ embed(anomalies.texts))
    learned = _distinct_rows(anomalies.counts, split.learn)
    nearest = np.zeros(len(anomalies.is_anomaly))
    for start in range(0, len(nearest), _BLOCK):
        nearest[start : start + _BLOCK] = _products(means[start : start + _BLOCK], means[learned]).max(axis=1)
    distances: np.ndarray = np.round(1 - nearest, _DIGITS)
    return distances


def unseen_share(anomalies: AnomalySet, split: Split) -> np.ndarray:
    """Share of a sequence's events whose text no learned sequence has, float (sequences,): the simplest detector."""
    learned = csr_matrix(anomalies.counts[split.learn])
    known = np.bincount(learned.indices, minlength=len(anomalies.texts)) > 0
    total = np.asarray(anomalies.counts.sum(axis=1)).ravel()
    shares: np.ndarray = np.round(1 - anomalies.counts @ known.astype(np.float32) / np.maximum(total, 1), _DIGITS)
    return shares


def score_anomalies(score: np.ndarray, is_anomaly: np.ndarray, split: Split, tested: np.ndarray) -> AnomalyScores:
    """Figures of scores, (sequences,), on some test sequences; NaN where they hold no anomaly or nothing else."""
    threshold = alert_threshold(score[split.tune], _NORMAL_ALERTS)
    values, truth = score[tested], is_anomaly[tested]

    def pr_auc(rows: np.ndarray) -> float:
        return average_precision(values[rows][truth[rows]], values[rows][~truth[rows]])

    def f1(rows: np.ndarray) -> float:
        alerts, right = values[rows] >= threshold, truth[rows]
        found = float((alerts & right).sum())
        return 2 * found / max(1.0, float(alerts.sum() + right.sum()))

    return AnomalyScores(_bootstrap(pr_auc, truth), _bootstrap(f1, truth), len(tested), int(truth.sum()))


def _bootstrap(figure: Callable[[np.ndarray], float], truth: np.ndarray) -> Interval:
    """Over sequences, anomalies and others apart, so that each draw has as many of both."""
    groups = [np.flatnonzero(truth), np.flatnonzero(~truth)]
    if not all(map(len, groups)):
        return Interval(float("nan"))
    random = np.random.default_rng(0)
    draws = [figure(np.concatenate([random.choice(g, len(g)) for g in groups])) for _ in range(_REPLICATES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(figure(np.arange(len(truth))), float(low), float(high))


def _unit_rows(matrix: Vectors) -> Vectors:
    from sklearn.preprocessing import normalize

    unit: Vectors = normalize(matrix)
    return unit


def _products(first: Vectors, second: Vectors) -> np.ndarray:
    product = first @ second.T
    return product.toarray() if isinstance(product, csr_matrix) else np.asarray(product)


def _distinct_rows(counts: csr_matrix, rows: np.ndarray) -> np.ndarray:
    first = {_content(counts, i): i for i in rows[::-1].tolist()}
    return np.sort(np.fromiter(first.values(), np.int64, len(first)))


def _content(counts: csr_matrix, row: int) -> bytes:
    part = slice(counts.indptr[row], counts.indptr[row + 1])
    order = np.argsort(counts.indices[part])
    return bytes(counts.indices[part][order].tobytes() + counts.data[part][order].tobytes())
