"""Intervals of a beacon benchmark: its days and its real machines drawn again.

Hosts of a day are copies of few machines, so that hosts of one machine are no independent trials. Drawing machines
bears that (a cluster bootstrap; Field and Welsh, 2007, Bootstrapping clustered data). Thresholds stay as they are. With
fewer than about twenty machines such intervals are still too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from loglm.evaluation.attack_metrics import Interval

__all__ = ["drawn_interval", "ratio_interval"]

_DRAWS: Final = 1_000
_FEW_DRAWS: Final = 200


def ratio_interval(parts: np.ndarray, wholes: np.ndarray, *, seed: int = 0) -> Interval:
    """The sum of ``parts`` over that of ``wholes``, both float64 (days, machines); 95 % of 1,000 draws."""
    days, machines = _draws(parts.shape[0], parts.shape[1], _DRAWS, seed)
    above, below = (np.einsum("rd,dm,rm->r", days, values, machines) for values in (parts, wholes))
    total = float(wholes.sum())
    mean = float(parts.sum()) / total if total else float("nan")
    return _interval(mean, above[below > 0] / below[below > 0], parts.size)


def drawn_interval(of_day: Sequence[Callable[[np.ndarray], float]], machines: int, *, seed: int = 0) -> Interval:
    """The mean of a figure over days, with 95 % of 200 draws.

    Args:
        of_day: For each day the figure, given how often each machine was drawn: float64 (machines,); NaN for none.
        machines: How many there are.
        seed: Fixes the draws.
    """
    mean = float(np.mean([figure(np.ones(machines)) for figure in of_day]))
    days, weights = _draws(len(of_day), machines, _FEW_DRAWS, seed)
    drawn = [_mean_of_draw(of_day, *draw) for draw in zip(days, weights, strict=True)]
    return _interval(mean, np.array([one for one in drawn if one == one]), len(of_day) * machines)


def _mean_of_draw(of_day: Sequence[Callable[[np.ndarray], float]], days: np.ndarray, weights: np.ndarray) -> float:
    figures = {day: of_day[day](weights) for day in np.flatnonzero(days).tolist()}
    return sum(float(days[day]) * figure for day, figure in figures.items()) / float(days.sum())


def _draws(days: int, machines: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each day (draws, days) and each machine (draws, machines) is drawn."""
    random = np.random.default_rng(seed)
    drawn = [random.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64) for n in (days, machines)]
    return drawn[0], drawn[1]


def _interval(mean: float, drawn: np.ndarray, cells: int) -> Interval:
    if cells < 2 or not len(drawn):
        return Interval(mean)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(mean, float(low), float(high))
