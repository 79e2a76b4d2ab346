"""Scores that others give to the same series: in RITA's manner, and from the period alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from loglm.anomaly.beacons.series import Environment, Series

__all__ = ["BASELINES", "autocorrelation_score", "rita_score", "rita_with_modifiers", "variation_score"]

_LEAST_HOURS: Final = 6
_IDEAL_RUN: Final = 12
_LEAST_BARS: Final = 11
_BAR_SHARE: Final = 0.05
_MOST_BINS: Final = 8_192


def rita_score(series: Series, environment: Environment) -> float:
    """A beacon score in the manner of RITA 5 (Active Countermeasures), from its published description, in 0..1.

    A quarter each: regular intervals and regular sizes sent (the mean of one minus the size of Bowley's skewness and of
    one minus the median absolute deviation as a share of the median); duration (the greater of the share of the logs'
    time that it covers and its longest run of hours over twelve; 0 where it is seen in fewer than six hours); histogram
    (the greater of one minus the coefficient of variation of the connections an hour and, with more than eleven hours,
    the share of hours in the two commonest heights).
    """
    intervals = np.diff(series.times)
    sizes = series.rows["bytes_out"].astype(np.float64)
    sizes = sizes[~np.isnan(sizes)]
    bars = _bars(series, environment)
    parts = (_regular(intervals), _regular(sizes), _duration(series, environment, bars), _histogram(bars))
    return float(np.mean(parts))


def rita_with_modifiers(series: Series, environment: Environment) -> float:
    """`rita_score`, .15 more where at most 2 % of sources call the destination or its client is that of one source, .15
    less where half or more call it, .1 more where no name is asked for; as RITA 5 moves its score."""
    share = environment.reach.get(series.label, 1) / max(environment.sources, 1)
    client = int(series.rows["client"][-1])
    rare_client = client > 0 and environment.client_reach.get(client, 0) == 1
    moved = 0.15 * (share <= 0.02) - 0.15 * (share >= 0.5) + 0.15 * rare_client + 0.1 * (series.rows["name"][0] == 0)
    return rita_score(series, environment) + float(moved)


def variation_score(series: Series, environment: Environment) -> float:  # noqa: ARG001
    """Minus the coefficient of variation of the intervals."""
    intervals = np.diff(series.times)
    mean = float(intervals.mean())
    return -float(intervals.std()) / mean if mean > 0 else -np.inf


def autocorrelation_score(series: Series, environment: Environment) -> float:  # noqa: ARG001
    """The highest autocorrelation of the connections counted in bins of a quarter of the median interval.

    By fast Fourier transform over at most 8,192 bins; lags from half a median interval to a third of the span.
    """
    times = series.times
    span = float(times[-1] - times[0])
    width = max(float(np.median(np.diff(times))) / 4, span / _MOST_BINS, 0.1)
    bins = int(span / width) + 1
    if bins < 8:
        return 0.0
    counts = np.bincount(((times - times[0]) / width).astype(np.int64), minlength=bins).astype(np.float64)
    counts -= counts.mean()
    power = np.abs(np.fft.rfft(counts, 2 * bins)) ** 2
    found = np.fft.irfft(power)[: max(bins // 3, 4)]
    return float(found[2:].max() / found[0]) if found[0] > 0 else 0.0


def _regular(values: np.ndarray) -> float:
    if len(values) < 2:
        return 0.0
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    has_skew = high - low >= 10 and middle not in (low, high)
    skew = abs((low + high - 2 * middle) / (high - low)) if has_skew else 0.0
    spread = float(np.median(np.abs(values - middle)))
    return float((1 - skew + (max(middle - spread, 0.0) / middle if middle >= 1 else 0.0)) / 2)


def _bars(series: Series, environment: Environment) -> np.ndarray:
    """Connections in each hour of the logs."""
    hours = int((environment.end - environment.start) // 3_600) + 1
    place = ((series.times - environment.start) // 3_600).astype(np.int64)
    return np.bincount(place, minlength=hours)


def _duration(series: Series, environment: Environment, bars: np.ndarray) -> float:
    active = np.flatnonzero(bars)
    if len(active) < _LEAST_HOURS:
        return 0.0
    coverage = float(series.times[-1] - series.times[0]) / max(environment.end - environment.start, 1.0)
    runs = np.split(active, np.flatnonzero(np.diff(active) > 1) + 1)
    return min(max(coverage, max(map(len, runs)) / _IDEAL_RUN), 1.0)


def _histogram(bars: np.ndarray) -> float:
    level = 1 - float(bars.std() / bars.mean())
    active = bars[bars > 0]
    if len(active) < _LEAST_BARS:
        return max(level, 0.0)
    heights = np.unique((active / max(bars.max() * _BAR_SHARE, 1)).astype(np.int64), return_counts=True)[1]
    return max(level, float(np.sort(heights)[-2:].sum() / len(active)), 0.0)


BASELINES: Final[dict[str, Callable[[Series, Environment], float]]] = {
    "in RITA's manner": rita_score,
    "in RITA's manner, with modifiers": rita_with_modifiers,
    "variation of intervals": variation_score,
    "autocorrelation": autocorrelation_score,
}
"""By name: functions of a series and its environment; higher is likelier a beacon."""
