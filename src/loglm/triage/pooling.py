"""The vector of an incident from those of its parts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglm.runtime.embed import Embed

__all__ = ["incident_vectors"]

_HEAD_WEIGHT = 0.5


def incident_vectors(parts: Sequence[Sequence[str]], embed: Embed, *, width: int | None = None) -> np.ndarray:
    """Vectors of incidents, float32 (n, D), rows of unit length.

    The first part of an incident, what it is called, counts half; its other parts share the other half, each different
    one once, so that a flood of one event does not drown what happened beside it.

    Args:
        parts: Texts of each incident, at least one.
        embed: Texts to float32 (m, D), rows of unit length; asked for each different text once.
        width: D, for no incidents at all.
    """
    texts = {text: place for place, text in enumerate(dict.fromkeys(text for own in parts for text in own))}
    if not texts:
        return np.zeros((0, width or 0), np.float32)
    vectors = embed(list(texts))
    pooled = np.empty((len(parts), vectors.shape[1]), np.float32)
    for row, (head, *rest) in enumerate(parts):
        pooled[row] = vectors[texts[head]]
        others = [texts[text] for text in dict.fromkeys(rest)]
        if others:
            pooled[row] = _HEAD_WEIGHT * pooled[row] + (1 - _HEAD_WEIGHT) * vectors[others].mean(axis=0)
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    unit: np.ndarray = pooled / np.where(lengths > 0, lengths, 1)
    return unit
