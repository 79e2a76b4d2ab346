"""The contrastive stage: two partial views of one event, or of two akin, are near each other and far from other events.

Mean-pooled vectors of a model trained by masking alone all point the same way; this stage spreads them. A view
loses some of the event's fields and, by masking, some of its content tokens, so that what is shared by events of
one kind, not one value, decides their nearness. Loss: InfoNCE over the batch (SimCSE, Gao et al. 2021,
arXiv:2104.08821); ours drops fields instead of relying on dropout, and the hidden tokens of the views are still to be
predicted, in the same pass, so that the model does not forget how.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from loglm.tokenizer.bpe import TokenRoles
from loglm.training.batches import pad_rows

__all__ = ["contrastive_loss", "partial_views"]

_FIELD_DROP = 0.3


def partial_views(views: list[list[np.ndarray]], roles: TokenRoles, *, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Each list of token sequences without some of their fields, as (ids, attention mask), int64 (B, T)."""
    random = np.random.default_rng(seed)
    return [pad_rows([_partial(s, roles.line_end_id, random) for s in sequences]) for sequences in views]


def contrastive_loss(
    first: Tensor, second: Tensor, *, temperature: float, alike: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Symmetric InfoNCE in nats of unit vectors (B, D), and the share of rows whose nearest is their own pair.

    Args:
        first: One view of each event.
        second: The other.
        temperature: Of the softmax.
        alike: Which pairs are not to be told apart, bool (B, B): they are no negatives.
    """
    logits = first.float() @ second.float().T / temperature
    targets = torch.arange(len(first), device=first.device)
    if alike is not None:
        own = torch.eye(len(first), dtype=torch.bool, device=first.device)
        logits = logits.masked_fill(alike & ~own, -torch.inf)
    loss = (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
    return loss, (logits.argmax(-1) == targets).float().mean()


def _partial(ids: np.ndarray, line_end_id: int, random: np.random.Generator) -> np.ndarray:
    ids = ids.astype(np.int64)
    field = np.cumsum(ids == line_end_id)
    kept = random.random(int(field[-1]) + 1) >= _FIELD_DROP
    kept[0] = True  # the header says what kind of event it is
    partial: np.ndarray = ids[kept[field]]
    return partial
