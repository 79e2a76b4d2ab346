"""What one stage of training does, and the learning rate that follows from it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from loglm.artifacts.config import ENCODER_SIZES
from loglm.errors import InputError
from loglm.training.masking import Masking, MaskUnit
from loglm.training.optimizer import Optimizer

__all__ = ["Positives", "PretrainPlan", "Schedule", "Stage", "highest_rate", "learning_rate"]

Stage = Literal["masked", "contrastive", "distilled"]
Schedule = Literal["cosine", "wsd"]
Positives = Literal["views", "template", "pairs"]

_NANO_RATES: dict[Optimizer, float] = {"muon": 4e-3, "adamw": 2e-3}
_CONTRASTIVE_RATE_SHARE = 0.25
_CONTINUED_RATE_SHARE = 0.1
_FLOOR = 0.1
"""Of the learning rate, where a schedule ends."""
_DECAY_SHARE = 0.2
"""Last part of a warm-up, stable, decay schedule in which the rate falls."""


@dataclass(frozen=True, slots=True)
class PretrainPlan:
    """One stage of pretraining. Everything here decides the weights; a checkpoint fits one plan only."""

    stage: Stage
    max_steps: int
    learning_rate: float = 1e-3
    schedule: Schedule = "cosine"
    batch_tokens: int = 8_192
    """Padded tokens per micro-batch, all `views` of its events together."""
    micro_batches: int = 1
    """Micro-batches per step, over all processes: gradients are accumulated over them."""
    warmup_steps: int = 100
    weight_decay: float = 0.01
    optimizer: Optimizer = "muon"
    masking: Masking = "content-only"
    mask_unit: MaskUnit = "token"
    mask_share: float = 0.3
    positives: Positives = "views"
    """What is near each other in the contrastive stage (`loglm.training.positives`)."""
    temperature: float = 0.05
    """Of the contrastive loss."""
    masked_loss_weight: float = 1.0
    """Of the masked-token loss beside the contrastive one, or beside the distance to a teacher."""
    max_gradient_norm: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.max_steps < 1 or self.micro_batches < 1 or self.batch_tokens < 1:
            raise InputError(
                f"a plan needs at least one step, one micro-batch and one token a batch; got {self.max_steps} steps, "
                f"{self.micro_batches} micro-batches, {self.batch_tokens} tokens"
            )
        if not 0 < self.mask_share < 1:
            raise InputError(f"mask share {self.mask_share} must lie between 0 and 1; .15 and .3 are usual")

    @property
    def views(self) -> int:
        """How often each event is read in a step."""
        with_masked = self.stage == "distilled" and self.masked_loss_weight > 0
        return 2 if self.stage == "contrastive" or with_masked else 1


def highest_rate(
    stage: Stage, *, width: int, optimizer: Optimizer, continued: bool, given: float | None = None
) -> float:
    """The learning rate at which the warm-up of a stage ends.

    Args:
        stage: The contrastive one has a quarter of the others' rate.
        width: Of the encoder; where no rate is given, it falls with the width from that of `nano`.
        optimizer: Where no rate is given, AdamW has half of Muon's.
        continued: Whether training goes on from given weights: then a tenth, where no rate is given.
        given: Of the masked stage, as the user set it.
    """
    usual = _NANO_RATES[optimizer] * ENCODER_SIZES["nano"].width / width
    rate = given or usual * (_CONTINUED_RATE_SHARE if continued else 1)
    return rate * (_CONTRASTIVE_RATE_SHARE if stage == "contrastive" else 1)


def learning_rate(plan: PretrainPlan, step: int) -> float:
    """Of a step, counted from 0: linear warm-up, then the plan's schedule, down to a tenth.

    ``cosine`` falls from the warm-up on (Loshchilov and Hutter 2017); ``wsd`` stays, and falls linearly over the last
    fifth (warm-up, stable, decay: Hu et al. 2024, arXiv:2404.06395).
    """
    if step < plan.warmup_steps:
        return plan.learning_rate * (step + 1) / plan.warmup_steps
    left = plan.max_steps - plan.warmup_steps
    done = (step - plan.warmup_steps) / max(1, left)
    height = (1 + math.cos(math.pi * done)) / 2 if plan.schedule == "cosine" else min(1.0, (1 - done) / _DECAY_SHARE)
    return plan.learning_rate * (_FLOOR + (1 - _FLOOR) * height)
