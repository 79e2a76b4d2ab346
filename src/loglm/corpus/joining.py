"""Shards joined one after the other, so that never more of them than one is held beside what they make."""

from __future__ import annotations

import numpy as np

from loglm.corpus.cutting import cut
from loglm.corpus.shards import TokenShard

__all__ = ["ShardJoiner"]


class ShardJoiner:
    """One shard of as many sequences and tokens as all have together, filled in order.

    Holds 2 bytes a token (4 where ids are of 32 bits) and 18 a sequence. Where sequences are cut, what is left over of
    the ids is never written to and takes no memory.
    """

    def __init__(self, *, sequences: int, tokens: int, max_tokens: int | None = None) -> None:
        """Of the shards together, uncut; longer sequences than ``max_tokens`` are cut (`loglm.corpus.cutting`)."""
        self._tokens, self._max_tokens = tokens, max_tokens
        self._ids: np.ndarray | None = None
        self._offsets = np.zeros(sequences + 1, np.int64)
        self._source = np.empty(sequences, np.int16)
        self._weights = np.empty(sequences, np.float64)
        self._names: tuple[str, ...] = ()
        self._sequences = 0

    def add(self, shard: TokenShard, weights: np.ndarray) -> None:
        """Add a shard, and the chance of each of its sequences, (n_sequences,).

        Raises:
            ValueError: There are more sequences or tokens than was said.
            TypeError: Ids are wider than those of the first shard.
        """
        if self._max_tokens is not None:
            shard = cut(shard, self._max_tokens)
        if self._ids is None:
            self._ids, self._names = np.empty(self._tokens, shard.ids.dtype), shard.source_names
        rows = slice(self._sequences, self._sequences + len(shard))
        start = int(self._offsets[rows.start])
        np.copyto(self._ids[start : start + len(shard.ids)], shard.ids, casting="safe")
        self._offsets[1:][rows] = shard.offsets[1:] + start
        self._source[rows] = shard.source
        self._weights[rows] = weights
        self._sequences = rows.stop

    def joined(self) -> tuple[TokenShard, np.ndarray]:
        """What was added, and its weights."""
        count = self._sequences
        offsets = self._offsets[: count + 1]
        ids = np.zeros(0, np.uint16) if self._ids is None else self._ids[: offsets[-1]]
        return TokenShard(ids, offsets, self._source[:count], self._names), self._weights[:count]
