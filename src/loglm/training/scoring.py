"""How well a model predicts hidden tokens of held-out events, comparable between tokenizers: in bits per byte."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from loglm.corpus.shards import TokenShard
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles
from loglm.training.batches import pad_rows
from loglm.training.hardware import Hardware
from loglm.training.masking import TokenMasker
from loglm.training.teacher import Targets

__all__ = ["MaskedScores", "mean_cosine_to", "score_masked"]

_MASK_SHARE = 0.15
_BATCH = 64


@dataclass(frozen=True, slots=True)
class MaskedScores:
    """Of hidden content tokens, 15 % of all; NaN where none was hidden."""

    loss_nats: float
    """Mean per hidden token; lower is better."""
    bits_per_byte: float
    """Loss in bits per byte of the hidden tokens' text; lower is better."""
    accuracy: float
    """Share predicted right."""
    hidden_tokens: int


@torch.no_grad()
def score_masked(
    model: LogEncoderModel,
    shard: TokenShard,
    *,
    roles: TokenRoles,
    token_bytes: np.ndarray,
    hardware: Hardware,
    max_sequences: int = 1_000,
    seed: int = 1,
) -> MaskedScores:
    """Loss and accuracy on content tokens hidden one by one at 15 %, however the model was trained; seeded.

    Args:
        model: Scored as it is; left in training mode.
        shard: Held-out sequences.
        roles: Of the tokenizer.
        token_bytes: `loglm.tokenizer.lengths.bytes_of_tokens` of the tokenizer.
        hardware: Where to compute.
        max_sequences: A random sample of so many at most.
        seed: Fixes sample and masks.
    """
    model.eval()
    vocab_size = model.config.vocab_size
    masker = TokenMasker(roles, vocab_size=vocab_size, share=_MASK_SHARE, seed=seed)
    picked = np.random.default_rng(seed).permutation(len(shard))[:max_sequences]
    picked = picked[np.argsort(shard.lengths[picked], kind="stable")]
    loss, right, hidden, hidden_bytes = 0.0, 0, 0, 0
    for start in range(0, len(picked), _BATCH):
        ids, mask = pad_rows([shard[i] for i in picked[start : start + _BATCH]])
        inputs, labels = masker(ids)
        with hardware.autocast():
            nats, hits = model.masked_token_loss(*(tensor.to(hardware.device) for tensor in (inputs, mask, labels)))
        targets = labels[labels != -100].numpy()
        loss, right = loss + float(nats), right + int(hits)
        hidden, hidden_bytes = hidden + len(targets), hidden_bytes + int(token_bytes[targets].sum())
    model.train()
    if not hidden:
        return MaskedScores(math.nan, math.nan, math.nan, 0)
    return MaskedScores(loss / hidden, loss / math.log(2) / max(hidden_bytes, 1), right / hidden, hidden)


@torch.no_grad()
def mean_cosine_to(
    targets: Targets, model: LogEncoderModel, shard: TokenShard, *, hardware: Hardware, max_sequences: int = 1_000
) -> float:
    """Mean cosine of a model's vectors to a teacher's, over a seeded sample of held-out events."""
    model.eval()
    picked = np.random.default_rng(1).permutation(len(shard))[:max_sequences]
    rows = [shard[i].astype(np.int64) for i in picked[np.argsort(shard.lengths[picked], kind="stable")]]
    cosines = []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        with hardware.autocast():
            vectors = model(*(tensor.to(hardware.device) for tensor in pad_rows(batch)))
        cosines.append((vectors.float().cpu().numpy() * targets(batch)).sum(axis=1))
    return float(np.concatenate(cosines).mean())
