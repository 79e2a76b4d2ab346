"""Simple detectors, each of which solves some benchmark: unseen events, nearest neighbours, forests, Markov chains."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from scipy.sparse import csr_matrix

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.mean_content import MeanContent
from loglm.anomaly.ngram_profiles import distinct_rows, nearest_distances
from loglm.evaluation.anomaly.detectors.detector import KnownTexts
from loglm.evaluation.embedders import Embedder

__all__ = ["CountForest", "MarkovChain", "NearestCounts", "NearestMean", "UnseenEvents"]

_Part = TypeVar("_Part")

_DIGITS = 6
_TREES = 200


class UnseenEvents:
    """Share of a sequence's events whose text no normal sequence has."""

    def __init__(self) -> None:
        self._known: KnownTexts | None = None

    def fit(self, sequences: EventSequences) -> None:
        """Remember the texts."""
        self._known = KnownTexts(sequences)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), 0..1; 0 for an empty sequence."""
        known = _fitted(self._known)
        rows = known.encode(sequences).rows
        return np.asarray([float((row == len(known)).sum()) / max(1, len(row)) for row in rows])


class NearestCounts:
    """Cosine distance of the event counts to those of the nearest normal sequence (LightAD's detector)."""

    def __init__(self) -> None:
        self._known: KnownTexts | None = None
        self._learned: csr_matrix | np.ndarray = csr_matrix((0, 0))

    def fit(self, sequences: EventSequences) -> None:
        """Remember the distinct counts."""
        self._known = KnownTexts(sequences)
        self._learned = distinct_rows(_unit(self._known.encode(sequences).counts()))

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), 0..1."""
        return nearest_distances(_unit(_fitted(self._known).encode(sequences).counts()), self._learned)


class NearestMean:
    """Cosine distance of a sequence's mean event vector to that of the nearest normal sequence.

    Args:
        embedder: What turns texts into vectors; it learns from the texts of normal sequences, where it learns.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._content: MeanContent | None = None

    def fit(self, sequences: EventSequences) -> None:
        """Embed the normal sequences."""
        used = np.unique(sequences.flat()[0]).tolist()
        self._content = MeanContent(self._embedder.fit([sequences.texts[i] for i in used]), sequences)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), 0..2."""
        return _fitted(self._content).distances(sequences)


class CountForest:
    """Isolation Forest (Liu et al. 2008) on the logarithms of event counts; 200 trees of 256 sequences."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._known: KnownTexts | None = None
        self._forest: Any = None

    def fit(self, sequences: EventSequences) -> None:
        """Grow the trees."""
        from sklearn.ensemble import IsolationForest

        self._known = KnownTexts(sequences)
        counts = self._known.encode(sequences).counts().log1p()
        self._forest = IsolationForest(n_estimators=_TREES, random_state=self.seed).fit(counts)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), 0..1."""
        counts = _fitted(self._known).encode(sequences).counts().log1p()
        scores: np.ndarray = np.round(-self._forest.score_samples(counts), _DIGITS)
        return scores


class MarkovChain:
    """Mean bits per event of a first-order Markov chain, add-one smoothed; a sequence begins in a state of its own."""

    def __init__(self) -> None:
        self._known: KnownTexts | None = None
        self._bits = csr_matrix((0, 0))
        self._unseen = np.zeros(0)

    def fit(self, sequences: EventSequences) -> None:
        """Count transitions."""
        self._known = KnownTexts(sequences)
        size = len(self._known) + 2  # an unknown event and the beginning
        before, after, _ = self._transitions(sequences)
        counts = csr_matrix((np.ones(len(before)), (before, after)), shape=(size, size))
        totals = np.asarray(counts.sum(axis=1)).ravel() + size
        self._unseen = np.log2(totals)  # bits of a transition never met: log2(totals / 1)
        counts.data = -np.log2((counts.data + 1) / np.repeat(totals, np.diff(counts.indptr)))
        self._bits = counts

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), in bits."""
        before, after, lengths = self._transitions(sequences)
        known = np.asarray(self._bits[before, after]).ravel()
        bits = np.where(known > 0, known, self._unseen[before])
        sequence = np.repeat(np.arange(len(lengths)), lengths)
        sums = np.bincount(sequence, bits, len(lengths))
        means: np.ndarray = np.round(sums / np.maximum(lengths, 1), _DIGITS)
        return means

    def _transitions(self, sequences: EventSequences) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = _fitted(self._known)
        rows = known.encode(sequences).rows
        start = len(known) + 1
        after = np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.int64)
        lengths = np.asarray([len(row) for row in rows], np.int64)
        before = np.roll(after, 1)
        before[(np.cumsum(lengths) - lengths)[lengths > 0]] = start
        return before, after, lengths


def _fitted(part: _Part | None) -> _Part:
    if part is None:
        raise ValueError("call fit first")
    return part


def _unit(matrix: csr_matrix | np.ndarray) -> csr_matrix | np.ndarray:
    from sklearn.preprocessing import normalize

    unit: csr_matrix | np.ndarray = normalize(matrix)
    return unit
