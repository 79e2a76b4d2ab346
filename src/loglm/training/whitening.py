"""Vectors that spread evenly: rare tokens weigh more, and what the projection gives has mean 0 and equal variances.

Mean token vectors of masked-language models lie in a narrow cone, so that all events look alike, and a few directions
hold nearly all differences. Source: Su et al. 2021, arXiv:2103.15316. Directions are ordered by the variance that they
had, so that the first numbers of a vector are the most useful ones. Before, tokens get their inverse document frequency
(Spärck Jones 1972) as weight in the mean.
"""

from __future__ import annotations

import numpy as np
import torch

from loglm.artifacts.config import EncoderConfig
from loglm.corpus.shards import TokenShard
from loglm.models.encoder import LogEncoderModel
from loglm.training.batches import pad_rows

__all__ = ["texts_needed", "whiten"]

_SAMPLE = 4_096
_BATCH = 64
_COUNTED_AT_ONCE = 8_192
"""Sequences whose tokens are counted together, because that needs some forty bytes a token."""
_EVENTS_PER_NUMBER = 4
"""With fewer, the directions of small variance are noise."""
_RIDGE = 0.01
"""Of the largest standard deviation, added to all: directions that hardly vary are not blown up."""


def texts_needed(config: EncoderConfig) -> int:
    """Sequences without which vectors of an encoder are not whitened."""
    return _EVENTS_PER_NUMBER * config.vector_width


@torch.inference_mode()
def whiten(model: LogEncoderModel, shard: TokenShard, weights: np.ndarray) -> bool:
    """Set the token weights and change the projection of a model, from what it learned from.

    Args:
        model: Changed in place, on the device that it is on.
        shard: Training sequences.
        weights: Chance of each to be drawn, (n_sequences,).

    Returns:
        Whether there are enough sequences; otherwise the model is left as it is.
    """
    needed = texts_needed(model.config)
    count = min(max(_SAMPLE, needed), int((weights > 0).sum()))
    if count < needed:
        return False
    drawn = np.random.default_rng(0).choice(len(shard), count, replace=False, p=weights / weights.sum())
    model.token_weight.copy_(torch.from_numpy(_inverse_frequency(shard, weights > 0, model.config.vocab_size)))
    order = drawn[np.argsort(shard.lengths[drawn], kind="stable")]
    outputs = _outputs(model.eval(), [shard[i].astype(np.int64) for i in order])
    mean = outputs.mean(dim=0)
    _, spread, axes = torch.linalg.svd(outputs - mean, full_matrices=False)
    spread = spread / count**0.5
    change = axes / (spread + _RIDGE * spread[0])[:, None]
    projection = model.projection
    old_weight, old_bias = projection.weight.double().cpu(), projection.bias.double().cpu()
    weight, bias = change @ old_weight, change @ (old_bias - mean)
    projection.weight.copy_(weight)
    projection.bias.copy_(bias)
    return True


def _outputs(model: LogEncoderModel, rows: list[np.ndarray]) -> torch.Tensor:
    """Of the projection, float64 (n, D) on the CPU."""
    device = model.mlm_bias.device
    batches = (pad_rows(rows[start : start + _BATCH]) for start in range(0, len(rows), _BATCH))
    placed = ((ids.to(device), mask.to(device)) for ids, mask in batches)
    return torch.cat([model.projection(model.pooled(*batch)).cpu().double() for batch in placed])


def _inverse_frequency(shard: TokenShard, is_drawn: np.ndarray, vocab_size: int) -> np.ndarray:
    """log(1 + n / (1 + sequences that hold the token)), of those drawn, the largest as 1, float32 (V,)."""
    holding = np.zeros(vocab_size, np.int64)
    for start in range(0, len(shard), _COUNTED_AT_ONCE):
        own = shard.offsets[start : start + _COUNTED_AT_ONCE + 1]
        sequence = np.repeat(np.arange(len(own) - 1), np.diff(own))
        places = (sequence * vocab_size + shard.ids[own[0] : own[-1]])[is_drawn[start + sequence]]
        holding += np.bincount(np.unique(places) % vocab_size, minlength=vocab_size)
    inverse = np.log1p(is_drawn.sum() / (1 + holding))
    weights: np.ndarray = (inverse / inverse.max()).astype(np.float32)
    return weights
