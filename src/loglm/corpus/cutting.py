"""Token sequences cut to what a model reads at once; each keeps its last token, [SEP], as those not cut do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglm.corpus.shards import TokenShard

__all__ = ["cut", "cut_row"]


def cut(shard: TokenShard, max_tokens: int) -> TokenShard:
    """Sequences of at most so many tokens, each with its own last one; the shard itself where none is longer.

    Needs a byte a token beside the two shards.
    """
    lengths = np.minimum(shard.lengths, max_tokens)
    surplus = shard.lengths - lengths
    if not surplus.any():
        return shard
    is_kept = np.repeat(np.tile([True, False], len(shard)), np.stack([lengths, surplus], axis=1).ravel())
    ids, offsets = shard.ids[is_kept], np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    was_cut = surplus > 0
    ids[offsets[1:][was_cut] - 1] = shard.ids[shard.offsets[1:][was_cut] - 1]
    return replace(shard, ids=ids, offsets=offsets)


def cut_row(row: np.ndarray, max_tokens: int) -> np.ndarray:
    """One sequence, cut in the same way."""
    return row if len(row) <= max_tokens else np.concatenate([row[: max_tokens - 1], row[-1:]])
