"""From rendered events to codes: the nearest of a few learned vectors, or the event's template without any model."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from loglm.corpus.templates import template_hash

if TYPE_CHECKING:
    from loglm.runtime.encoder import LogEncoder

__all__ = ["SOURCES", "Codebook", "Coded", "TemplateCodebook", "VectorCodebook", "nearest_codes", "source_number"]

SOURCES = 64
"""Numbers of log sources; those that share one by their hash are not told apart."""
_BLOCK = 4_096


class Coded:
    """The code of each of some texts, and how far the text lies from it."""

    __slots__ = ("codes", "distances")

    def __init__(self, codes: np.ndarray, distances: np.ndarray) -> None:
        """``codes`` int64 (n,); ``distances`` float64 (n,), one minus the cosine, 0 to 2."""
        self.codes = codes
        self.distances = distances


class Codebook(Protocol):
    """Gives each text a code."""

    codes: int
    """Different codes; they are numbered from 0."""

    def __call__(self, texts: Sequence[str]) -> Coded:
        """The codes of rendered events."""


class TemplateCodebook:
    """Codes by the hash of the event's template: log source, action, names of fields, first words of the message.

    Needs no model, and nothing to learn; templates that share a code by their hash are not told apart.
    """

    def __init__(self, codes: int = 2_048) -> None:
        self.codes = codes

    def __call__(self, texts: Sequence[str]) -> Coded:
        """The codes of rendered events; all distances are 0."""
        codes = np.fromiter((template_hash(text) % self.codes for text in texts), np.int64, len(texts))
        return Coded(codes, np.zeros(len(texts)))


class VectorCodebook:
    """Codes by the nearest of learned vectors."""

    def __init__(self, encoder: LogEncoder, centres: np.ndarray) -> None:
        """``centres``: float (codes, D), of unit length."""
        self.codes = len(centres)
        self._encoder = encoder
        self._centres = centres.astype(np.float32)

    def __call__(self, texts: Sequence[str]) -> Coded:
        """The codes of rendered events; each distinct text is embedded once."""
        return nearest_codes(self._encoder.embed_texts(texts), self._centres)


def nearest_codes(vectors: np.ndarray, centres: np.ndarray) -> Coded:
    """The codes of vectors of unit length, float32 (n, D)."""
    codes = np.zeros(len(vectors), np.int64)
    distances = np.zeros(len(vectors))
    for start in range(0, len(vectors), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ centres.T
        codes[start : start + _BLOCK] = cosines.argmax(axis=1)
        distances[start : start + _BLOCK] = 1.0 - cosines.max(axis=1)
    return Coded(codes, distances)


def source_number(log_source: object) -> int:
    """The number of a log source, 0 to 63."""
    return zlib.crc32(str(log_source).encode("utf-8", "replace")) % SOURCES
