"""Scores of attack recordings and clean windows: rankings, precision-recall, calibration, thresholds, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.errors import EmptyInputError

__all__ = [
    "ChannelThresholds",
    "Interval",
    "alert_threshold",
    "average_precision",
    "bootstrap_interval",
    "calibration_error",
    "channel_thresholds",
    "recording_ranking",
    "seed_interval",
]

_REPLICATES = 1000
_PER_CHANNEL = 500
_MIN_CLEAN = 200
_MIN_BACKGROUND = 100
_FAMILIAR_CLEAN = 20


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % interval; low and high are NaN where there is none."""

    mean: float
    low: float = float("nan")
    high: float = float("nan")


@dataclass(frozen=True, slots=True)
class ChannelThresholds:
    """From which score on a window alerts, by log channel."""

    everywhere: float
    """For channels with some clean windows, too few to set one by."""
    unfamiliar: float
    """For channels with next to none: above the score of every clean window."""
    by_channel: dict[str, float]
    """``product/service`` -> threshold, never below `everywhere`, of channels that are not unfamiliar."""

    def of(self, channel: str) -> float:
        """The threshold of a ``product/service``."""
        return self.by_channel.get(channel, self.unfamiliar)


def recording_ranking(attack: np.ndarray, technique: np.ndarray, *, top: int = 8) -> np.ndarray:
    """What a recording's windows say together about its technique.

    Args:
        attack: float (w,): p(attack) of the recording's windows.
        technique: float (w, C): p(technique | attack).
        top: Only this many windows count, those of highest p(attack).

    Returns:
        float (C,): mean over those windows of p(attack) p(technique | attack), normalised to sum 1; zeros where no
        window names a technique. Higher is likelier.
    """
    best = np.argsort(-attack, kind="stable")[:top]
    mean = (attack[best, None] * technique[best]).mean(axis=0)
    total = mean.sum()
    result: np.ndarray = mean / total if total > 0 else np.zeros_like(mean)
    return result


def alert_threshold(clean: np.ndarray, share: float) -> float:
    """The lowest threshold at which at most this share of clean scores alerts (``score >= threshold``).

    >>> alert_threshold(np.array([0.1, 0.2, 0.3, 0.4]), 0.25) <= 0.4
    True
    """
    allowed = int(share * len(clean))
    ordered = np.sort(clean)[::-1]
    if allowed >= len(ordered):
        return 0.0
    return float(np.nextafter(ordered[allowed], np.inf))


def channel_thresholds(
    score: np.ndarray,
    channel: Sequence[str] | np.ndarray,
    clean: np.ndarray,
    background: np.ndarray,
    *,
    share: float,
    background_share: float = 0.1,
) -> ChannelThresholds:
    """Thresholds at which few clean windows alert, and not most of the background in any channel.

    A channel's own clean windows count where there are 200, and can only raise its threshold. Background of attack
    recordings stands in where clean machines do not have a channel; some of it may be attack, so more of it may alert.
    The few clean windows of such a channel do not count for the threshold of all: one odd machine would set it.

    A channel with hardly any clean or background window is unfamiliar: all that was learned of it came from attacks,
    if anything, so that whatever it says looks like one. It alerts only above every clean window of other channels.

    Args:
        score: float (w,): p(attack), by a model that did not learn from the window. Higher is likelier an attack.
        channel: (w,): ``product/service`` of each window.
        clean: bool (w,): windows of clean machines.
        background: bool (w,): see `loglm.evaluation.attack_background`; counts for channels with 100 such windows.
        share: Share of clean windows that may alert, of each channel that has its own threshold, and of all; of all,
            at most 500 of a channel count, evenly over their order, so that no channel swamps the rest.
        background_share: Share of a channel's background windows that may alert.

    Raises:
        EmptyInputError: No window is clean.
    """
    if not clean.any():
        raise EmptyInputError("no clean windows to set an alert threshold by; expected windows of a clean machine")
    numbers: dict[str, int] = {}
    of = np.asarray([numbers.setdefault(str(name), len(numbers)) for name in channel])
    by_background = _set_by_background(of, clean, background)
    pooled = [_spread(score[clean & (of == number)]) for number in numbers.values() if number not in by_background]
    together = np.concatenate([np.zeros(0, score.dtype), *pooled])
    everywhere = alert_threshold(together, share)
    by_channel = {}
    for name, number in numbers.items():
        here = of == number
        rules = (
            (score[here & clean], share, _MIN_CLEAN),
            (score[here & background], background_share, _MIN_BACKGROUND),
        )
        own = [alert_threshold(values, part) for values, part, least in rules if len(values) >= least]
        if own or (here & clean).sum() >= _FAMILIAR_CLEAN:
            by_channel[name] = max([everywhere, *own])
    return ChannelThresholds(everywhere, alert_threshold(together, 0.0), by_channel)


def _set_by_background(channel: np.ndarray, clean: np.ndarray, background: np.ndarray) -> set[int]:
    """Channels with enough background, and too few clean windows, to set a threshold by.

    None where no clean window is outside them: the threshold of all has to rest on some.
    """
    enough = np.bincount(channel[background], minlength=channel.max(initial=0) + 1) >= _MIN_BACKGROUND
    few = np.bincount(channel[clean], minlength=channel.max(initial=0) + 1) < _MIN_CLEAN
    apart = enough & few
    return set() if apart[channel[clean]].all() else set(np.flatnonzero(apart).tolist())


def _spread(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(values)
    picked: np.ndarray = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), _PER_CHANNEL)).astype(int)]
    return picked


def average_precision(positive: np.ndarray, negative: np.ndarray) -> float:
    """Area under precision over recall of ``positive`` against ``negative`` scores; ties count as one step."""
    if not len(positive) or not len(negative):
        return float("nan")
    scores = np.concatenate([positive, negative])
    truth = np.concatenate([np.ones(len(positive)), np.zeros(len(negative))])
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)
    found = np.cumsum(truth[order])[last]
    precision = found / (np.flatnonzero(last) + 1)
    return float((np.diff(np.append(0.0, found)) * precision).sum() / len(positive))


def calibration_error(score: np.ndarray, truth: np.ndarray, weight: np.ndarray, *, bins: int = 15) -> float:
    """Expected calibration error: weighted mean over equal bins of |mean score - share that is true|, 0..1.

    Source: Naeini et al. 2015 (AAAI), "Obtaining well calibrated probabilities using Bayesian binning".
    """
    place = np.minimum((score * bins).astype(int), bins - 1)
    gap = np.bincount(place, weight * (score - truth), bins)
    return float(np.abs(gap).sum() / weight.sum())


def bootstrap_interval(values: np.ndarray, seed: int = 0) -> Interval:
    """Mean of ``values`` (seeds, recordings), with percentiles over draws of recordings and of one seed a draw.

    So the interval holds both which recordings were met and which seed was run.
    """
    if values.size == 0:
        return Interval(float("nan"))
    random = np.random.default_rng(seed)
    seeds, recordings = values.shape
    means = [
        values[random.integers(seeds), random.integers(recordings, size=recordings)].mean() for _ in range(_REPLICATES)
    ]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def seed_interval(values: Sequence[float]) -> Interval:
    """Mean over seeds, with Student's t interval; none from one seed."""
    from scipy.stats import t

    array = np.asarray(values, float)
    if len(array) < 2 or np.isnan(array).any():
        return Interval(float(array.mean()) if len(array) else float("nan"))
    half = float(t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(float(array.mean()), float(array.mean()) - half, float(array.mean()) + half)
