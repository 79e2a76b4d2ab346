"""Values of events that the masked view hides (addresses, names, ids, times), and how many are not shown yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

__all__ = ["UnseenValues", "hidden_values"]

_VALUE = re.compile(r"[^\s\"'=,;()\[\]{}<>|]+")
_MOST = 64
"""Values of one event that count."""


def hidden_values(raw: str, text: str) -> np.ndarray:
    """The values that stand in an event and not in its rendered text, each once, as 32-bit hashes, uint32 (m,).

    >>> len(hidden_values("sshd[7]: closed by 10.0.0.1 port 9", "linux/sshd\\nclosed by <ip4> port <port>"))
    4
    """
    hidden = dict.fromkeys(_VALUE.findall(raw)).keys() - set(_VALUE.findall(text))
    return np.asarray(sorted(crc32(value.encode("utf-8", "surrogatepass")) for value in hidden)[:_MOST], np.uint32)


class UnseenValues:
    """How many values each of n events has that no event shown has.

    Args:
        values: Of each event, as `hidden_values` gives them.
    """

    def __init__(self, values: Sequence[np.ndarray]) -> None:
        self._values = values
        sizes = np.asarray([len(own) for own in values], np.int64)
        self.number = sizes.copy()
        """int64 (n,)"""
        every = np.concatenate([*values, np.zeros(0, np.uint32)])
        order = np.argsort(every, kind="stable")
        self._sorted = every[order]
        self._rows = np.repeat(np.arange(len(values), dtype=np.int32), sizes)[order]
        self._is_seen = np.zeros(len(every), bool)

    def show(self, row: int) -> None:
        """An event is shown: what it has is new in no other any more."""
        values = self._values[row]
        starts, ends = (np.searchsorted(self._sorted, values, side) for side in ("left", "right"))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            if not self._is_seen[start]:
                self._is_seen[start] = True
                self.number[self._rows[start:end]] -= 1
