"""A random sample of things met one by one, in bounded memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Generic, TypeVar

__all__ = ["BoundedSample", "sample_key"]

_Item = TypeVar("_Item")
_KEY_BYTES = 8
_KEYS = 1 << (8 * _KEY_BYTES)


def sample_key(what: str, seed: int) -> int:
    """64 bits, evenly spread, that stand for a text under a seed."""
    salt = seed.to_bytes(8, "big", signed=True)
    data = what.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=_KEY_BYTES, key=salt).digest(), "big")


class BoundedSample(Generic[_Item]):
    """Keeps all items while they fit, then those of the smallest keys: a random sample, each key with the same chance.

    Whether a key is kept depends on the keys met, not on their order or number of times; one that was let go never
    comes back, so that what is counted for a kept key is complete.

    Args:
        most_items: Items kept at most.
        most_chars: Characters of kept items at most, as told to `add`.

    Source: k minimum values (Bar-Yossef et al. 2002, Counting Distinct Elements in a Data Stream, algorithm 1).
    """

    def __init__(self, *, most_items: int, most_chars: int) -> None:
        self._most_items = most_items
        self._most_chars = most_chars
        self._items: dict[int, tuple[_Item, int]] = {}
        self._largest: list[int] = []
        self._chars = 0
        self._limit = _KEYS
        """Every key met that is below it is kept, no other."""

    def get(self, key: int) -> _Item | None:
        """The item kept under a key."""
        found = self._items.get(key)
        return None if found is None else found[0]

    def takes(self, key: int) -> bool:
        """Whether an item of this key would be kept now."""
        return key < self._limit

    def add(self, key: int, item: _Item, chars: int) -> None:
        """Keep an item of a new key, if the sample takes it; those of the largest keys make room."""
        if not self.takes(key):
            return
        self._items[key] = (item, chars)
        heappush(self._largest, -key)
        self._chars += chars
        while len(self._items) > 1 and (len(self._items) > self._most_items or self._chars > self._most_chars):
            self._limit = -heappop(self._largest)
            self._chars -= self._items.pop(self._limit)[1]

    @property
    def is_whole(self) -> bool:
        """Nothing was let go."""
        return self._limit == _KEYS

    @property
    def met(self) -> int:
        """Different keys met; an estimate where some were let go."""
        return len(self) * _KEYS // self._limit

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[_Item]:
        return (item for item, _ in self._items.values())
