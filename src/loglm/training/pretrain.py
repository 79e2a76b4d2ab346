"""Pretraining of the event encoder: content-only masked language modelling, then a contrastive stage.

Both stages run the same loop: seeded batches, bf16 autocast where the processor has it, warm-up and cosine decay,
checkpoints from which a killed run goes on with the same batches and the same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from loglm.corpus.shards import TokenShard
from loglm.errors import InputError, ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles
from loglm.training.batches import epoch_of_batches, pad_batch
from loglm.training.contrastive import contrastive_loss, two_views
from loglm.training.masking import ContentMasker

__all__ = ["PretrainPlan", "TrainingState", "evaluate_masked", "pretrain"]

Stage = Literal["masked", "contrastive"]
Report = Callable[["TrainingState", float], None]


@dataclass(frozen=True, slots=True)
class PretrainPlan:
    """One stage of pretraining."""

    stage: Stage
    max_steps: int
    learning_rate: float = 1e-3
    batch_tokens: int = 8_192
    """Padded tokens per step; a contrastive step reads each event twice."""
    warmup_steps: int = 100
    weight_decay: float = 0.01
    mask_share: float = 0.3
    temperature: float = 0.05
    """Of the contrastive loss."""
    masked_loss_weight: float = 1.0
    """Of the masked-token loss beside the contrastive one."""
    max_gradient_norm: float = 1.0
    checkpoint_every: int = 500
    seed: int = 0


@dataclass(slots=True)
class TrainingState:
    """Where a run stands."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float = math.nan
    """Of the last step, in nats."""
    accuracy: float = math.nan
    skipped: int = 0
    """Steps left out because the loss or a gradient was not finite."""


def pretrain(
    model: LogEncoderModel,
    shard: TokenShard,
    weights: np.ndarray,
    plan: PretrainPlan,
    *,
    roles: TokenRoles,
    run_dir: Path,
    report: Report | None = None,
) -> TrainingState:
    """Train ``model`` in place; goes on from ``run_dir`` where an earlier run was killed.

    Args:
        model: Weights to start from; replaced by the checkpoint's where one exists.
        shard: Token sequences.
        weights: Chance of each sequence to be drawn, float (n_sequences,).
        plan: What to do.
        roles: Which token ids are delimiters and line ends.
        run_dir: Where checkpoints go; one plan per folder.
        report: Called after each step with the state and the learning rate.

    Raises:
        InputError: The shard is empty.
        ModelError: The checkpoint is of another plan or another size.
    """
    if len(shard) == 0:
        raise InputError("nothing to train on: the token shard holds no sequence")
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=plan.weight_decay, fused=True
    )
    state = TrainingState()
    run_dir.mkdir(parents=True, exist_ok=True)
    checkpoint = run_dir / f"{plan.stage}.checkpoint.pt"
    if checkpoint.is_file():
        state = _restore(checkpoint, model, optimizer, plan)
    model.train()
    for step, indices in _batches_from(state.step, shard, weights, plan):
        started = time.perf_counter()
        rate = _learning_rate(plan, step)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss, accuracy, tokens = _loss_of(model, shard, indices, plan, roles, step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), plan.max_gradient_norm)
        if torch.isfinite(norm) and torch.isfinite(loss):
            optimizer.step()
        else:
            state.skipped += 1
        state.step, state.tokens = step + 1, state.tokens + tokens
        state.loss, state.accuracy = float(loss.detach()), float(accuracy)
        state.seconds += time.perf_counter() - started
        if report is not None:
            report(state, rate)
        if state.step % plan.checkpoint_every == 0 or state.step == plan.max_steps:
            _save(checkpoint, model, optimizer, plan, state)
    return state


@torch.inference_mode()
def evaluate_masked(
    model: LogEncoderModel, shard: TokenShard, *, roles: TokenRoles, max_sequences: int = 2_000, seed: int = 1
) -> tuple[float, float]:
    """(mean loss in nats per hidden token, share of hidden tokens predicted right) at 15 % hidden, seeded."""
    model.eval()
    masker = ContentMasker(roles.delimiters, vocab_size=model.config.vocab_size, share=0.15, seed=seed)
    picked = np.random.default_rng(seed).permutation(len(shard))[:max_sequences]
    picked = picked[np.argsort(shard.lengths[picked], kind="stable")]
    losses, hits, count = 0.0, 0.0, 0
    for start in range(0, len(picked), 64):
        ids, mask = pad_batch(shard, picked[start : start + 64])
        inputs, labels = masker(ids)
        hidden = int((labels != -100).sum())
        if hidden:
            loss, accuracy = model.masked_token_loss(inputs, mask, labels)
            losses, hits, count = losses + float(loss) * hidden, hits + float(accuracy) * hidden, count + hidden
    model.train()
    return losses / max(count, 1), hits / max(count, 1)


