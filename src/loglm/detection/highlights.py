"""The words of an event that speak most for a technique, to show a person where to look."""

from __future__ import annotations

import numpy as np

from loglm.detection.features import event_features
from loglm.detection.head import AttackHead

__all__ = ["highlights"]


def highlights(text: str, head: AttackHead, technique: int, *, count: int = 4) -> tuple[str, ...]:
    """Words of a rendered event with the largest positive weight for a technique and for being an attack.

    Returns:
        At most ``count`` words as they stand in the masked text, strongest first; placeholders are left out.
    """
    names = sorted({name for name in event_features(text) if name[:2] in ("a:", "b:")})
    if not names:
        return ()
    weights = head.feature_scores(names, technique)
    order = np.argsort(-weights)
    words: list[str] = []
    for index in order:
        word = names[int(index)][2:]
        if weights[index] <= 0 or len(words) >= count:
            break
        if "<" not in word and len(word) > 2 and not any(word in seen for seen in words):
            words.append(word)
    return tuple(words)
