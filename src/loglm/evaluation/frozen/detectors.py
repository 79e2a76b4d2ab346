"""Detectors on frozen embeddings, as rows of tables; those that need torch are in `loglm.training.frozen`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from loglm.evaluation.frozen.vector_sequences import VectorSequences

__all__ = ["Labelled", "Unlabelled", "VectorDetector", "VectorForest", "isolation_forest"]

_TREES = 100
_DIGITS = 6


class Labelled(Protocol):
    """Learns from labels."""

    def fit(self, sequences: VectorSequences, is_anomaly: np.ndarray, /) -> object:
        """Learn from sequences, oldest first, and bool (n,), both values in it."""

    def score(self, sequences: VectorSequences, /) -> np.ndarray:
        """float (n,); higher is more anomalous."""


class Unlabelled(Protocol):
    """Learns from sequences of which some may be anomalous; nobody says which."""

    def fit(self, sequences: VectorSequences, /) -> object:
        """Learn from sequences, oldest first."""

    def score(self, sequences: VectorSequences, /) -> np.ndarray:
        """float (n,); higher is more anomalous."""


@dataclass(frozen=True, slots=True)
class VectorDetector:
    """A kind of detector."""

    name: str
    make: Callable[[int], Labelled] | Callable[[int], Unlabelled]
    """A new one, by its seed."""
    has_labels: bool


class VectorForest:
    """Isolation Forest (Liu et al. 2008) on the mean event vectors of sequences; 100 trees of 256 sequences."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._forest: Any = None

    def fit(self, sequences: VectorSequences) -> None:
        """Grow the trees."""
        from sklearn.ensemble import IsolationForest

        self._forest = IsolationForest(n_estimators=_TREES, random_state=self.seed).fit(sequences.means())

    def score(self, sequences: VectorSequences) -> np.ndarray:
        """float64 (n,), 0..1."""
        scores: np.ndarray = np.round(-self._forest.score_samples(sequences.means()), _DIGITS)
        return scores


def isolation_forest() -> VectorDetector:
    """The one that needs no torch."""
    return VectorDetector("Isolation Forest", VectorForest, has_labels=False)
