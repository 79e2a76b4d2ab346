"""How many different things were met, in bounded memory."""

from __future__ import annotations

import hashlib
from heapq import nsmallest

__all__ = ["DistinctCount"]

_KEPT = 65_536
_HASH_BITS = 64


class DistinctCount:
    """Counts different texts: exactly to 131,072 of them, beyond that with a standard error of 0.4 %.

    Keeps hashes of 8 bytes, the smallest 65,536 to 131,072 of those met: at most some 20 MB, whatever is counted. As
    hashes are spread evenly, the share of the range that they fill says how many there are.

    Source: k minimum values (Bar-Yossef et al. 2002, Counting Distinct Elements in a Data Stream, algorithm 1).
    """

    __slots__ = ("_hashes", "_limit")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._limit = 1 << _HASH_BITS
        """Every hash met that is below it is kept, no other."""

    def add(self, text: str) -> None:
        """Count a text, which may have been met before."""
        data = text.encode("utf-8", "surrogatepass")
        value = int.from_bytes(hashlib.blake2b(data, digest_size=_HASH_BITS // 8).digest(), "big")
        if value < self._limit:
            self._hashes.add(value)
            self._trim()

    def merge(self, other: DistinctCount) -> None:
        """Count what another counter met as well."""
        self._limit = min(self._limit, other._limit)
        self._hashes = {value for value in self._hashes | other._hashes if value < self._limit}
        self._trim()

    def __len__(self) -> int:
        return (len(self._hashes) << _HASH_BITS) // self._limit

    def _trim(self) -> None:
        if len(self._hashes) > 2 * _KEPT:
            smallest = nsmallest(_KEPT + 1, self._hashes)
            self._limit = smallest.pop()
            self._hashes = set(smallest)
