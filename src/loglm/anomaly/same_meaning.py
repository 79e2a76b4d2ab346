"""Texts read as known ones that mean the same: a reworded message stays the same event."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from loglm.anomaly.event_sequences import EventSequences

__all__ = ["Embed", "SameMeaning"]

_LEAST_COSINE = 0.8
_SIMILARITIES_AT_ONCE = 4_000_000

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit vectors, float32 (n, D); the same text has the same vector in each call."""


class SameMeaning:
    """Finds the known text whose vector is nearest, where the cosine is .8 or more.

    Training on semantic vectors, as LogRobust does (Zhang et al. 2019), is not needed: after this step a detector meets
    the events that it knows.

    Args:
        embed: What turns texts into vectors.
        known: Distinct texts that a detector learned from.
    """

    def __init__(self, embed: Embed, known: Sequence[str]) -> None:
        self._embed = embed
        self._known = list(known)
        self._places = {text: place for place, text in enumerate(self._known)}
        self.vectors = embed(self._known)
        """float32 (known, D)"""

    def places(self, sequences: EventSequences) -> np.ndarray:
        """Of each text of some sequences, the known text that it is or means the same as, int64 (texts,).

        The number after the last stands for none. Texts that are in no sequence are not compared.
        """
        unknown = len(self._known)
        found = np.asarray([self._places.get(text, unknown) for text in sequences.texts], np.int64)
        used = np.zeros(len(found), bool)
        used[sequences.flat()[0]] = True
        asked = np.flatnonzero(used & (found == unknown))
        if len(asked) and unknown:
            found[asked] = self._nearest(self._embed([sequences.texts[i] for i in asked.tolist()]))
        return found

    def _nearest(self, asked: np.ndarray) -> np.ndarray:
        found = np.empty(len(asked), np.int64)
        at_once = max(1, _SIMILARITIES_AT_ONCE // len(self._known))
        for start in range(0, len(asked), at_once):
            cosines = asked[start : start + at_once] @ self.vectors.T
            nearest = cosines.argmax(axis=1)
            is_same = cosines[np.arange(len(nearest)), nearest] >= _LEAST_COSINE
            found[start : start + at_once] = np.where(is_same, nearest, len(self._known))
        return found
