"""Batches of about equal token counts from a shard, in an order that a seed and a step number fix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from loglm.corpus.shards import TokenShard

__all__ = ["epoch_of_batches", "pad_batch"]


def epoch_of_batches(lengths: np.ndarray, weights: np.ndarray, *, tokens: int, seed: int) -> Iterator[np.ndarray]:
    """Draw one epoch: as many sequences as there are, with replacement by weight, grouped by similar length.

    Args:
        lengths: Tokens per sequence, (n,).
        weights: Chance of each sequence, (n,); any positive scale.
        tokens: Padded tokens per batch at most (a batch has at least one sequence).
        seed: Fixes the draw and the order.

    Yields:
        Indices of one batch, int64.
    """
    random = np.random.default_rng(seed)
    drawn = random.choice(len(lengths), size=len(lengths), p=weights / weights.sum())
    drawn = drawn[np.argsort(lengths[drawn] + random.uniform(0, 4, len(drawn)), kind="stable")]
    batches, start = [], 0
    while start < len(drawn):
        longest = np.maximum.accumulate(lengths[drawn[start : start + tokens]])
        count = int(np.searchsorted(longest * np.arange(1, len(longest) + 1), tokens, side="right"))
        batches.append(drawn[start : start + max(1, count)])
        start += max(1, count)
    for index in random.permutation(len(batches)):
        yield batches[index]


def pad_batch(shard: TokenShard, indices: np.ndarray) -> tuple[Tensor, Tensor]:
    """Ids padded with 0 and the attention mask, both int64 (B, T)."""
    sequences = [shard[i] for i in indices]
    width = max(len(s) for s in sequences)
    ids = np.zeros((len(sequences), width), np.int64)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
    input_ids = torch.from_numpy(ids)
    return input_ids, (input_ids != 0).long()