def _batches_from(
    step: int, shard: TokenShard, weights: np.ndarray, plan: PretrainPlan
) -> Iterator[tuple[int, np.ndarray]]:
    """(step, indices) from a step on; epochs that lie before it are only counted."""
    lengths = np.minimum(shard.lengths, plan.batch_tokens)
    budget = plan.batch_tokens // (2 if plan.stage == "contrastive" else 1)
    at, epoch = 0, 0
    while at < plan.max_steps:
        for indices in epoch_of_batches(lengths, weights, tokens=budget, seed=plan.seed * 1_000_003 + epoch):
            if at >= plan.max_steps:
                return
            if at >= step:
                yield at, indices
            at += 1
        epoch += 1


def _loss_of(
    model: LogEncoderModel,
    shard: TokenShard,
    indices: np.ndarray,
    plan: PretrainPlan,
    roles: TokenRoles,
    step: int,
) -> tuple[Tensor, Tensor, int]:
    """Loss, accuracy and number of padded tokens of one batch; the step fixes all that is random in it."""
    seed = plan.seed * 7_919 + step
    torch.manual_seed(seed)
    masker = ContentMasker(roles.delimiters, vocab_size=model.config.vocab_size, share=plan.mask_share, seed=seed)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_computes_bfloat16()):
        if plan.stage == "masked":
            ids, mask = pad_batch(shard, indices)
            inputs, labels = masker(ids)
            loss, accuracy = model.masked_token_loss(inputs, mask, labels)
            return loss, accuracy, ids.numel()
        views = two_views([shard[i] for i in indices], roles, seed=seed)
        passes = [_masked_view(model, masker, *view) for view in views]
        loss, accuracy = contrastive_loss(passes[0][0], passes[1][0], temperature=plan.temperature)
        tokens = sum(ids.numel() for ids, _ in views)
        return loss + plan.masked_loss_weight * (passes[0][1] + passes[1][1]) / 2, accuracy, tokens


def _computes_bfloat16() -> bool:
    """Whether the processor itself computes in bf16; where it only emulates it, that is several times slower."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def _masked_view(model: LogEncoderModel, masker: ContentMasker, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    inputs, labels = masker(ids)
    return model.vectors_and_token_loss(inputs, mask, labels)


def _learning_rate(plan: PretrainPlan, step: int) -> float:
    """Linear warm-up, then a cosine down to a tenth."""
    if step < plan.warmup_steps:
        return plan.learning_rate * (step + 1) / plan.warmup_steps
    done = (step - plan.warmup_steps) / max(1, plan.max_steps - plan.warmup_steps)
    return plan.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))


def _save(
    path: Path, model: LogEncoderModel, optimizer: torch.optim.Optimizer, plan: PretrainPlan, state: TrainingState
) -> None:
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "plan": repr(plan),
            "progress": [state.step, state.tokens, state.seconds, state.skipped],
        },
        partial,
    )
    partial.replace(path)


def _restore(path: Path, model: LogEncoderModel, optimizer: torch.optim.Optimizer, plan: PretrainPlan) -> TrainingState:
    data = torch.load(path, weights_only=True)  # tensors and plain values only: loading runs no code
    if data["plan"] != repr(plan):
        raise ModelError(f"{path}: checkpoint of another plan ({data['plan']}); use an empty folder for {plan}")
    try:
        model.load_state_dict(data["model"])
    except RuntimeError as error:
        raise ModelError(f"{path}: checkpoint of a model of another size; use an empty folder") from error
    optimizer.load_state_dict(data["optimizer"])
    step, tokens, seconds, skipped = data["progress"]
    return TrainingState(step=int(step), tokens=int(tokens), seconds=float(seconds), skipped=int(skipped))
