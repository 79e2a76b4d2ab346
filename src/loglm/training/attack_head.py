"""Training of the ATT&CK head on labelled windows, rule examples and rule hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from loglm.detection.features import hash_features
from loglm.detection.head import AttackHead
from loglm.errors import EmptyInputError

__all__ = ["HeadExamples", "HeadPlan", "train_attack_head"]


@dataclass(slots=True)
class HeadExamples:
    """Windows to learn from, over one list of distinct texts."""

    texts: Sequence[str]
    rows: list[np.ndarray]
    """Per window: indices into ``texts``."""
    technique: np.ndarray
    """float32 (w, C): target shares over techniques; a row of zeros teaches no technique."""
    attack: np.ndarray
    """float32 (w,): 1 attack, 0 benign; NaN teaches neither."""
    weight: np.ndarray
    """float32 (w,): weight of the window in the loss."""
    labels: tuple[str, ...]
    vectors: np.ndarray | None = None
    """float32 (n, D): event vectors, where the head is to use them."""
    features: csr_matrix | None = None
    """`hash_features` of ``texts``, where they are known already."""


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """How to train. The defaults are those of the shipped head."""

    epochs: int = 8
    batch_windows: int = 512
    learning_rate: float = 0.05
    weight_decay: float = 0.01
    min_text_frequency: int = 2
    """A feature must occur in this many distinct texts."""
    max_features: int = 60_000
    vector_dropout: float = 0.1
    attack_loss_weight: float = 1.0
    attack_smoothing: float = 0.05
    """Attack targets are this far from 0 and 1: labels of whole recordings are noisy, and logits stay finite."""
    seed: int = 0


def train_attack_head(
    examples: HeadExamples, plan: HeadPlan, *, report: Callable[[int, float], None] | None = None
) -> AttackHead:
    """Fit a head; calibration is left neutral (see `loglm.detection.calibration`).

    Raises:
        EmptyInputError: There is no window.
    """
    if not examples.rows:
        raise EmptyInputError("no labelled window to train a head on")
    torch.manual_seed(plan.seed)
    hashed = hash_features(list(examples.texts)) if examples.features is None else examples.features
    features, index, idf = _select_features(hashed, examples.rows, plan)
    module = _HeadModule(features.shape[1], len(examples.labels), examples.vectors, plan)
    optimizer = torch.optim.AdamW(
        module.parameters(), lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True
    )
    order = np.random.default_rng(plan.seed)
    batches_per_epoch = -(-len(examples.rows) // plan.batch_windows)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=plan.epochs * batches_per_epoch)
    for epoch in range(plan.epochs):
        total = 0.0
        for picked in np.array_split(order.permutation(len(examples.rows)), batches_per_epoch):
            loss = _batch_loss(module, features, examples, picked, plan)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        if report is not None:
            report(epoch, total / batches_per_epoch)
    return AttackHead(
        labels=examples.labels,
        feature_index=index,
        feature_weights=module.sparse.detach().numpy(),
        bias=module.bias.detach().numpy(),
        idf=idf,
        vector_weights=None if module.dense is None else module.dense.weight.detach().numpy().T.copy(),
        attack_scale=(1.0, 0.0),
        technique_temperature=1.0,
    )


class _SparseProduct(torch.autograd.Function):
    """CSR rows times a weight matrix by SciPy: four times faster on a CPU than EmbeddingBag's backward pass."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: csr_matrix) -> Tensor:
        ctx.rows = rows
        return torch.from_numpy(rows @ weight.detach().numpy())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(ctx.rows.T.tocsr() @ gradient.numpy()), None


class _HeadModule(nn.Module):
    """Weights of `AttackHead` as torch parameters."""

    def __init__(self, n_features: int, n_labels: int, vectors: np.ndarray | None, plan: HeadPlan) -> None:
        super().__init__()
        self.sparse = nn.Parameter(torch.zeros(n_features, n_labels + 2))
        self.bias = nn.Parameter(torch.zeros(n_labels + 2))
        self.dense: nn.Linear | None = None
        self.vectors: Tensor | None = None
        if vectors is not None:
            self.vectors = torch.from_numpy(vectors)
            self.dense = nn.Linear(vectors.shape[1], n_labels + 2, bias=False)
            nn.init.zeros_(self.dense.weight)
            self.dropout = nn.Dropout(plan.vector_dropout)

    def event_scores(self, features: csr_matrix, rows: np.ndarray) -> Tensor:
        """(n, C + 2): attention, attack and technique logits of the events in ``rows``."""
        scores: Tensor = _SparseProduct.apply(self.sparse, features[rows])  # type: ignore[no-untyped-call]
        if self.dense is not None and self.vectors is not None:
            scores = scores + self.dense(self.dropout(self.vectors[torch.from_numpy(rows)]))
        return scores + self.bias


def _batch_loss(
    module: _HeadModule, features: csr_matrix, examples: HeadExamples, picked: np.ndarray, plan: HeadPlan
) -> Tensor:
    windows = [examples.rows[i] for i in picked]
    flat = np.concatenate(windows)
    distinct, inverse = np.unique(flat, return_inverse=True)
    events = module.event_scores(features, distinct)[torch.from_numpy(inverse)]
    segment = torch.from_numpy(np.repeat(np.arange(len(windows)), [len(w) for w in windows]))
    pooled = _attention_mean(events[:, 0], events[:, 1:], segment, len(windows))
    weight = torch.from_numpy(examples.weight[picked])
    targets = torch.from_numpy(examples.technique[picked])
    technique = -(targets * F.log_softmax(pooled[:, 1:], dim=-1)).sum(dim=-1)
    attack = torch.from_numpy(examples.attack[picked])
    known = ~torch.isnan(attack)
    soft = torch.where(known, attack, 0.5) * (1 - 2 * plan.attack_smoothing) + plan.attack_smoothing
    wrong = F.binary_cross_entropy_with_logits(pooled[:, 0], soft, reduction="none")
    loss = weight * (technique + plan.attack_loss_weight * torch.where(known, wrong, 0.0))
    return loss.sum() / weight.sum()


def _attention_mean(attention: Tensor, values: Tensor, segment: Tensor, count: int) -> Tensor:
    """Softmax-weighted means of rows by segment, (count, columns)."""
    peak = torch.full((count,), -torch.inf).scatter_reduce(0, segment, attention.detach(), "amax")
    weight = torch.exp(attention - peak[segment])
    total = torch.zeros(count).index_add(0, segment, weight)
    return torch.zeros(count, values.shape[1]).index_add(0, segment, values * weight[:, None]) / total[:, None]


def _select_features(
    rows: csr_matrix, windows: list[np.ndarray], plan: HeadPlan
) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    """Keep features seen often enough in texts of the windows; weight by inverse document frequency, unit rows."""
    used = np.unique(np.concatenate(windows))
    frequency = np.bincount(rows[used].indices, minlength=rows.shape[1])
    index = np.flatnonzero(frequency >= plan.min_text_frequency)
    if len(index) > plan.max_features:
        index = np.sort(index[np.argsort(-frequency[index], kind="stable")[: plan.max_features]])
    idf = (np.log((1 + len(used)) / (1 + frequency[index])) + 1).astype(np.float32)
    kept = rows[:, index].tocsr()
    kept.data = idf[kept.indices]
    norms = np.sqrt(np.asarray(kept.multiply(kept).sum(axis=1))).ravel()
    kept.data /= np.repeat(np.maximum(norms, 1e-6), np.diff(kept.indptr)).astype(np.float32)
    return kept, index.astype(np.int32), idf
