"""Sequences of frozen event vectors: what detectors on embeddings learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.embedders import Embedder, Vectorize, dense

__all__ = ["VectorSequences", "embed_sequences", "reduced"]

_REDUCED_WIDTH = 192


@dataclass(frozen=True, slots=True)
class VectorSequences:
    """Sequences of events, each with the vector of its text."""

    events: EventSequences
    vectors: np.ndarray
    """float32 (texts, D): of each of the events' texts, of unit length or 0."""

    def __len__(self) -> int:
        return len(self.events)

    def take(self, chosen: np.ndarray) -> VectorSequences:
        """Some of the sequences, by their places, int (n,)."""
        return replace(self, events=self.events.take(chosen))

    def means(self) -> np.ndarray:
        """float32 (n, D): the mean vector of each sequence's events; 0 for an empty one."""
        lengths = np.asarray([max(1, len(row)) for row in self.events.rows], np.float32)
        sums: np.ndarray = self.events.counts() @ self.vectors
        return sums / lengths[:, None]

    def gaps(self) -> list[np.ndarray]:
        """Of each sequence, float32 (events,): logarithm of one and the seconds since its event before, in thousandths;
        0 for its first event, and where the log has no time."""
        if self.events.times is None:
            return [np.zeros(len(row), np.float32) for row in self.events.rows]
        return [
            np.log1p(1_000 * np.nan_to_num(np.diff(own, prepend=own[:1])).clip(0)).astype(np.float32)
            for own in self.events.times
        ]


def embed_sequences(events: EventSequences, embedder: Embedder, learned: np.ndarray) -> VectorSequences:
    """The vectors of all texts; an embedder that learns does so from those of the ``learned`` sequences, int (n,)."""
    used = np.unique(events.take(learned).flat()[0]).tolist()
    embed = embedder.fit([events.texts[place] for place in used])
    return VectorSequences(events, dense(embed(events.texts)).astype(np.float32, copy=False))


def reduced(embedder: Embedder, *, width: int = _REDUCED_WIDTH) -> Embedder:
    """The same, with vectors of a width that a network can read: singular value decomposition of the texts it learns
    from (latent semantic analysis, Deerwester et al. 1990); at most so wide as there are texts or words."""

    def fit(texts: Sequence[str]) -> Vectorize:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.preprocessing import normalize

        embed = embedder.fit(texts)
        learned = embed(texts)
        if min(learned.shape) <= 2:  # nothing to leave out
            return embed
        model = TruncatedSVD(min(width, min(learned.shape) - 1), random_state=0).fit(learned)
        return lambda asked: normalize(model.transform(embed(asked))).astype(np.float32)

    return replace(embedder, fit=fit)
