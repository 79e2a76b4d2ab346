"""Texts to learn a tokenizer from: a sample of what pretraining reads, from logs or from a corpus folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from loglm.corpus.folder import CORPUS_JSON, CorpusFolder
from loglm.corpus.sources import CorpusSource
from loglm.corpus.texts import collect_texts
from loglm.errors import EmptyInputError, InputError
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["tokenizer_texts"]


def tokenizer_texts(paths: Sequence[str], *, max_texts: int = 120_000, seed: int = 0) -> list[str]:
    """Rendered events in the masked view, each distinct text at most once, drawn as pretraining draws them.

    Args:
        paths: Logs, each path a source whose share is dampened, of which the first 60,000 texts are read, or the first
            ``max_texts`` if that is more; or one folder made by `loglm corpus build`, whose
            texts are cut where the corpus cut them.
        max_texts: As many texts at most.
        seed: Fixes the draw.

    Raises:
        InputError: A path does not exist, or a corpus folder stands beside other paths.
        EmptyInputError: No event was read.
    """
    corpora = [path for path in paths if (Path(path) / CORPUS_JSON).is_file()]
    if corpora and len(paths) > 1:
        raise InputError(f"{corpora[0]}: a corpus folder, beside other paths; give one corpus folder alone, or logs")
    return _of_corpus(corpora[0], max_texts, seed) if corpora else _of_logs(paths, max_texts, seed)


def _of_logs(paths: Sequence[str], max_texts: int, seed: int) -> list[str]:
    corpus = collect_texts([CorpusSource(path, (path,), licence="") for path in paths], most=max_texts)
    if not corpus.texts:
        raise EmptyInputError(f"no event was read from {', '.join(paths[:3])}, so there is nothing to learn from")
    return [corpus.texts[i] for i in _drawn(corpus.sampling_weights(), max_texts, seed)]


def _of_corpus(path: str, max_texts: int, seed: int) -> list[str]:
    corpus = CorpusFolder.open(path)
    shard, weights = corpus.load("train")
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    return tokenizer.decode_batch([shard[int(i)].tolist() for i in _drawn(weights, max_texts, seed)])


def _drawn(weights: np.ndarray, most: int, seed: int) -> np.ndarray:
    """Indices without repetition, the likelier the higher the weight, in the order of drawing."""
    size = min(most, len(weights))
    return np.random.default_rng(seed).choice(len(weights), size=size, replace=False, p=weights / weights.sum())
