"""Words of passages and questions: lower case, with the endings that English inflects taken off.

Scripts that put no blanks between words are taken by pairs of neighbouring characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["count_terms", "stem"]

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3400-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Burmese, Khmer, kana, Han; and Hangul, whose words end in particles."""
_WORD = re.compile(rf"([{_UNSPACED}]+)|[^\W{_UNSPACED}]+")
_ENDINGS = ("ations", "ation", "ings", "ing", "ied", "ies", "ers", "ed", "es", "er", "s")
_LEAST_STEM = 3
_MAX_WORD_CHARS = 64
"""What is longer is encoded data or a random name; its head is kept."""


def count_terms(text: str) -> Counter[str]:
    """How often each stem occurs in a text; ligatures and wide letters count as the letters that they stand for.

    >>> sorted(count_terms("Дамп LSASS 内存转储"))
    ['lsas', 'дамп', '内存', '存转', '转储']
    """
    return Counter(_terms(text if text.isascii() else unicodedata.normalize("NFKC", text)))


def _terms(text: str) -> Iterator[str]:
    for found in _WORD.finditer(text.lower()):
        run = found[1]
        if run is None:
            yield stem(found[0])
        else:
            yield from (run[start : start + 2] for start in range(max(len(run) - 1, 1)))


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
