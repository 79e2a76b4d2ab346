"""Detectors behind a step that reads reworded events as the ones learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.same_meaning import Embed, SameMeaning
from loglm.evaluation.anomaly.detectors.detector import Detector, Labelled

__all__ = ["KnownEvents", "KnownEventsLabelled"]


class KnownEvents:
    """A detector that meets texts of the same meaning as known ones as those.

    Args:
        detector: It learns and scores.
        embed: What turns texts into vectors.
    """

    def __init__(self, detector: Detector, embed: Embed) -> None:
        self._detector = detector
        self._reading = _Reading(embed)

    def fit(self, sequences: EventSequences) -> None:
        """Learn from normal sequences."""
        self._reading.learn(sequences)
        self._detector.fit(sequences)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """As the detector does."""
        return self._detector.score(self._reading.read(sequences))


class KnownEventsLabelled:
    """The same for a detector that learns from labels."""

    def __init__(self, detector: Labelled, embed: Embed) -> None:
        self._detector = detector
        self._reading = _Reading(embed)

    def fit(self, sequences: EventSequences, is_anomaly: np.ndarray) -> None:
        """Learn from labelled sequences."""
        self._reading.learn(sequences)
        self._detector.fit(sequences, is_anomaly)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """As the detector does."""
        return self._detector.score(self._reading.read(sequences))


class _Reading:
    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: list[str] = []
        self._meaning: SameMeaning | None = None

    def learn(self, sequences: EventSequences) -> None:
        self._known = [sequences.texts[i] for i in np.unique(sequences.flat()[0]).tolist()]
        self._meaning = SameMeaning(self._embed, self._known)

    def read(self, sequences: EventSequences) -> EventSequences:
        """Known texts in place of those that mean the same; all others stay as they are."""
        if self._meaning is None:
            raise ValueError("call fit first")
        texts, known = len(sequences.texts), len(self._known)
        places = self._meaning.places(sequences)
        to = np.where(places < known, texts + places, np.arange(texts))
        return replace(
            sequences, texts=(*sequences.texts, *self._known), rows=[to[row].astype(np.int32) for row in sequences.rows]
        )
