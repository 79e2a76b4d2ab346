"""Why an incident is raised, closed or left open, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loglm.triage.calibration import Threshold
from loglm.triage.deciding import Decision, TriageModels
from loglm.triage.history import PastIncident
from loglm.triage.verdicts import Verdict

__all__ = ["Neighbour", "why"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A past incident that voted."""

    similarity: float
    """Cosine; 1 is equal."""
    past: PastIncident


def why(decision: Decision, near: Sequence[Neighbour], scores: tuple[float, float], models: TriageModels) -> str:
    """The reason.

    Args:
        decision: What was decided.
        near: Nearest first.
        scores: For raising and for closing.
        models: Hold the thresholds.
    """
    attacks = sum(neighbour.past.verdict is Verdict.TRUE_POSITIVE for neighbour in near)
    nearest = near[0].similarity if near else 0.0
    if decision is Decision.RAISE:
        return f"{attacks} of {len(near)} nearest are true positives, the nearest of all {nearest:.2f} alike"
    if decision is Decision.CLOSE:
        return (
            f"{len(near) - attacks} of {len(near)} nearest are false or benign, the nearest of all {nearest:.2f} alike"
        )
    return _why_open(len(near), attacks, nearest, scores, models)


def _why_open(number: int, attacks: int, nearest: float, scores: tuple[float, float], models: TriageModels) -> str:
    raises, closes = scores
    is_attack = raises >= closes
    verb, threshold = ("raise", models.to_raise) if is_attack else ("close", models.to_close)
    if threshold.value is None:
        return _unsupported(verb, threshold)
    if 0 < attacks < number:
        return f"neighbours disagree: {attacks} of {number} nearest are true positives"
    return f"too far: the nearest past incident is only {nearest:.2f} alike"


def _unsupported(verb: str, threshold: Threshold) -> str:
    return (
        f"the history is too small or too mixed to {verb} at an error of {threshold.allowed:.1%}; it supports "
        f"{threshold.bound:.1%}"
    )
