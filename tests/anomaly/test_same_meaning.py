"""Reworded texts read as known ones."""

from __future__ import annotations

import numpy as np

from hashed_words import hashed_words
from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.same_meaning import SameMeaning

KNOWN = ("receiving block from node", "block served to node", "disk is full")


def embed(texts: list[str]) -> np.ndarray:
    return np.asarray(hashed_words().fit(())(texts), np.float32)


def test_near_texts_are_known_ones_and_far_ones_are_not() -> None:
    texts = ("disk is full", "receiving block now from node", "kernel panic", "disk failure")
    sequences = EventSequences(texts, [np.asarray([0, 1, 2])])
    assert SameMeaning(embed, KNOWN).places(sequences).tolist() == [2, 0, 3, 3]


def test_texts_in_no_sequence_are_not_embedded() -> None:
    asked: list[str] = []

    def counting(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return embed(texts)

    meaning = SameMeaning(counting, KNOWN)
    asked.clear()
    meaning.places(EventSequences(("kernel panic", "unused", KNOWN[0]), [np.asarray([0, 2])]))
    assert asked == ["kernel panic"]
