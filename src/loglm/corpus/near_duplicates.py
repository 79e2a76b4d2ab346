"""Near duplicates among texts: MinHash signatures find candidates, the exact Jaccard index of their words decides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from loglm.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    import rensa

__all__ = ["jaccard", "near_duplicates", "shingles"]

_HASHES = 128
"""Most hash values of a signature; the bands use as many of them as they need."""
_RECALL = 0.99
"""Least chance that a pair at the threshold shares a band."""
_CROWD = 1_000
"""A text with as many candidates is compared with the first of them and joins no bucket, so time stays linear."""
_MOST_COMPARED = 8
"""Candidates compared exactly, those of the highest estimates first."""
_MOST_REFERENCES = 64
"""The same of references, none of which is to be missed; beyond the first few only likely ones."""
_MARGIN = 0.1
"""How far below the threshold the estimate of a likely one may be."""
_CHUNK = 4_096
_SEED = 1
_words = re.compile(r"[^\s,;|]+").findall


def near_duplicates(texts: Sequence[str], *, threshold: float = 0.8, references: int = 0) -> np.ndarray:
    """Which earlier text each text nearly repeats; those that repeat none are the ones to keep.

    Texts are compared by the Jaccard index of their `shingles`, a text only with kept ones, in the order given. Every
    text that is dropped has at least the threshold in common with the one that stands for it. A pair at the
    threshold is found with a chance of .99 or more; `benchmarks/near_duplicates.py` measures it. The result is the
    same on every machine.

    Args:
        texts: Rendered events, exact or masked, or raw lines. Memory beside them: about 3 kB for each kept text.
            Time is linear in their number, and for those like many references in the number of these.
        threshold: Jaccard index above 0 and up to 1 from which on two texts are near duplicates.
        references: The first so many texts are all kept, however near to each other, so that what is near any of them
            is dropped.

    Returns:
        int64 of shape (n,): the index of the kept text that stands for each text, for kept ones their own.

    Raises:
        InputError: The threshold is out of range.
        MissingExtraError: ``rensa`` is not installed.

    Source: Broder 1997, "On the resemblance and containment of documents"; bands of Leskovec et al., "Mining of
    Massive Datasets", chapter 3; ours decides by the exact index where others trust the estimate.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"a threshold of {threshold} is out of range; give the least Jaccard index, such as 0.8")
    try:
        import rensa
    except ModuleNotFoundError as error:
        raise MissingExtraError("rensa", "train") from error
    rows, bands = _bands(threshold)
    marks, kept = (_Kept(texts, threshold, rensa.RMinHashLSH(threshold, rows * bands, bands)) for _ in range(2))
    represented_by = np.arange(len(texts), dtype=np.int64)
    for start in range(0, len(texts), _CHUNK):
        sets = [shingles(text) for text in texts[start : start + _CHUNK]]
        signatures = rensa.RMinHash.from_token_sets(sets, rows * bands, _SEED)
        for index, (words, signature) in enumerate(zip(sets, signatures, strict=True), start):
            if index < references:
                marks.add(index, signature)
            elif (mark := marks.find(words, signature)) is not None:
                represented_by[index] = mark
            else:
                represented_by[index] = kept.find_or_add(index, words, signature)
    return represented_by


def shingles(text: str) -> frozenset[str]:
    """What two texts are compared by: their words between white space, commas, semicolons and bars.

    Measured on Loghub's templates, words lose fewer templates at an equal number of kept texts than pairs of words,
    words split at every delimiter, or five characters.

    >>> sorted(shingles("port=22 user=bob,port=22"))
    ['port=22', 'user=bob']
    """
    return frozenset(_words(text)) or frozenset((text,))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Size of the intersection by size of the union, 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)


def _bands(threshold: float) -> tuple[int, int]:
    """(hash values a band, bands): the longest bands that still find a pair at the threshold."""
    for rows in range(_HASHES, 1, -1):
        bands = _HASHES // rows
        if 1 - (1 - threshold**rows) ** bands >= _RECALL:
            return rows, bands
    return 1, _HASHES


class _Kept:
    """The kept texts, by the bands of their signatures."""

    def __init__(self, texts: Sequence[str], threshold: float, index: rensa.RMinHashLSH) -> None:
        self._threshold = threshold
        self._index = index
        self._signatures: dict[int, rensa.RMinHash] = {}
        self._shingles = lru_cache(maxsize=_CHUNK)(lambda number: shingles(texts[number]))

    def add(self, number: int, signature: rensa.RMinHash) -> None:
        self._index.insert(number, signature)
        self._signatures[number] = signature

    def find(self, words: frozenset[str], signature: rensa.RMinHash) -> int | None:
        """The kept text that a text repeats, looked for among all that are alike; None where there is none."""
        return self._near(sorted(self._index.query(signature)), words, signature, most=_MOST_REFERENCES)

    def find_or_add(self, number: int, words: frozenset[str], signature: rensa.RMinHash) -> int:
        """The kept text that a text repeats; itself, and it is kept from now on, where there is none."""
        candidates = sorted(self._index.query(signature))
        found = self._near(candidates[:_CROWD], words, signature, most=_MOST_COMPARED)
        if found is None and len(candidates) < _CROWD:
            self.add(number, signature)
        return number if found is None else found

    def _near(
        self, candidates: list[int], words: frozenset[str], signature: rensa.RMinHash, *, most: int
    ) -> int | None:
        """The first that is near, by estimated index, the highest first, the earlier of equals first."""
        estimates = [-signature.jaccard(self._signatures[candidate]) for candidate in candidates]
        order: list[int] = np.argsort(estimates, kind="stable")[:most].tolist()
        for rank, place in enumerate(order):
            if rank >= _MOST_COMPARED and -estimates[place] < self._threshold - _MARGIN:
                break
            if jaccard(words, self._shingles(candidates[place])) >= self._threshold:
                return candidates[place]
        return None
