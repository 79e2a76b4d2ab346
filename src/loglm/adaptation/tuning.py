"""The attack weights of a head moved towards an environment, and no further than its logs and labels call for.

The weights minimise the logistic loss of three things together: the environment's benign windows, the windows that
analysts labelled, and reference windows of what the head knew before, so that it does not forget them; plus half the
squared distance to the weights before. So a word of which nothing new is known keeps its weight. Names of techniques
are left as they are.

Source: logistic regression with a Gaussian prior around an earlier model (Chelba and Acero 2006, "Adaptation of
maximum entropy capitalizer"); replay of earlier examples (Robins 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix, vstack

from loglm.detection.head import AttackHead, word_presence

__all__ = ["TuningExamples", "tune_attack"]

_BENIGN_WEIGHT = 1_000.0
"""Of all benign windows together; a reference window weighs 1 where there are a thousand of a side."""
_REFERENCE_WEIGHT = 1_000.0
"""Of each side of the reference windows."""
_LABEL_WEIGHT = 10.0
"""Of one labelled window."""
_PRIOR = 1.0
"""Weight of the squared distance to the weights before."""
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class TuningExamples:
    """Windows as sets of a head's words."""

    benign: Sequence[np.ndarray]
    labelled: Sequence[np.ndarray]
    labelled_attack: np.ndarray
    """bool, of the labelled windows: a true positive; else a false positive."""
    reference: Sequence[np.ndarray]
    reference_attack: np.ndarray
    """bool, of the reference windows."""


def tune_attack(head: AttackHead, examples: TuningExamples) -> AttackHead:
    """A head with moved attack weights, its scale set such that reference windows score as before on the whole."""
    rows, truth, weight = _stacked(head, examples)
    moved, shift = _minimised(rows, _logits(head, rows), truth, weight)
    weights = head.weights.copy()
    weights[:, 0] += moved
    bias = head.bias.copy()
    bias[0] += shift
    tuned = replace(head, weights=weights, bias=bias)
    return replace(tuned, attack_scale=_scale(head, tuned, examples.reference))


def _stacked(head: AttackHead, examples: TuningExamples) -> tuple[csr_matrix, np.ndarray, np.ndarray]:
    parts = (examples.benign, examples.labelled, examples.reference)
    rows = [head.weighted(word_presence([[window] for window in part], len(head.words))) for part in parts if len(part)]
    sides = examples.reference_attack.astype(bool)
    of_reference = np.where(sides, 1 / max(1, int(sides.sum())), 1 / max(1, int((~sides).sum())))
    weight = np.concatenate(
        [
            np.full(len(examples.benign), _BENIGN_WEIGHT / max(1, len(examples.benign))),
            np.full(len(examples.labelled), _LABEL_WEIGHT),
            _REFERENCE_WEIGHT * of_reference,
        ]
    )
    truth = np.concatenate([np.zeros(len(examples.benign)), examples.labelled_attack, sides])
    return vstack(rows).tocsr(), truth.astype(np.float64), weight


def _logits(head: AttackHead, rows: csr_matrix) -> np.ndarray:
    return np.asarray(rows @ head.weights[:, 0].astype(np.float64) + head.bias[0], np.float64)


def _minimised(rows: csr_matrix, before: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, float]:
    """What to add to each weight, and to the bias."""
    from scipy.optimize import minimize

    used = np.unique(rows.indices)
    held = rows[:, used].astype(np.float64).tocsr()
    turned = held.T.tocsr()

    def loss(change: np.ndarray) -> tuple[float, np.ndarray]:
        logit = before + held @ change[:-1] + change[-1]
        wrong = weight * (1 / (1 + np.exp(-np.clip(logit, -500, 500))) - truth)
        value = weight @ (np.logaddexp(0, logit) - truth * logit) + _PRIOR / 2 * change[:-1] @ change[:-1]
        return float(value), np.append(turned @ wrong + _PRIOR * change[:-1], wrong.sum())

    found = minimize(loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    moved = np.zeros(rows.shape[1], np.float32)
    moved[used] = found.x[:-1]
    return moved, float(found.x[-1])


def _scale(before: AttackHead, after: AttackHead, reference: Sequence[np.ndarray]) -> tuple[float, float]:
    """Slope and intercept at which the calibrated logits of reference windows are nearest to what they were."""
    if not reference:
        return before.attack_scale
    rows = before.weighted(word_presence([[window] for window in reference], len(before.words)))
    slope, intercept = before.attack_scale
    old, new = slope * _logits(before, rows) + intercept, _logits(after, rows)
    if float(new.std()) == 0:
        return before.attack_scale
    fitted = max(0.05, float(np.cov(new, old, bias=True)[0, 1] / new.var()))
    return fitted, float(old.mean() - fitted * new.mean())
