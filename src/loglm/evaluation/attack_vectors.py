"""Naming techniques by event vectors: a model for `loglm.evaluation.attack_benchmark` that judges frozen embeddings.

A window is the mean of its events' vectors, of unit length. A logistic regression says whether it is of an attack
recording, a second one, over all techniques at once, which; a recording with several is an example of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loglm.evaluation.attack_baselines import Fit, Scorer, training_windows, window_events
from loglm.evaluation.embedders import Vectors
from loglm.evaluation.window_table import WindowTable

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = ["vector_model"]

_INVERSE_PENALTY = 10.0
_ITERATIONS = 100
_TOLERANCE = 1e-3


def vector_model(table: WindowTable, vectors: Vectors) -> Fit:
    """The model over the vectors of ``table.texts``, (texts, D)."""
    from sklearn.preprocessing import normalize

    means = normalize(window_events(table) @ vectors)

    def fit(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        windows = training_windows(table, recordings)
        kinds = [table.recordings[table.recording[window]] for window in windows]
        is_attack = np.asarray([recording.kind == "attack" for recording in kinds])
        weight = _balanced(np.asarray(table.recording)[windows], is_attack)
        alarm = _regression(means[windows], is_attack, weight, seed)
        column = {label: i for i, label in enumerate(labels)}
        examples = [
            (row, column[name])
            for row, recording in enumerate(kinds)
            if recording.kind == "attack"
            for name in sorted(recording.base_techniques)
            if name in column
        ]
        rows, named = (np.asarray(part) for part in zip(*examples, strict=True))
        namer = _regression(means[windows[rows]], named, weight[rows], seed)

        def score(asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            technique = np.zeros((len(asked), len(labels)))
            technique[:, namer.classes_] = namer.predict_proba(means[asked])
            return alarm.predict_proba(means[asked])[:, 1], technique

        return score

    return fit


def _regression(x: Vectors, y: np.ndarray, weight: np.ndarray, seed: int) -> LogisticRegression:
    """Fitted until little changes: what the last iterations bring is far below the differences between models."""
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_ITERATIONS, tol=_TOLERANCE, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y, sample_weight=weight / weight.mean())


def _balanced(recording: np.ndarray, is_attack: np.ndarray) -> np.ndarray:
    """Weights of windows: attack recordings the same each, and together as much as the clean windows."""
    weight = np.where(is_attack, 1 / np.bincount(recording)[recording], 1.0)
    weight[is_attack] *= weight[~is_attack].sum() / weight[is_attack].sum()
    return weight
