"""How far the mean event vector of a sequence is from that of the nearest normal sequence."""

from __future__ import annotations

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.ngram_profiles import nearest_distances
from loglm.anomaly.same_meaning import Embed

__all__ = ["MeanContent"]


class MeanContent:
    """Compares mean vectors with those of sequences learned from.

    Args:
        embed: What turns texts into vectors.
        learned: Normal sequences, one event at least.
    """

    def __init__(self, embed: Embed, learned: EventSequences) -> None:
        self._embed = embed
        self._means = np.unique(self._mean_vectors(learned), axis=0)

    def distances(self, sequences: EventSequences) -> np.ndarray:
        """Cosine distance to the nearest, float64 (n,), 0..1; 1 for an empty sequence."""
        return nearest_distances(self._mean_vectors(sequences), self._means)

    def _mean_vectors(self, sequences: EventSequences) -> np.ndarray:
        """Unit vectors, float32 (n, D), 0 for empty sequences; each text is embedded once."""
        counts = sequences.counts()
        used = np.unique(counts.indices).tolist()
        if not used:
            return np.zeros((len(sequences), self._means.shape[1]), np.float32)
        means = np.asarray(counts[:, used] @ self._embed([sequences.texts[i] for i in used]), np.float32)
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        unit: np.ndarray = means / np.where(norms > 0, norms, 1)
        return unit
