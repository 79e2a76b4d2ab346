"""Training of the ATT&CK head: a logistic regression for attacks, a softmax regression for techniques."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import csr_matrix, diags
from torch import Tensor

from loglm.detection.head import AttackHead
from loglm.errors import EmptyInputError

__all__ = ["HeadExamples", "HeadPlan", "fit_regressions", "train_attack_head"]


@dataclass(slots=True)
class HeadExamples:
    """Sets of words to learn from: windows, and strings of rules."""

    presence: csr_matrix
    """(n, V): which words each example holds."""
    words: tuple[str, ...]
    """V words."""
    technique: np.ndarray
    """float32 (n, C): target shares over techniques."""
    technique_weight: np.ndarray
    """float32 (n,): weight in the technique loss; 0 teaches no technique."""
    attack: np.ndarray
    """float32 (n,): 1 attack, 0 benign; NaN teaches neither."""
    attack_weight: np.ndarray
    """float32 (n,)."""
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeadPlan:
    """How to train. The defaults are those of the shipped head."""

    epochs: int = 12
    batch_size: int = 512
    learning_rate: float = 0.05
    weight_decay: float = 2e-6
    min_examples: int = 2
    """A word must be in this many examples."""
    max_words: int = 60_000
    attack_inverse_penalty: float = 1.0
    """C of the logistic regression: smaller is smoother."""
    prior_adjustment: float = 0.2
    """How much of the log frequency of each technique in training is taken out of its logit (Menon et al. 2021,
    "Long-tail learning via logit adjustment"): a name that is frequent here is not for that frequent elsewhere."""
    seed: int = 0


def train_attack_head(
    examples: HeadExamples, plan: HeadPlan, *, report: Callable[[int, float], None] | None = None
) -> AttackHead:
    """Fit a head; calibration is left neutral (see `loglm.training.attack.calibration`).

    Args:
        examples: What to learn from.
        plan: How.
        report: Called with each epoch of the technique loss and its mean in nats.

    Raises:
        EmptyInputError: There is no example, or not both attacks and benign ones.
    """
    if not {0.0, 1.0} <= set(examples.attack.tolist()):
        raise EmptyInputError("an ATT&CK head needs attack windows and benign windows to learn from")
    columns, idf = _vocabulary(examples.presence, plan)
    rows = _weighted(examples.presence[:, columns], idf)
    weights, bias = fit_regressions(rows, examples, plan, report=report)
    words = tuple(examples.words[i] for i in columns)
    return AttackHead(labels=examples.labels, words=words, idf=idf, weights=weights, bias=bias)


def fit_regressions(
    rows: csr_matrix, examples: HeadExamples, plan: HeadPlan, *, report: Callable[[int, float], None] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Both regressions over any features of the examples, (n, K).

    Returns:
        Weights float32 (K, C + 1) and biases float32 (C + 1,); attack first, then techniques.
    """
    attack_weights, attack_bias = _fit_attack(rows, examples, plan)
    weights, bias = _fit_technique(rows, examples, plan, report)
    return (
        np.concatenate([attack_weights[:, None], weights], axis=1).astype(np.float32),
        np.concatenate([[attack_bias], bias]).astype(np.float32),
    )


def _vocabulary(presence: csr_matrix, plan: HeadPlan) -> tuple[np.ndarray, np.ndarray]:
    """Columns of the words kept, ascending, and their inverse document frequency."""
    frequency = np.bincount(presence.indices, minlength=presence.shape[1])
    columns = np.flatnonzero(frequency >= plan.min_examples)
    columns = np.sort(columns[np.argsort(-frequency[columns], kind="stable")[: plan.max_words]])
    idf = np.log((1 + presence.shape[0]) / (1 + frequency[columns])) + 1
    return columns, idf.astype(np.float32)


def _weighted(presence: csr_matrix, idf: np.ndarray) -> csr_matrix:
    """Rows of inverse document frequencies, of unit length, as `AttackHead` reads them."""
    from sklearn.preprocessing import normalize

    rows: csr_matrix = normalize(presence.sign() @ diags(idf)).astype(np.float32).tocsr()
    return rows


def _fit_attack(rows: csr_matrix, examples: HeadExamples, plan: HeadPlan) -> tuple[np.ndarray, float]:
    from sklearn.linear_model import LogisticRegression

    known = np.flatnonzero(~np.isnan(examples.attack) & (examples.attack_weight > 0))
    weight = examples.attack_weight[known]
    fitted = LogisticRegression(C=plan.attack_inverse_penalty, solver="liblinear", random_state=plan.seed).fit(
        rows[known], examples.attack[known], sample_weight=weight / weight.mean()
    )
    return fitted.coef_[0], float(fitted.intercept_[0])


def _fit_technique(
    rows: csr_matrix, examples: HeadExamples, plan: HeadPlan, report: Callable[[int, float], None] | None
) -> tuple[np.ndarray, np.ndarray]:
    torch.manual_seed(plan.seed)
    weights = torch.zeros(rows.shape[1], len(examples.labels), requires_grad=True)
    bias = torch.zeros(len(examples.labels), requires_grad=True)
    taught = np.flatnonzero(examples.technique_weight > 0)
    weight = (examples.technique_weight / examples.technique_weight[taught].mean()).astype(np.float32)
    batches = -(-len(taught) // plan.batch_size)
    optimizer = torch.optim.Adam([weights, bias], lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=plan.epochs * batches)
    order = np.random.default_rng(plan.seed)
    for epoch in range(plan.epochs):
        total = 0.0
        for picked in np.array_split(order.permutation(taught), batches):
            logits = _SparseProduct.apply(weights, rows[picked]) + bias  # type: ignore[no-untyped-call]
            each = -(torch.from_numpy(examples.technique[picked]) * F.log_softmax(logits, dim=-1)).sum(dim=-1)
            loss = (torch.from_numpy(weight[picked]) * each).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        if report is not None:
            report(epoch, total / batches)
    prior = weight[taught] @ examples.technique[taught] / weight[taught].sum()
    adjusted = bias.detach().numpy() - plan.prior_adjustment * np.log(prior + 1 / len(taught))
    return weights.detach().numpy(), adjusted.astype(np.float32)


class _SparseProduct(torch.autograd.Function):
    """CSR rows times a weight matrix by SciPy: four times faster on a CPU than EmbeddingBag's backward pass."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, rows: csr_matrix) -> Tensor:
        ctx.rows = rows
        return torch.from_numpy(rows @ weight.detach().numpy())

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(ctx.rows.T.tocsr() @ gradient.numpy()), None
