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
_PRIOR = 0.3
"""Weight of the squared distance to the weights before."""
_MOST_STEPS = 100
_BENIGN_TAIL = 0.99


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
    unlearned: Sequence[np.ndarray]
    """Further windows of the kind of the reference, to set the scale by; both benign and of attacks."""
    unlearned_attack: np.ndarray
    """bool, of these."""


def tune_attack(head: AttackHead, examples: TuningExamples) -> AttackHead:
    """A head with moved attack weights, its scale set such that thresholds of other channels still hold."""
    rows, truth, weight = _stacked(head, examples)
    moved, shift = _minimised(rows, _logits(head, rows), truth, weight)
    weights = head.weights.copy()
    weights[:, 0] += moved
    bias = head.bias.copy()
    bias[0] += shift
    tuned = replace(head, weights=weights, bias=bias)
    return replace(tuned, attack_scale=_scale(head, tuned, examples))


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


def _scale(before: AttackHead, after: AttackHead, examples: TuningExamples) -> tuple[float, float]:
    """Slope and intercept at which the benign tail stays where it was, and the middle of the attacks at least there.

    So thresholds of channels that the environment's logs say nothing of still hold. Taken on windows that were not
    learned from, whose scores are those of new ones. The slope never falls: scores pressed together would lie on one
    side of a threshold.
    """
    rows = before.weighted(word_presence([[window] for window in examples.unlearned], len(before.words)))
    attack = examples.unlearned_attack
    slope, intercept = before.attack_scale
    (tail, middle), (new_tail, new_middle) = (_anchors(_logits(head, rows), attack) for head in (before, after))
    stretch = (middle - tail) / (new_middle - new_tail) if min(middle - tail, new_middle - new_tail) > 0 else 1.0
    moved = slope * max(1.0, stretch)
    return moved, slope * tail + intercept - moved * new_tail


def _anchors(logit: np.ndarray, attack: np.ndarray) -> tuple[float, float]:
    return float(np.quantile(logit[~attack], _BENIGN_TAIL)), float(np.median(logit[attack]))
