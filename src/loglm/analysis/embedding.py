"""Vectors of many texts in one array, and how long steps tell of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from loglm.runtime.encoder import LogEncoder

__all__ = ["Progress", "embed_all", "silent"]

_Item = TypeVar("_Item")
_BATCH = 512


class Progress(Protocol):
    """Passes items on and may show how many there were."""

    def __call__(self, items: Iterable[_Item], what: str) -> Iterator[_Item]:
        """The items as they come; ``what`` they are, in the plural."""


def silent(items: Iterable[_Item], what: str) -> Iterator[_Item]:  # noqa: ARG001
    """A `Progress` that shows nothing."""
    return iter(items)


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
