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

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.attack_metrics import Interval, alert_threshold, average_precision

__all__ = ["METRICS", "TestScores", "find_new", "measure"]

METRICS = ("PR-AUC", "F1", "F1 tuned", "recall", "false alarms", "PR-AUC, no duplicates", "F1, no duplicates", "F1 best")
_BUDGET = 0.01
_REPLICATES = 300
_NAN = float("nan")


@dataclass(frozen=True, slots=True)
class TestScores:
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
    scores: TestScores, tune_truth: np.ndarray, test_truth: np.ndarray, is_new: np.ndarray
) -> dict[str, Interval]:
    """Each of `METRICS`; NaN where there is nothing to find, or nothing else.

    Args:
        scores: Of one detector.
        tune_truth: bool (validation sequences,): whether it is an anomaly.
        test_truth: bool (test sequences,).
        is_new: bool (test sequences,).
    """
    budget = np.asarray([alert_threshold(row[~tune_truth], _BUDGET) for row in scores.tune])
    tuned = np.asarray([_best_threshold(row, tune_truth) for row in scores.tune])
    everything = np.ones(len(test_truth), bool)
    found: dict[str, Interval] = {}
    for ending, chosen in (("", everything), (", no duplicates", is_new)):
        test, truth = scores.test[:, chosen], test_truth[chosen]
        figures: Mapping[str, Callable[[int, np.ndarray], float]] = {
            "PR-AUC": lambda seed, rows, s=test, t=truth: average_precision(s[seed][rows][t[rows]], s[seed][rows][~t[rows]]),
            "F1": lambda seed, rows, s=test, t=truth: _f1(s[seed][rows] >= budget[seed], t[rows]),
            "F1 tuned": lambda seed, rows, s=test, t=truth: _f1(s[seed][rows] >= tuned[seed], t[rows])
            if tuned[seed] == tuned[seed]
            else _NAN,
            "recall": lambda seed, rows, s=test, t=truth: float((s[seed][rows] >= budget[seed])[t[rows]].mean()),
            "false alarms": lambda seed, rows, s=test, t=truth: float((s[seed][rows] >= budget[seed])[~t[rows]].mean()),
            "F1 best": lambda seed, rows, s=test, t=truth: _f1(s[seed][rows] >= _best_threshold(s[seed][rows], t[rows]), t[rows]),
        }
        for name, figure in figures.items():
            if name + ending in METRICS:
                found[name + ending] = _interval(figure, truth, len(scores.test))
    return {name: found[name] for name in METRICS}


def _interval(figure: Callable[[int, np.ndarray], float], truth: np.ndarray, seeds: int) -> Interval:
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
