"""BM25 for search by example, through the package `LEXICAL_PACKAGE`."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence

import numpy as np

from loglm.evaluation.template_search import Similarities

__all__ = ["LEXICAL_PACKAGE", "bm25", "has_bm25"]

LEXICAL_PACKAGE = "bm25s"

_WORD = re.compile(r"[A-Za-z0-9_]+")


def has_bm25() -> bool:
    """Whether `LEXICAL_PACKAGE` is installed."""
    return importlib.util.find_spec(LEXICAL_PACKAGE) is not None


def bm25(texts: Sequence[str]) -> Similarities | None:
    """BM25 (Robertson and Zaragoza 2009) with a text's words as the query; None without `LEXICAL_PACKAGE`."""
    if not has_bm25():
        return None
    bm25s = importlib.import_module(LEXICAL_PACKAGE)
    words = [_WORD.findall(text.lower()) or ["-"] for text in texts]
    index = bm25s.BM25()
    index.index(words, show_progress=False)

    def score(queries: np.ndarray) -> np.ndarray:
        return np.stack([index.get_scores(words[query]) for query in queries])

    return score
