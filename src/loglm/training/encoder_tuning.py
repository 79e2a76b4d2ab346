"""Low-rank tuning of a model folder's encoder to an environment's own logs, merged into its weights.

Each linear layer of the backbone gets the product of two narrow matrices added to its weight (LoRA, Hu et al. 2021,
arXiv:2106.09685); these alone learn to predict hidden tokens of the benign logs. Afterwards the sum is the weight, so
that the model folder is like any other and no slower. A part of the texts is held out, and says what was gained.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from loglm.corpus.folder import TOKENIZER_JSON
from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError
from loglm.evaluation.intrinsic import hide_tokens
from loglm.models.encoder import LogEncoderModel
from loglm.plurals import plural
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.training.batches import epoch_of_batches, pad_rows
from loglm.training.encoder_files import write_encoder
from loglm.training.hidden_tokens import encoder_scorer
from loglm.training.masking import TokenMasker
from loglm.training.run_models import load_exported

__all__ = ["EncoderTuning", "TunedEncoder", "tune_encoder"]

_SHARE = 0.15
_HELD_OUT = 4
"""Every fourth text is held out."""
_LEAST_TEXTS = 64


@dataclass(frozen=True, slots=True)
class EncoderTuning:
    """How to tune."""

    rank: int = 8
    scale: float = 2.0
    """What the product of the two matrices is multiplied by."""
    steps: int = 100
    batch_tokens: int = 4_096
    learning_rate: float = 1e-3
    seed: int = 0


@dataclass(frozen=True, slots=True)
class TunedEncoder:
    """An encoder whose weights hold what it learned."""

    model: LogEncoderModel
    texts: int
    nats_before: float
    """Mean over hidden tokens of the texts held out; lower is better."""
    nats_after: float
    accuracy_before: float
    accuracy_after: float
    cosine: float
    """Mean cosine of the vectors of held-out texts before and after."""
    _sample: tuple[Tensor, Tensor]

    def facts(self) -> dict[str, float]:
        """For the manifest."""
        names = ("texts", "nats_before", "nats_after", "accuracy_before", "accuracy_after", "cosine")
        return {name: round(float(getattr(self, name)), 4) for name in names}

    def write(self, folder: Path) -> None:
        """Write ``model.safetensors`` and ``encoder.onnx`` in place of those there.

        Raises:
            ModelError: The exported encoder differs from the weights.
        """
        write_encoder(self.model, folder, [self._sample])


def tune_encoder(
    model_dir: Path | None,
    texts: Sequence[str],
    plan: EncoderTuning,
    *,
    report: Callable[[int, float], None] | None = None,
) -> TunedEncoder:
    """Tune the encoder of a model folder on different rendered events.

    Args:
        model_dir: Model folder with weights; the shipped one for None.
        texts: Rendered events, each once.
        plan: How.
        report: Called after each step with its number and loss in nats.

    Raises:
        EmptyInputError: There are fewer than 64 texts.
        ModelError: The folder has no weights.
    """
    if len(texts) < _LEAST_TEXTS:
        raise EmptyInputError(
            f"only {plural(len(texts), 'different event')} to tune an encoder by; give {_LEAST_TEXTS} or more"
        )
    folder, model = load_exported(model_dir)
    tokenizer = load_tokenizer(folder / TOKENIZER_JSON)
    tokenizer.enable_truncation(model.config.max_tokens)
    roles = TokenRoles.of(tokenizer)
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]
    held, learned = (
        TokenShard.from_sequences(part, [0] * len(part), ("benign",))
        for part in (rows[::_HELD_OUT], [row for number, row in enumerate(rows) if number % _HELD_OUT])
    )
    sample = pad_rows([held[i].astype(np.int64) for i in range(min(32, len(held)))])
    before, vectors = _score(model, held, roles, plan.seed), _vectors(model, sample)
    _learn(model, learned, roles, plan, report)
    after = _score(model, held, roles, plan.seed)
    cosine = float((vectors * _vectors(model, sample)).sum(dim=1).mean())
    return TunedEncoder(model, len(texts), before[0], after[0], before[1], after[1], cosine, sample)


class _LowRank(nn.Module):
    """A weight plus a scaled product of rank r, which is 0 at first."""

    def __init__(self, weight: Tensor, rank: int, scale: float) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.scale * self.up @ self.down


def _learn(
    model: LogEncoderModel,
    shard: TokenShard,
    roles: TokenRoles,
    plan: EncoderTuning,
    report: Callable[[int, float], None] | None,
) -> None:
    """Leaves the model with plain weights that hold what was learned."""
    torch.manual_seed(plan.seed)
    model.requires_grad_(False)
    layers = [module for module in model.backbone.modules() if isinstance(module, nn.Linear)]
    narrow = [_LowRank(layer.weight, plan.rank, plan.scale) for layer in layers]
    for layer, added in zip(layers, narrow, strict=True):
        parametrize.register_parametrization(layer, "weight", added)
    optimizer = torch.optim.AdamW([p for added in narrow for p in added.parameters()], lr=plan.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=plan.steps)
    masker = TokenMasker(roles, vocab_size=model.config.vocab_size, share=_SHARE, seed=plan.seed)
    model.train()
    for step, rows in enumerate(_batches(shard, plan), 1):
        ids, mask = pad_rows(rows)
        inputs, labels = masker(ids)
        loss = model.masked_token_loss(inputs, mask, labels)[0] / max(1, int((labels != -100).sum()))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if report is not None:
            report(step, float(loss.detach()))
    for layer in layers:
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
    model.eval().requires_grad_(False)


def _batches(shard: TokenShard, plan: EncoderTuning) -> list[list[np.ndarray]]:
    weights = np.ones(len(shard))
    epochs = (
        epoch_of_batches(shard.lengths, weights, tokens=plan.batch_tokens, seed=plan.seed + epoch) for epoch in count()
    )
    picked = islice((batch for epoch in epochs for batch in epoch), plan.steps)
    return [[shard[i].astype(np.int64) for i in batch] for batch in picked]


def _score(model: LogEncoderModel, shard: TokenShard, roles: TokenRoles, seed: int) -> tuple[float, float]:
    """Mean nats and accuracy on the same hidden tokens each time."""
    hidden = hide_tokens(shard, roles, vocab_size=model.config.vocab_size, share=_SHARE, seed=seed)
    scores = encoder_scorer(model)(hidden)
    return float(scores.nats.mean()), float(scores.is_right.mean())


@torch.inference_mode()
def _vectors(model: LogEncoderModel, sample: tuple[Tensor, Tensor]) -> Tensor:
    vectors: Tensor = model.eval()(*sample)
    return vectors
