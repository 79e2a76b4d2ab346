"""Why an incident is raised, closed or left open, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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


def why(
    decision: Decision, near: Sequence[Neighbour], raises: float, closes: float, models: TriageModels, *, is_known: bool
) -> str:
    """The reason.

    Args:
        decision: What was decided.
        near: Nearest first.
        raises: The score for raising.
        closes: The score for closing.
        models: Hold the thresholds.
        is_known: Whether a harmless incident was called so.
    """
    attacks = sum(neighbour.past.verdict is Verdict.TRUE_POSITIVE for neighbour in near)
    nearest = near[0].similarity if near else 0.0
    if decision is Decision.RAISE:
        return f"{attacks} of {len(near)} nearest are true positives, the nearest of all {nearest:.2f} alike"
    if decision is Decision.CLOSE:
        return (
            f"{len(near) - attacks} of {len(near)} nearest are false or benign, the nearest of all {nearest:.2f} alike"
        )
    if 0 < attacks < len(near):
        return f"neighbours disagree: {attacks} of {len(near)} nearest are true positives"
    if not attacks and not is_known:
        return f"no false or benign positive was called just so; the nearest is {nearest:.2f} alike"
    verb, threshold, score = ("raise", models.to_raise, raises) if attacks else ("close", models.to_close, closes)
    if threshold.value is None:
        return (
            f"the history is too small or too mixed to {verb} at an error of {threshold.allowed:.1%}; it supports "
            f"{threshold.bound:.1%}"
        )
    return (
        f"too far: the nearest is {nearest:.2f} alike, and the score {score:.2f} where {threshold.value:.2f} is needed"
    )
