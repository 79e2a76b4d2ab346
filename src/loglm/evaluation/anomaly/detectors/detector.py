"""What a detector is for the benchmark: it learns from sequences and scores others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from loglm.anomaly.event_sequences import EventSequences

__all__ = ["Detector", "DetectorKind", "KnownTexts", "Labelled", "Task"]

Task = Literal["normal only", "labelled"]


class Detector(Protocol):
    """Learns from normal sequences alone."""

    def fit(self, sequences: EventSequences, /) -> object:
        """Learn from normal sequences, oldest first."""

    def score(self, sequences: EventSequences, /) -> np.ndarray:
        """float (n,); higher is more anomalous. Texts may be others than those learned from."""


class Labelled(Protocol):
    """Learns from normal and anomalous sequences."""

    def fit(self, sequences: EventSequences, is_anomaly: np.ndarray, /) -> object:
        """Learn from sequences, oldest first, and bool (n,)."""

    def score(self, sequences: EventSequences, /) -> np.ndarray:
        """As of a `Detector`."""


@dataclass(frozen=True, slots=True)
class DetectorKind:
    """A row of the tables."""

    name: str
    """As in ``--detectors``."""
    make: Callable[[int], Detector] | Callable[[int], Labelled]
    """A new one, by its seed."""
    task: Task = "normal only"
    is_random: bool = False
    """Whether the seed changes it; others are measured once."""
    model: str = ""
    """Version of the pretrained model that it reads, which its scores depend on; empty for none."""


class KnownTexts:
    """Numbers of the texts that some sequences hold; all other texts share the number after the last."""

    def __init__(self, learned: EventSequences) -> None:
        used = np.unique(learned.flat()[0])
        self._numbers = {learned.texts[place]: number for number, place in enumerate(used.tolist())}

    def __len__(self) -> int:
        return len(self._numbers)

    def encode(self, sequences: EventSequences) -> EventSequences:
        """The same sequences over the known texts and one more, which is empty."""
        numbers = np.asarray([self._numbers.get(text, len(self)) for text in sequences.texts], np.int32)
        texts = (*self._numbers, "")
        return EventSequences(texts, [numbers[row] for row in sequences.rows], sequences.times, sequences.entities)
