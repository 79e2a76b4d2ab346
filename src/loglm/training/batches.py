"""Batches of about equal token counts from a shard, in an order that a seed and a step number fix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import numpy as np
import torch
from torch import Tensor

from loglm.corpus.shards import TokenShard
from loglm.training.plan import PretrainPlan

__all__ = ["epoch_of_batches", "pad_rows", "steps_of_batches"]

_GRAIN = 8
"""Rows are filled up to a multiple of this: a CPU compiles and keeps products for each shape of a batch."""


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
        longest += -longest % _GRAIN
        size = int(np.searchsorted(longest * np.arange(1, len(longest) + 1), tokens, side="right"))
        batches.append(drawn[start : start + max(1, size)])
        start += max(1, size)
    for index in random.permutation(len(batches)):
        yield batches[index]


def steps_of_batches(
    shard: TokenShard, weights: np.ndarray, plan: PretrainPlan, *, start: int
) -> Iterator[list[tuple[int, np.ndarray]]]:
    """The micro-batches of each step from ``start`` on, each with its number in the run, which fixes its randomness.

    The same plan gives the same steps wherever it starts; epochs that lie before ``start`` are only counted.
    """
    lengths = np.minimum(shard.lengths, plan.batch_tokens)
    tokens = plan.batch_tokens // plan.views
    epochs = (
        epoch_of_batches(lengths, weights, tokens=tokens, seed=plan.seed * 1_000_003 + epoch) for epoch in count()
    )
    numbered = enumerate(batch for epoch in epochs for batch in epoch)
    todo = islice(numbered, start * plan.micro_batches, plan.max_steps * plan.micro_batches)
    while step := list(islice(todo, plan.micro_batches)):
        yield step


def pad_rows(rows: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Ids padded with 0 and the attention mask, both int64 (B, T), of token sequences; T is a multiple of 8."""
    longest = max(len(row) for row in rows)
    ids = np.zeros((len(rows), longest + -longest % _GRAIN), np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row)] = row
    input_ids = torch.from_numpy(ids)
    return input_ids, (input_ids != 0).long()
