"""Vectors of token sequences from a table of token vectors: the fastest path, in numpy alone.

Source: model2vec (Tulkens and van Dongen 2024): one vector a token, weighted by rarity, and their mean for a text. How
the table is made of an encoder: `loglm.training.static_distillation`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from loglm.artifacts.config import StaticConfig
from loglm.errors import ModelError

__all__ = ["STATIC_VECTORS", "StaticVectors"]

STATIC_VECTORS = "vectors.npz"
_SMALLEST = 1e-30


class StaticVectors:
    """Sums of token vectors, brought to unit length: order and context of tokens do not count."""

    def __init__(self, table: np.ndarray, config: StaticConfig) -> None:
        """``table``: the weighted vector of each token, (V, D)."""
        self.config = config
        self._table = table.astype(np.float32)

    @classmethod
    def load(cls, folder: Path, config: StaticConfig) -> StaticVectors:
        """Of a model folder that `open_model_dir` has checked.

        Raises:
            ModelError: There is no table in it, or one of another shape than ``config.json`` says.
        """
        path = folder / STATIC_VECTORS
        try:
            with np.load(path, allow_pickle=False) as arrays:
                table = np.asarray(arrays["vectors"])
        except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: no table of token vectors ({error}); distil the model again") from error
        if table.shape != (config.vocab_size, config.width) or not np.isfinite(table).all():
            raise ModelError(
                f"{path}: a table of shape {table.shape}, but config.json says {config.vocab_size} vectors of "
                f"{config.width} numbers; distil the model again"
            )
        return cls(table, config)

    def save(self, folder: Path) -> None:
        """Write the table in half precision, which changes no cosine by more than a thousandth."""
        np.savez_compressed(folder / STATIC_VECTORS, vectors=self._table.astype(np.float16))

    def __call__(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Vectors of unit length, float32 (n, D), of token sequences of at least one token."""
        vectors = np.zeros((len(rows), self.config.width), np.float32)
        for row, vector in zip(rows, vectors, strict=True):
            np.add.reduce(self._table.take(row, axis=0), out=vector)
        unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SMALLEST)
        return unit
