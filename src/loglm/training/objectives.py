"""The gradient of one step: micro-batches of masked, paired or, in distillation, whole views of events.

A step's masked-token loss is the mean over all hidden tokens of all its micro-batches, so that it does not matter how
a batch is cut into micro-batches or dealt to processes; the distance to a teacher's vectors is the mean over all its
events likewise. Contrastive negatives come from the same micro-batch only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from loglm.corpus.shards import TokenShard
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles
from loglm.training.batches import pad_rows
from loglm.training.contrastive import contrastive_loss, partial_views
from loglm.training.hardware import Hardware
from loglm.training.masking import TokenMasker
from loglm.training.plan import PretrainPlan
from loglm.training.positives import Kin, not_negatives, partners
from loglm.training.teacher import Targets
from loglm.training.team import Team

__all__ = ["MicroBatch", "StepLoss", "make_micro_batch", "step_gradient"]


@dataclass(frozen=True, slots=True)
class MicroBatch:
    """One view of some events in the masked stage, two in the contrastive; in distillation the whole events, then,
    where it is wanted, a masked view."""

    views: list[tuple[Tensor, Tensor, Tensor]]
    """Of each: masked ids, attention mask and labels, int64 (B, T)."""
    seed: int
    targets: Tensor | None = None
    """The teacher's vectors, float32 (B, D)."""
    alike: Tensor | None = None
    """Which events are not told apart in the contrastive stage, bool (B, B)."""

    @property
    def events(self) -> int:
        """Events in it."""
        return len(self.views[0][0])

    @property
    def hidden(self) -> int:
        """Tokens to predict."""
        return sum(int((labels != -100).sum()) for _, _, labels in self.views)

    @property
    def tokens(self) -> int:
        """Tokens read, padding included."""
        return sum(ids.numel() for ids, _, _ in self.views)


@dataclass(frozen=True, slots=True)
class StepLoss:
    """Of one step, over all processes."""

    loss: float
    """Nats; in distillation, one minus the mean cosine to the teacher, plus the masked loss where it is wanted."""
    accuracy: float
    """Share of hidden tokens predicted right; in the contrastive stage, of events nearest to their own other view; in
    distillation, the mean cosine to the teacher."""
    tokens: int


def make_micro_batch(
    shard: TokenShard,
    number: int,
    indices: np.ndarray,
    plan: PretrainPlan,
    *,
    roles: TokenRoles,
    vocab_size: int,
    targets: Targets | None = None,
    kin: Kin | None = None,
) -> MicroBatch:
    """Views of the sequences at ``indices``; plan and number of the micro-batch fix all that is random in them.

    ``kin``: which sequences belong together, where positives are of one template or given pairs.
    """
    seed = plan.seed * 7_919 + number
    masker = TokenMasker(
        roles, vocab_size=vocab_size, share=plan.mask_share, seed=seed, masking=plan.masking, unit=plan.mask_unit
    )
    rows = [shard[i].astype(np.int64) for i in indices]
    if plan.stage == "contrastive":
        others = partners(indices, kin=kin, seed=seed)
        views = partial_views([rows, [shard[i] for i in others]], roles, seed=seed)
        return MicroBatch([_masked_view(masker, *view) for view in views], seed, alike=not_negatives(indices, kin=kin))
    ids, attention = pad_rows(rows)
    if plan.stage == "masked" or targets is None:
        return MicroBatch([_masked_view(masker, ids, attention)], seed)
    whole_and_masked = [(ids, attention, torch.full_like(ids, -100)), _masked_view(masker, ids, attention)]
    return MicroBatch(whole_and_masked[: plan.views], seed, torch.from_numpy(targets(rows)))


def step_gradient(
    model: LogEncoderModel, batches: list[MicroBatch], plan: PretrainPlan, *, hardware: Hardware, team: Team
) -> StepLoss:
    """Leave the gradient of a step's mean loss, summed over all processes, in the model's parameters.

    Args:
        model: Its gradients are replaced.
        batches: This process's micro-batches of the step.
        plan: What is computed.
        hardware: Where.
        team: With whom.
    """
    device = hardware.device
    hidden, events = team.add_up(
        sum(batch.hidden for batch in batches), sum(batch.events for batch in batches), device=device
    )
    model.zero_grad(set_to_none=True)
    loss, right = torch.zeros((), device=device), torch.zeros((), device=device)
    for batch in batches:
        torch.manual_seed(batch.seed)
        with hardware.autocast():
            part, part_right = _micro_loss(model, batch, plan, hidden=max(hidden, 1.0), events=events, device=device)
        (part * team.loss_scale).backward()  # type: ignore[no-untyped-call]
        loss, right = loss + part.detach(), right + part_right
    team.add_up_gradients(model)
    total, hits, tokens = team.add_up(loss, right, sum(batch.tokens for batch in batches), device=device)
    of = {"masked": max(hidden, 1.0), "contrastive": float(plan.micro_batches), "distilled": events}[plan.stage]
    return StepLoss(total, hits / of, int(tokens))


def _masked_view(masker: TokenMasker, ids: Tensor, attention: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    inputs, labels = masker(ids)
    return inputs, attention, labels


def _micro_loss(
    model: LogEncoderModel,
    batch: MicroBatch,
    plan: PretrainPlan,
    *,
    hidden: float,
    events: float,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """A micro-batch's part of the step's loss, and of its accuracy's numerator."""
    views = [tuple(tensor.to(device) for tensor in view) for view in batch.views]
    if plan.stage == "masked":
        loss, right = model.masked_token_loss(*views[0])
        return loss / hidden, right
    if batch.targets is not None:
        cosine = (model(*views[0][:2]).float() * batch.targets.to(device)).sum(dim=-1)
        loss = (1 - cosine).sum() / events
        for view in views[1:]:
            loss = loss + plan.masked_loss_weight * model.masked_token_loss(*view)[0] / hidden
        return loss, cosine.detach().sum()
    (first, first_loss), (second, second_loss) = (model.vectors_and_token_loss(*view) for view in views)
    alike = None if batch.alike is None else batch.alike.to(device)
    loss, nearest = contrastive_loss(first, second, temperature=plan.temperature, alike=alike)
    return loss / plan.micro_batches + plan.masked_loss_weight * (first_loss + second_loss) / hidden, nearest
