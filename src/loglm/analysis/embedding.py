"""Vectors of many texts in one array."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from loglm.events.progress import Progress, silent

if TYPE_CHECKING:
    from loglm.runtime.encoder import LogEncoder

__all__ = ["embed_all"]

_BATCH = 512


def embed_all(encoder: LogEncoder, texts: Sequence[str], progress: Progress = silent) -> np.ndarray:
    """Unit vectors of texts, float32 (n, D), computed in batches."""
    vectors = np.empty((len(texts), encoder.width), np.float32)
    done = 0
    for batch in _batches(progress(texts, "texts embedded")):
        vectors[done : done + len(batch)] = encoder.embed_texts(batch)
        done += len(batch)
    return vectors


def _batches(texts: Iterable[str]) -> Iterator[Sequence[str]]:
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
