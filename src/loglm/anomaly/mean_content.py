"""How far the mean event vector of a sequence is from that of the nearest normal sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.ngram_profiles import distinct_rows, nearest_distances

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["MeanContent"]


class MeanContent:
    """Compares mean vectors with those of sequences learned from.

    Args:
        embed: What turns texts into vectors, float32 (n, D), dense or sparse.
        learned: Normal sequences, one event at least.
    """

    def __init__(self, embed: Callable[[Sequence[str]], csr_matrix | np.ndarray], learned: EventSequences) -> None:
        self._embed = embed
        self._means = distinct_rows(self._mean_vectors(learned))

    def distances(self, sequences: EventSequences) -> np.ndarray:
        """Cosine distance to the nearest, float64 (n,), 0..2; 1 for an empty sequence."""
        return nearest_distances(self._mean_vectors(sequences), self._means)

    def _mean_vectors(self, sequences: EventSequences) -> csr_matrix | np.ndarray:
        """Unit vectors, float32 (n, D), 0 for empty sequences; each text is embedded once."""
        from sklearn.preprocessing import normalize

        counts = sequences.counts()
        used = np.unique(counts.indices).tolist()
        if not used:
            return np.zeros((len(sequences), self._means.shape[1]), np.float32)
        means: csr_matrix | np.ndarray = normalize(counts[:, used] @ self._embed([sequences.texts[i] for i in used]))
        return means
