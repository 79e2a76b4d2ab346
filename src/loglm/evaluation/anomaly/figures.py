"""Figures of scores on the test part of a data set, with intervals over sequences and seeds.

- ``PR-AUC``: area under precision over recall;
- ``F1``, ``recall``, ``false alarms``: at the threshold that 1 % of the normal sequences of the validation part reach:
  no label is looked at, and it is the alert budget; false alarms are the share of normal test sequences that alert;
- ``F1 tuned``: at the threshold that is best on the labelled validation part; none where that has no anomaly;
- ``F1 best``: at the threshold that is best on the test part: out of reach, only to compare with figures published so.

``, no duplicates``: without test sequences that hold the same events, as often each, as one learned from or an earlier
test sequence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.attack_metrics import Interval, alert_threshold, average_precision

__all__ = ["METRICS", "DetectorScores", "find_new", "measure"]

METRICS = (
    "PR-AUC",
    "F1",
    "F1 tuned",
    "recall",
    "false alarms",
    "PR-AUC, no duplicates",
    "F1, no duplicates",
    "F1 best",
)
_BUDGET = 0.01
_REPLICATES = 300
_NAN = float("nan")

_Figure = Callable[[int, np.ndarray], float]


@dataclass(frozen=True, slots=True)
class DetectorScores:
    """Scores of one detector on one data set, a row for each seed; higher is more anomalous."""

    tune: np.ndarray
    """float64 (seeds, validation sequences)"""
    test: np.ndarray
    """float64 (seeds, test sequences)"""


def find_new(learned: EventSequences, test: EventSequences) -> np.ndarray:
    """bool (test sequences,): those that are no duplicates."""
    known = {_content(row) for row in learned.rows}
    is_new = np.zeros(len(test), bool)
    for place, row in enumerate(test.rows):
        content = _content(row)
        if content not in known:
            known.add(content)
            is_new[place] = True
    return is_new


def measure(
    scores: DetectorScores,
    tune_truth: np.ndarray,
    test_truth: np.ndarray,
    is_new: np.ndarray,
    *,
    metrics: Sequence[str] = METRICS,
) -> dict[str, Interval]:
    """Each of some metrics; NaN where there is nothing to find, or nothing else.

    Args:
        scores: Of one detector.
        tune_truth: bool (validation sequences,): whether it is an anomaly.
        test_truth: bool (test sequences,).
        is_new: bool (test sequences,).
        metrics: Of `METRICS`.
    """
    thresholds = _Thresholds(
        [alert_threshold(row[~tune_truth], _BUDGET) for row in scores.tune],
        [_best_threshold(row, tune_truth) for row in scores.tune],
    )
    everything, new = (
        (_figures(test, thresholds, truth), truth)
        for test, truth in ((scores.test, test_truth), (scores.test[:, is_new], test_truth[is_new]))
    )
    found = {}
    for metric in metrics:
        name, ending, _ = metric.partition(", no duplicates")
        figures, truth = new if ending else everything
        found[metric] = _interval(figures[name], truth, len(scores.test))
    return found


@dataclass(frozen=True, slots=True)
class _Thresholds:
    """One for each seed."""

    budget: Sequence[float]
    tuned: Sequence[float]


def _figures(test: np.ndarray, thresholds: _Thresholds, truth: np.ndarray) -> dict[str, _Figure]:
    """Figures of a seed and of rows of some test sequences."""

    def pr_auc(seed: int, rows: np.ndarray) -> float:
        return average_precision(test[seed][rows][truth[rows]], test[seed][rows][~truth[rows]])

    def alert_share(seed: int, rows: np.ndarray) -> float:
        return float((test[seed][rows] >= thresholds.budget[seed]).mean())

    def f1_at(threshold: float, seed: int, rows: np.ndarray) -> float:
        return _f1(test[seed][rows] >= threshold, truth[rows]) if threshold == threshold else _NAN

    def f1_best(seed: int, rows: np.ndarray) -> float:
        return f1_at(_best_threshold(test[seed][rows], truth[rows]), seed, rows)

    return {
        "PR-AUC": pr_auc,
        "F1": lambda seed, rows: f1_at(thresholds.budget[seed], seed, rows),
        "F1 tuned": lambda seed, rows: f1_at(thresholds.tuned[seed], seed, rows),
        "recall": lambda seed, rows: alert_share(seed, rows[truth[rows]]),
        "false alarms": lambda seed, rows: alert_share(seed, rows[~truth[rows]]),
        "F1 best": f1_best,
    }


def _interval(figure: _Figure, truth: np.ndarray, seeds: int) -> Interval:
    """Mean over seeds; percentiles over draws of a seed and of sequences, as many anomalies and others in each draw."""
    groups = [np.flatnonzero(truth), np.flatnonzero(~truth)]
    if not all(map(len, groups)):
        return Interval(_NAN)
    mean = float(np.mean([figure(seed, np.arange(len(truth))) for seed in range(seeds)]))
    random = np.random.default_rng(0)
    draws = [
        figure(int(random.integers(seeds)), np.concatenate([random.choice(group, len(group)) for group in groups]))
        for _ in range(_REPLICATES)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(mean, float(low), float(high))


def _f1(alerts: np.ndarray, truth: np.ndarray) -> float:
    return 2 * float((alerts & truth).sum()) / max(1.0, float(alerts.sum() + truth.sum()))


def _best_threshold(score: np.ndarray, truth: np.ndarray) -> float:
    """The highest threshold with the best F1; NaN where there is no anomaly."""
    if not truth.any():
        return _NAN
    order = np.argsort(-score, kind="stable")
    last = np.append(np.diff(score[order]) != 0, True)
    right = np.cumsum(truth[order])[last]
    alerts = np.flatnonzero(last) + 1
    return float(score[order][last][np.argmax(2 * right / (alerts + truth.sum()))])


def _content(row: np.ndarray) -> bytes:
    return np.sort(row).tobytes()
