"""Who says what comes next: simple predictors of an entity's next code, each a distribution over all codes.

None is right everywhere: a machine repeats itself in bursts, a person follows habits, and a new entity is best
compared with all others. They are mixed by `loglm.context.encoder.ContextEncoder`, or without one by fixed weights.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from loglm.context.environment import Environment

__all__ = ["EXPERTS", "expectations", "expectations_of"]

EXPERTS: Final = ("sequence", "frequency", "recent", "habit", "latest", "uniform")
"""sequence: what followed the last three codes in the baseline; frequency: how often each code came there; recent: the
entity's last 256 events, none older than seven days; habit: what followed its last two codes among these; latest: the
last 16 of them; uniform: any code."""
_LATEST: Final = 16


def expectations(environment: Environment, held: np.ndarray) -> np.ndarray:
    """What each of `EXPERTS` expects next.

    Args:
        environment: What was learned from the baseline.
        held: Codes of the entity's recent events, int (n,), oldest first.

    Returns:
        float64 (experts, codes), rows sum to 1.
    """
    codes = environment.codes
    frequency = environment.frequency
    sequence = environment.ngrams.probabilities(held[-3:].tolist(), frequency)
    recent = _escaped(held, frequency)
    latest = _escaped(held[-_LATEST:], recent)
    habit = recent
    if len(held) > 1:
        follows = np.flatnonzero(held[:-1] == held[-1]) + 1
        habit = _escaped(held[follows], habit)
        if len(held) > 2:
            both = follows[(follows > 1) & (held[follows - 2] == held[-2])]
            habit = _escaped(held[both], habit)
    return np.stack([sequence, frequency, recent, habit, latest, np.full(codes, 1 / codes)])


def expectations_of(environment: Environment, held: np.ndarray, code: int) -> np.ndarray:
    """The column of a code of `expectations`, float64 (experts,): the same numbers in a third of the time."""
    frequency = float(environment.frequency[code])
    sequence = environment.ngrams.probability(held[-3:].tolist(), code, frequency)
    recent = _escaped_of(held, code, frequency)
    latest = _escaped_of(held[-_LATEST:], code, recent)
    habit = recent
    if len(held) > 1:
        follows = np.flatnonzero(held[:-1] == held[-1]) + 1
        habit = _escaped_of(held[follows], code, habit)
        if len(held) > 2:
            both = follows[(follows > 1) & (held[follows - 2] == held[-2])]
            habit = _escaped_of(held[both], code, habit)
    return np.asarray([sequence, frequency, recent, habit, latest, 1 / environment.codes])


def _escaped(seen: np.ndarray, base: np.ndarray) -> np.ndarray:
    """Shares of the codes seen, with escape to ``base`` (method C of Witten and Bell 1991)."""
    if not len(seen):
        return base
    counts = np.bincount(seen, minlength=len(base))
    distinct = np.count_nonzero(counts)
    shares: np.ndarray = (counts + distinct * base) / (len(seen) + distinct)
    return shares


def _escaped_of(seen: np.ndarray, code: int, base: float) -> float:
    """`_escaped` of one code."""
    if not len(seen):
        return base
    counts = np.bincount(seen)
    distinct = int(np.count_nonzero(counts))
    own = int(counts[code]) if code < len(counts) else 0
    return (own + distinct * base) / (len(seen) + distinct)
