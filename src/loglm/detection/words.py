"""Words of a rendered event: what the ATT&CK head reads."""

from __future__ import annotations

import re

import numpy as np

__all__ = ["distinct_words", "word_columns"]

_WORD = re.compile(r"[a-z0-9_]{2,}")
_MAX_WORDS = 2_000


def distinct_words(text: str) -> dict[str, None]:
    """Runs of two or more letters, digits and underscores in lower case, each once, the first 2,000 in their order."""
    words = dict.fromkeys(_WORD.findall(text.lower()))
    return dict(list(words.items())[:_MAX_WORDS]) if len(words) > _MAX_WORDS else words


def word_columns(text: str, vocabulary: dict[str, int]) -> np.ndarray:
    """Columns of the words of ``text`` that the vocabulary holds, int32 (k,), each once."""
    known = [column for word in distinct_words(text) if (column := vocabulary.get(word)) is not None]
    return np.asarray(known, np.int32)
