"""Two nearest-neighbour models over a labelled history: one raises, one closes, and what neither is sure of stays open.

Source: incident triage of SecEncoder (arXiv:2411.07528), which tunes one model for true positives and one for benign
and false positives; ours says what share of wrong decisions its thresholds keep to, decides nothing where the
history is too small to say so, and closes only what is called as a harmless incident was.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from loglm.triage.calibration import DecisionThreshold, choose_threshold
from loglm.triage.neighbours import Neighbours, find_neighbours, votes

__all__ = ["Decision", "Judged", "TriageModels", "judge", "learn_models"]

_JUDGED_SHARE = 0.5
_BLOCKS = 8
_MOST_JUDGED = 4_000


class Decision(StrEnum):
    """What is to be done with an incident."""

    RAISE = "raise"
    CLOSE = "close"
    OPEN = "cannot_say"


@dataclass(frozen=True, slots=True)
class TriageModels:
    """What was learned from a history of m incidents."""

    vectors: np.ndarray
    """float32 (m, D), rows of unit length, oldest first."""
    is_attack: np.ndarray
    """bool (m,): true positives; the others are false or benign positives."""
    harmless: frozenset[Hashable]
    """What false and benign positives were called."""
    to_raise: DecisionThreshold
    to_close: DecisionThreshold


@dataclass(frozen=True, slots=True)
class Judged:
    """Of n incidents."""

    near: Neighbours
    raise_score: np.ndarray
    """float (n,) in 0..1: how strongly the neighbours speak for an attack."""
    close_score: np.ndarray
    """float (n,) in 0..1: how strongly they speak against; 0 where no harmless incident was called so."""
    is_known: np.ndarray
    """bool (n,): whether a harmless incident was called so."""
    decisions: Sequence[Decision]


def learn_models(
    vectors: np.ndarray,
    is_attack: np.ndarray,
    heads: Sequence[Hashable],
    contents: Sequence[Hashable],
    *,
    raise_error: float,
    close_error: float,
) -> TriageModels:
    """Choose both thresholds on the newer half of a history, in eight steps, each judged by all that came before it.

    So no incident is judged by others of its own burst, whose verdicts would not have been there yet. Equal incidents
    of one step are one trial: a rule that fires a thousand times in a night is one thing learned, not a thousand.

    Args:
        vectors: float32 (m, D), rows of unit length, oldest first.
        is_attack: bool (m,).
        heads: Equal for incidents that are called the same.
        contents: Equal for incidents that read the same.
        raise_error: Share of what is raised that may be no true positive.
        close_error: Share of what is closed that may be a true positive.
    """
    number = len(vectors)
    first = max(int(number * (1 - _JUDGED_SHARE)), number - _MOST_JUDGED)
    edges = np.unique(np.linspace(first, number, _BLOCKS + 1).astype(int))
    before = np.repeat(edges[:-1], np.diff(edges))
    near = find_neighbours(vectors[first:], vectors, before=before)
    truth, trials = is_attack[first:], list(zip(contents[first:], before.tolist(), strict=True))
    since = _harmless_since(heads, is_attack)
    is_known = np.asarray([since.get(head, number) for head in heads[first:]], np.int64) < before
    return TriageModels(
        vectors,
        is_attack,
        frozenset(since),
        choose_threshold(votes(near, is_attack), truth, trials, error=raise_error),
        choose_threshold(votes(near, ~is_attack) * is_known, ~truth, trials, error=close_error),
    )


def judge(models: TriageModels, vectors: np.ndarray, heads: Sequence[Hashable]) -> Judged:
    """Decide on incidents; what both models would take stays open, and what is called as nothing harmless was.

    Args:
        models: As learned.
        vectors: float32 (n, D), rows of unit length.
        heads: What each is called.
    """
    near = find_neighbours(vectors, models.vectors)
    is_known = np.asarray([head in models.harmless for head in heads], bool)
    raises, closes = votes(near, models.is_attack), votes(near, ~models.is_attack) * is_known
    is_raised, is_closed = _reaches(raises, models.to_raise), _reaches(closes, models.to_close)
    decisions = [
        Decision.OPEN if up == down else Decision.RAISE if up else Decision.CLOSE
        for up, down in zip(is_raised.tolist(), is_closed.tolist(), strict=True)
    ]
    return Judged(near, raises, closes, is_known, decisions)


def _harmless_since(heads: Sequence[Hashable], is_attack: np.ndarray) -> dict[Hashable, int]:
    """What harmless incidents are called, with the place of the first of each."""
    places: dict[Hashable, int] = {}
    for place, (head, bad) in enumerate(zip(heads, is_attack.tolist(), strict=True)):
        if not bad:
            places.setdefault(head, place)
    return places


def _reaches(scores: np.ndarray, threshold: DecisionThreshold) -> np.ndarray:
    found: np.ndarray = np.zeros(len(scores), bool) if threshold.value is None else scores >= threshold.value
    return found
