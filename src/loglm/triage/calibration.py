"""From which score on a decision is made, so that a stated share of wrong ones is kept with a stated confidence.

A few thresholds fixed beforehand are tried on past incidents, each judged by those before it, the strictest first. One
holds where the upper Clopper-Pearson bound of its share of wrong decisions is at most what is allowed, and the first
that does not ends the search: so each is tested at the whole risk (fixed sequence testing; Angelopoulos et al. 2021,
arXiv:2110.01052). Thresholds that so few incidents reach that none wrong would prove nothing are not tried; how many
reach one says nothing of how many are wrong.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["CONFIDENCE", "THRESHOLDS", "DecisionThreshold", "choose_threshold", "error_bound"]

CONFIDENCE = 0.95
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class DecisionThreshold:
    """Where one of the two models decides, and what that rests on."""

    value: float | None
    """From this score on; None where the history does not support the error at any."""
    allowed: float
    """Share of wrong decisions that is allowed: what was asked for, or half of what deciding blindly would give where
    that is less."""
    trials: int
    """Different past incidents that it would have decided; at the first threshold tried where none holds."""
    wrong: int
    """Of those, how many wrongly."""
    others: int
    """Different past incidents, decided or not, that it should not have decided."""
    bound: float
    """The share of wrong decisions is below this with 95 % confidence; 1 without trials."""


def error_bound(wrong: int, trials: int, confidence: float) -> float:
    """Upper Clopper-Pearson bound of a share, one-sided; 1 without trials.

    >>> round(error_bound(0, 59, 0.95), 3)
    0.05
    """
    from scipy.stats import beta

    return 1.0 if wrong >= trials else float(beta.ppf(confidence, wrong + 1, trials - wrong))


def choose_threshold(
    scores: np.ndarray, is_right: np.ndarray, contents: Sequence[Hashable], *, error: float
) -> DecisionThreshold:
    """The lowest of `THRESHOLDS` at which, and at all above it that are tried, past decisions keep to an error.

    Args:
        scores: float (n,): higher is more certain.
        is_right: bool (n,): whether to decide would be right.
        contents: Equal for what is one trial; with equal truth it counts once, by the first.
        error: Share of wrong decisions that is allowed, also counted with repetitions.
    """
    once = _first_of_each(contents, is_right)
    blind = float((~is_right[once]).mean()) if len(once) else 0.0
    allowed = min(error, blind / 2)
    tried = []
    for threshold in _worth_trying(scores[once], allowed):
        tried.append(_trial(threshold, scores, is_right, once, allowed))
        if tried[-1].value is None:
            break
    holding = [trial for trial in tried if trial.value is not None]
    return holding[-1] if holding else tried[0]


def _worth_trying(scores: np.ndarray, allowed: float) -> list[float]:
    """The strictest first; without those that hold at no number of wrong decisions. Where none is left, the lowest."""
    found = [at for at in THRESHOLDS if error_bound(0, int((scores >= at).sum()), CONFIDENCE) <= allowed]
    return found[::-1] or [THRESHOLDS[0]]


def _trial(
    threshold: float, scores: np.ndarray, is_right: np.ndarray, once: np.ndarray, allowed: float
) -> DecisionThreshold:
    decided = once[scores[once] >= threshold]
    wrong = int((~is_right[decided]).sum())
    bound = error_bound(wrong, len(decided), CONFIDENCE)
    every = scores >= threshold
    holds = bound <= allowed and float((~is_right[every]).mean()) <= allowed
    others = int((~is_right[once]).sum())
    return DecisionThreshold(threshold if holds else None, allowed, len(decided), wrong, others, bound)


def _first_of_each(contents: Sequence[Hashable], is_right: np.ndarray) -> np.ndarray:
    seen: set[tuple[Hashable, bool]] = set()
    first = []
    for place, key in enumerate(zip(contents, is_right.tolist(), strict=True)):
        if key not in seen:
            seen.add(key)
            first.append(place)
    return np.asarray(first, np.int64)
