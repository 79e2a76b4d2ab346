"""Words of passages and questions: lower case, with the endings that English inflects taken off."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

__all__ = ["count_terms", "stem"]

_WORD = re.compile(r"[a-z0-9_]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ied", "ies", "ers", "ed", "es", "er", "s")
_LEAST_STEM = 3
_MAX_WORD_CHARS = 64
"""What is longer is encoded data or a random name; its head is kept."""


def count_terms(text: str) -> Counter[str]:
    """How often each stem occurs in a text."""
    return Counter(map(stem, _WORD.findall(text.lower())))


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word without its ending, so that ``dumping``, ``dumped`` and ``dumps`` are one.

    >>> stem("dumping"), stem("credentials"), stem("lsass")
    ('dump', 'credential', 'lsas')
    """
    word = word[:_MAX_WORD_CHARS]
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _LEAST_STEM:
            return word[: -len(ending)]
    return word
