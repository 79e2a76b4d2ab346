"""How classifiers of sequences learn: balanced draws, a bounded number of steps, nothing tuned for a set."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["learn_labels"]


def learn_labels(
    logits: Callable[[np.ndarray], Tensor],
    parameters: Iterable[nn.Parameter],
    is_anomaly: np.ndarray,
    *,
    seed: int,
    steps: int,
    batch: int,
    learning_rate: float,
) -> None:
    """Fit parameters by cross-entropy; half of each batch is anomalous, so that rare anomalies are learned.

    Args:
        logits: Places of sequences, int (b,), to float (b,).
        parameters: What is fitted, by AdamW with one cycle of the learning rate.
        is_anomaly: bool (n,), both values in it.
        seed: Fixes the batches.
        steps: Batches.
        batch: Sequences of each; even.
        learning_rate: The largest.
    """
    random = np.random.default_rng(seed)
    normal, anomalous = np.flatnonzero(~is_anomaly), np.flatnonzero(is_anomaly)
    optimizer = torch.optim.AdamW(list(parameters), lr=learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=steps)
    wanted = torch.arange(batch).ge(batch // 2).float()
    for _ in range(steps):
        drawn = np.concatenate([random.choice(normal, batch // 2), random.choice(anomalous, batch // 2)])
        loss = F.binary_cross_entropy_with_logits(logits(drawn), wanted)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
