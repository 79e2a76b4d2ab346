"""Texts as their words, weighed by how rare they are: vectors that need no model, learned from the texts at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["word_vectors"]

_WORD = r"[A-Za-z0-9_]+"
_MOST_WORDS = 50_000


def word_vectors(texts: Sequence[str]) -> Callable[[Sequence[str]], csr_matrix]:
    """Learn words and their inverse document frequencies.

    Returns:
        What turns texts into float32 (n, words) of unit length; a text without a known word is 0. Where no text holds
        a word, there is one column, which stays 0.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(re.search(_WORD, text) for text in texts):
        return lambda asked: csr_matrix(np.zeros((len(asked), 1), np.float32))
    model = TfidfVectorizer(token_pattern=_WORD, max_features=_MOST_WORDS, sublinear_tf=True, dtype=np.float32)
    model.fit(texts)
    return lambda asked: model.transform(asked).tocsr()
