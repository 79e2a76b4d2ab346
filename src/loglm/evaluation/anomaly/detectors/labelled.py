"""Detectors that learn from labels: classifiers on event counts and on n-grams of events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.ngram_profiles import ngram_counts
from loglm.evaluation.anomaly.detectors.detector import KnownTexts

__all__ = ["CountClassifier", "NgramClassifier", "logistic_regression", "tree"]

_ITERATIONS = 1_000
_TREES = 200
_NGRAM_REGULARISATION = 10.0
"""scikit-learn's C; chosen on the validation parts."""
_DIGITS = 6


def logistic_regression(_seed: int) -> Any:
    """A logistic regression as scikit-learn has it."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=_ITERATIONS)


def tree(seed: int) -> Any:
    """A decision tree grown to the end."""
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(random_state=seed)


class CountClassifier:
    """A classifier on event counts; texts never learned from are counted together.

    Args:
        make: A new scikit-learn classifier, by its seed.
        seed: Fixes it.
    """

    def __init__(self, make: Callable[[int], Any], seed: int) -> None:
        self._classifier = make(seed)
        self._known: KnownTexts | None = None

    def fit(self, sequences: EventSequences, is_anomaly: np.ndarray) -> None:
        """Learn from labelled sequences."""
        self._known = KnownTexts(sequences)
        self._classifier.fit(self._features(sequences), is_anomaly)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,): probability of an anomaly."""
        probabilities: np.ndarray = self._classifier.predict_proba(self._features(sequences))[:, 1]
        return np.round(probabilities, _DIGITS)

    def _features(self, sequences: EventSequences) -> csr_matrix:
        if self._known is None:
            raise ValueError("call fit first")
        counts: csr_matrix = self._known.encode(sequences).counts().log1p()
        return counts


class NgramClassifier:
    """Mean probability of two: extremely randomised trees on event counts, a logistic regression on 1- to 3-grams.

    Trees find thresholds of single counts, the regression finds order; each is far behind the other on some data set.
    n-grams are hashed, their counts logarithms, weighed by inverse document frequency.
    """

    def __init__(self, seed: int) -> None:
        self._counts = CountClassifier(_extra_trees, seed)
        self._ngrams = logistic_regression(seed).set_params(C=_NGRAM_REGULARISATION)
        self._known: KnownTexts | None = None
        self._weights = np.zeros(0)

    def fit(self, sequences: EventSequences, is_anomaly: np.ndarray) -> None:
        """Learn from labelled sequences."""
        self._known = KnownTexts(sequences)
        self._counts.fit(sequences, is_anomaly)
        counts = self._ngram_counts(sequences)
        found_in = np.bincount(counts.indices, minlength=counts.shape[1])
        self._weights = np.log((1 + len(sequences)) / (1 + found_in)) + 1
        self._ngrams.fit(self._weighed(counts), is_anomaly)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,): probability of an anomaly."""
        ngrams: np.ndarray = self._ngrams.predict_proba(self._weighed(self._ngram_counts(sequences)))[:, 1]
        mean: np.ndarray = (ngrams + self._counts.score(sequences)) / 2
        return np.round(mean, _DIGITS)

    def _ngram_counts(self, sequences: EventSequences) -> csr_matrix:
        if self._known is None:
            raise ValueError("call fit first")
        return ngram_counts(self._known.encode(sequences).rows, shortest=1, longest=3)

    def _weighed(self, counts: csr_matrix) -> csr_matrix:
        from sklearn.preprocessing import normalize

        weighed = counts.log1p()
        weighed.data *= self._weights[weighed.indices].astype(np.float32)
        unit: csr_matrix = normalize(weighed)
        return unit


def _extra_trees(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(n_estimators=_TREES, random_state=seed)
