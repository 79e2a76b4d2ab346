"""What event vectors add to sequences: reworded events, and how far a mean vector is from normal ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.ngram_profiles import nearest_distances

__all__ = ["ContentView", "Embed"]

_SAME_MEANING = 0.8
_SIMILARITIES_AT_ONCE = 4_000_000

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit vectors, float32 (n, D); the same text has the same vector in each call."""


class ContentView:
    """Compares with the texts and sequences learned from.

    Args:
        embed: What turns texts into vectors.
        learned: Normal sequences.
        known: Distinct texts in them.
    """

    def __init__(self, embed: Embed, learned: EventSequences, known: Sequence[str]) -> None:
        self._embed = embed
        self._vectors = embed(known)
        self._means = np.unique(self._mean_vectors(learned), axis=0)

    def nearest(self, texts: Sequence[str], *, unknown: int) -> np.ndarray:
        """Place of the known text that each one means the same as, int64 (n,): nearest and of a cosine of .8 or more;
        ``unknown`` where there is none."""
        asked = self._embed(texts)
        found = np.empty(len(asked), np.int64)
        at_once = max(1, _SIMILARITIES_AT_ONCE // len(self._vectors))
        for start in range(0, len(asked), at_once):
            cosines = asked[start : start + at_once] @ self._vectors.T
            nearest = cosines.argmax(axis=1)
            is_same = cosines[np.arange(len(nearest)), nearest] >= _SAME_MEANING
            found[start : start + at_once] = np.where(is_same, nearest, unknown)
        return found

    def distances(self, sequences: EventSequences) -> np.ndarray:
        """Cosine distance of the mean event vector to the nearest of a sequence learned from, float64 (n,), 0..1."""
        return nearest_distances(self._mean_vectors(sequences), self._means)

    def _mean_vectors(self, sequences: EventSequences) -> np.ndarray:
        """Unit vectors, float32 (n, D), 0 for empty sequences; each text is embedded once."""
        counts = sequences.counts()
        used = np.unique(counts.indices).tolist()
        vectors = self._embed([sequences.texts[i] for i in used]) if used else self._vectors[:0]
        means = np.asarray(counts[:, used] @ vectors, np.float32)
        norms = np.linalg.norm(means, axis=1, keepdims=True)
        unit: np.ndarray = means / np.where(norms > 0, norms, 1)
        return unit
