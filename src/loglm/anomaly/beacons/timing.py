"""How regular a series is: measures of its intervals that bear jitter, missing beats and bursts."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["TIMING", "densest", "median_spread", "timing_features"]

TIMING: Final = (
    "log_count",
    "doubles",
    "log_interval",
    "interval_spread",
    "interval_skew",
    "within_5_percent",
    "within_a_third",
    "within_double",
    "at_multiples",
    "short_share",
    "long_share",
    "interval_entropy",
    "interval_order",
    "log_clumping",
    "coverage",
    "phase",
)
"""Names of `timing_features`, in order."""

_BINS: Final = 24
_MOST: Final = 2_048
"""Intervals that are looked at, the latest."""
_SMALLEST_S: Final = 0.05
_ONE_BEAT_S: Final = 1.0
_FEWEST: Final = 4
_PHASED: Final = 65


def timing_features(times: np.ndarray) -> np.ndarray:
    """What the times of a series say of its regularity.

    Connections within a second of the one before count as one beat (a call often takes two), unless most are that
    close. The *beat* is the middle of the densest stretch of intervals whose ends are in the ratio 1 : 2; it stays
    where a third of the beats is missing or half of the intervals are of a session's bursts, and jitter of up to half
    of the sleep lies within it.

    Args:
        times: float64 (n,), seconds, ascending, n >= 2.

    Returns:
        float64 of the shape of `TIMING`: counts and seconds as natural logarithms; the share of connections that are
        second ones of a beat; spreads as shares of the median
        (median absolute deviation); shares of intervals in 0..1 within a stretch of ratio 1.05, 1.33 and 2, near a
        multiple of the beat, below a quarter of it and above 2.5 of it; entropy in 0..1 over octave thirds; rank
        correlation of neighbours in -1..1; clumping, the log variance-to-mean ratio of counts in 24 equal stretches
        of time, and the share of these that has any; phase in 0..1, 1 where all times fall on a grid of the beat.
    """
    count = len(times)
    times = _beats(times)
    intervals = np.maximum(np.diff(times[-_MOST - 1 :]), _SMALLEST_S)
    logs = np.sort(np.log(intervals))
    beat_log, wide = densest(logs, np.log(2.0))
    beat = float(np.exp(beat_log))
    ratio = intervals / beat
    return np.array(
        [
            np.log(count),
            1 - len(times) / count,
            beat_log,
            median_spread(intervals),
            _skew(intervals),
            densest(logs, np.log(1.05))[1],
            densest(logs, np.log(4 / 3))[1],
            wide,
            float(np.mean((np.abs(ratio - np.round(ratio)) < 0.1) & (ratio > 0.5))),
            float(np.mean(ratio < 0.25)),
            float(np.mean(ratio > 2.5)),
            _entropy(logs),
            _order(intervals),
            *_filling(times),
            _phase(times, beat),
        ]
    )


def _beats(times: np.ndarray) -> np.ndarray:
    beats = times[np.concatenate(([True], np.diff(times) >= _ONE_BEAT_S))]
    return beats if len(beats) >= max(_FEWEST, len(times) / 8) else times


def densest(logs: np.ndarray, width: float) -> tuple[float, float]:
    """Middle of the stretch of this width that holds most of some sorted numbers, and the share that it holds."""
    reach = np.searchsorted(logs, logs + width + 1e-9, side="right") - np.arange(len(logs))
    first = int(reach.argmax())
    inside = logs[first : first + int(reach[first])]
    return _middle(inside), len(inside) / len(logs)


def median_spread(values: np.ndarray) -> float:
    """Median absolute deviation as a share of the median, at most 2; NaN without values."""
    if not len(values):
        return float("nan")
    middle = _middle(np.sort(values))
    spread = _middle(np.sort(np.abs(values - middle)))
    return min(spread / middle, 2.0) if middle > 0 else (0.0 if spread == 0 else 2.0)


def _middle(ordered: np.ndarray) -> float:
    """The median of sorted values."""
    half = len(ordered) // 2
    return float(ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2)


def _skew(intervals: np.ndarray) -> float:
    """Bowley's skewness, -1..1."""
    low, middle, high = np.quantile(intervals, (0.25, 0.5, 0.75))
    return float((low + high - 2 * middle) / (high - low)) if high > low else 0.0


def _entropy(logs: np.ndarray) -> float:
    """Of the histogram of intervals over thirds of an octave, as a share of what as many intervals could have."""
    if len(logs) < 2:
        return 0.0
    counts = np.unique(np.floor(logs * (3 / np.log(2.0))), return_counts=True)[1]
    shares = counts / len(logs)
    return float(-(shares * np.log(shares)).sum() / np.log(len(logs)))


def _order(intervals: np.ndarray) -> float:
    """Rank correlation of each interval with the next: sessions of people come in clumps, sleeps do not."""
    if len(intervals) < 4:
        return 0.0
    ranks = np.argsort(np.argsort(intervals, kind="stable"), kind="stable").astype(np.float64)
    first, second = ranks[:-1] - ranks[:-1].mean(), ranks[1:] - ranks[1:].mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum() / scale) if scale > 0 else 0.0


def _filling(times: np.ndarray) -> tuple[float, float]:
    """Clumping of the counts in 24 equal stretches, as a logarithm, and the share of stretches that has any."""
    span = float(times[-1] - times[0])
    if span <= 0:
        return float(np.log(len(times))), 1 / _BINS
    place = np.minimum(((times - times[0]) / span * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(place, minlength=_BINS)
    return float(np.log(counts.var() / counts.mean() + 0.01)), float(np.mean(counts > 0))


def _phase(times: np.ndarray, beat: float) -> float:
    """Length of the mean of the last 65 times as directions on a clock of one beat (Rayleigh); best of nearby beats.

    A schedule (cron, NTP) keeps its phase for ever; a sleep between calls loses it.
    """
    times = times[-_PHASED:]
    near = beat * np.linspace(0.92, 1.08, 41)
    angles = (times - times[0])[None, :] * (2 * np.pi / near)[:, None]
    return float(np.hypot(np.cos(angles).mean(axis=1), np.sin(angles).mean(axis=1)).max())
