"""Encoders scored on hidden tokens, for `loglm.evaluation.intrinsic`."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from loglm.artifacts.config import EncoderConfig
from loglm.errors import InputError
from loglm.evaluation.intrinsic import HiddenScorer, HiddenTokens, TokenScores
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import SPECIAL_TOKENS
from loglm.training.batches import pad_rows

__all__ = ["encoder_scorer", "untrained_encoder"]

_MASK_ID = SPECIAL_TOKENS.index("[MASK]")
_BATCH = 32


def encoder_scorer(model: LogEncoderModel) -> HiddenScorer:
    """Scores by the whole event, with ``[MASK]`` for every hidden token, in fp32 on the encoder's device.

    Raises, when called:
        InputError: The encoder is of another vocabulary.
    """

    @torch.inference_mode()
    def score(hidden: HiddenTokens) -> TokenScores:
        if len(hidden.is_content) != model.config.vocab_size:
            raise InputError(
                f"the encoder knows {model.config.vocab_size:,} tokens, the tokenizer {len(hidden.is_content):,}; "
                "they do not belong together"
            )
        model.eval()
        device = model.mlm_bias.device
        shard = hidden.shard
        count = int(hidden.is_hidden.sum())
        nats, is_right = np.empty(count), np.empty(count, bool)
        number = np.cumsum(hidden.is_hidden) - 1
        is_other = torch.from_numpy(~hidden.is_content).to(device)
        order = np.argsort(shard.lengths, kind="stable")
        for start in range(0, len(order), _BATCH):
            rows = [slice(shard.offsets[i], shard.offsets[i + 1]) for i in order[start : start + _BATCH]]
            ids, mask = (part.to(device) for part in pad_rows([shard.ids[row].astype(np.int64) for row in rows]))
            wanted = pad_rows([hidden.is_hidden[row].astype(np.int64) for row in rows])[0].bool().to(device)
            places = np.concatenate([number[row][hidden.is_hidden[row]] for row in rows])
            logits = _logits(model, ids, mask, wanted).masked_fill(is_other, -torch.inf)
            targets = ids[wanted]
            nats[places] = F.cross_entropy(logits, targets, reduction="none").cpu().numpy()
            is_right[places] = (logits.argmax(-1) == targets).cpu().numpy()
        return TokenScores(nats, is_right)

    return score


def untrained_encoder(config: EncoderConfig, seed: int) -> LogEncoderModel:
    """An encoder with the random weights that training starts from."""
    torch.manual_seed(seed)
    return LogEncoderModel(config)


def _logits(model: LogEncoderModel, ids: Tensor, mask: Tensor, wanted: Tensor) -> Tensor:
    """Of the wanted tokens, float32 (n, V), all of them hidden."""
    vectors = model.hidden(ids.masked_fill(wanted, _MASK_ID), mask)[wanted]
    return model.token_logits(vectors).float()
