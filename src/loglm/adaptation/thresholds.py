"""Alert thresholds per log channel at which an environment's own logs raise no more findings than wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["AlertBudget", "ScoredWindows", "budget_thresholds", "count_findings", "poisson_interval"]

MOST_BENIGN_SHARE = 0.01
"""Share of a channel's benign windows that may alert, however large the budget: findings merge, so that a channel that
alerts all day on one host would still be few findings."""
LEAST_THRESHOLD = 0.5
"""No threshold is set below: what is likelier harmless than not is no finding."""
FAMILIAR_WINDOWS = 20
"""Channels of fewer windows keep the threshold that they had."""
_MERGE_GAP_S = 3_600.0


@dataclass(frozen=True, slots=True)
class AlertBudget:
    """How many findings are wanted; exactly one of the two is set."""

    per_day: float | None = None
    per_thousand_entities: float | None = None
    """A day, for each thousand entities."""

    def a_day(self, entities: int) -> float:
        """Findings a day for so many entities."""
        if self.per_day is not None:
            return self.per_day
        return (self.per_thousand_entities or 0.0) * entities / 1_000

    def __str__(self) -> str:
        if self.per_day is not None:
            return f"{self.per_day:g} a day"
        return f"{self.per_thousand_entities:g} per 1,000 entities and day"


@dataclass(frozen=True, slots=True)
class ScoredWindows:
    """What a model says of an environment's windows."""

    attack: np.ndarray
    """float64 (w,): p(attack), with rule hits where there were rules."""
    technique: np.ndarray
    """int (w,): column of the likeliest technique, -1 where none would be named."""
    channel: np.ndarray
    """(w,) of str."""
    entity: np.ndarray
    """(w,) of str."""
    start: np.ndarray
    """float64 (w,): POSIX seconds, NaN where unknown."""

    def __len__(self) -> int:
        return len(self.attack)

    def taken(self, index: np.ndarray) -> ScoredWindows:
        """Some of the windows."""
        return ScoredWindows(*(getattr(self, name)[index] for name in self.__slots__))

    def alerts(self, thresholds: dict[str, float], otherwise: float) -> np.ndarray:
        """bool (w,): at or above the threshold of the channel."""
        return self.attack >= np.asarray([thresholds.get(name, otherwise) for name in self.channel])


def budget_thresholds(windows: ScoredWindows, findings: float) -> dict[str, float]:
    """Thresholds of the channels of benign windows, at which these give at most so many findings.

    The same share of each channel's windows may alert, and that share is as large as the budget allows. Where it
    allows none, a channel alerts above all of its windows.

    Args:
        windows: Benign; those that the head was tuned on are no use here.
        findings: Allowed in the time that these windows span; may be below 1.

    Returns:
        ``product/service`` -> threshold, of channels of 20 windows or more.
    """
    names, number = np.unique(windows.channel, return_counts=True)
    scores = {
        str(name): np.sort(windows.attack[windows.channel == name])[::-1] for name in names[number >= FAMILIAR_WINDOWS]
    }
    known = windows.taken(np.flatnonzero(np.isin(windows.channel, list(scores))))
    share = 0.0
    for candidate in np.geomspace(1e-5, MOST_BENIGN_SHARE, 61):
        if count_findings(known, known.alerts(_at_share(scores, candidate), math.inf)) > findings:
            break
        share = float(candidate)
    return _at_share(scores, share)


def count_findings(windows: ScoredWindows, alerts: np.ndarray) -> int:
    """Findings that these windows become: those of one entity and technique at most an hour apart are one."""
    index = np.flatnonzero(alerts)
    order = index[np.argsort(np.nan_to_num(windows.start[index], nan=-np.inf), kind="stable")]
    last: dict[tuple[str, int], float] = {}
    count = 0
    for i in order:
        key = (str(windows.entity[i]), int(windows.technique[i]))
        time = float(windows.start[i])
        before = last.get(key)
        count += before is None or time - before > _MERGE_GAP_S
        last[key] = time
    return count


def poisson_interval(count: int) -> tuple[float, float]:
    """95 % interval of the mean of a Poisson number that was ``count`` once (Garwood 1936)."""
    from scipy.stats import chi2

    low = float(chi2.ppf(0.025, 2 * count) / 2) if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2) / 2)


def _at_share(scores: dict[str, np.ndarray], share: float) -> dict[str, float]:
    return {name: _threshold(values, share) for name, values in scores.items()}


def _threshold(descending: Sequence[float] | np.ndarray, share: float) -> float:
    allowed = int(share * len(descending))
    return max(LEAST_THRESHOLD, min(1.0, float(np.nextafter(descending[allowed], 2.0))))
