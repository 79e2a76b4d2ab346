"""BM25 through the package `LEXICAL_PACKAGE`."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["LEXICAL_PACKAGE", "bm25", "has_bm25"]

LEXICAL_PACKAGE = "bm25s"

_WORD = re.compile(r"[A-Za-z0-9_]+")


def has_bm25() -> bool:
    """Whether `LEXICAL_PACKAGE` is installed."""
    return importlib.util.find_spec(LEXICAL_PACKAGE) is not None


def bm25(texts: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray] | None:
    """BM25 (Robertson and Zaragoza 2009) of queries, by their words, in some texts.

    Returns:
        Queries to scores (n_queries, n_texts), higher is nearer; None without `LEXICAL_PACKAGE`.
    """
    if not has_bm25():
        return None
    bm25s = importlib.import_module(LEXICAL_PACKAGE)
    index = bm25s.BM25()
    index.index([_words(text) for text in texts], show_progress=False)
    return lambda queries: np.stack([index.get_scores(_words(query)) for query in queries])


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower()) or ["-"]
