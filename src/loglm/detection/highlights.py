"""The words of an event that speak most for a technique, to show a person where to look."""

from __future__ import annotations

import re

import numpy as np

from loglm.detection.head import AttackHead
from loglm.detection.words import distinct_words

__all__ = ["highlights"]

_PLACEHOLDER = re.compile(r"<[a-z0-9:-]{1,16}>")


def highlights(text: str, head: AttackHead, technique: int, *, count: int = 4) -> tuple[str, ...]:
    """Words of a rendered event with the largest positive weight for a technique and for being an attack.

    Returns:
        At most ``count`` words as they stand in the masked text, strongest first, none of them the name of a field
        or a placeholder.
    """
    values = " ".join(line.partition("=")[2] or line for line in text.split("\n")[1:])
    words = [word for word in distinct_words(_PLACEHOLDER.sub(" ", values)) if len(word) > 2]
    weights = head.word_scores(words, technique)
    best = np.argsort(-weights, kind="stable")[:count]
    return tuple(words[i] for i in best if weights[i] > 0)
