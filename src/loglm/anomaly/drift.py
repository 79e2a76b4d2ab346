"""Whether what came after the baseline is still the same environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from loglm.anomaly.activity import Activity, Blocks
from loglm.anomaly.surprise_level import SurpriseLevel

__all__ = ["Drift", "DriftReason", "Vanished", "compare"]

DriftReason = Literal["surprise", "unknown kinds", "vanished", "rate"]

_LEAST_RISE = 0.5
_ERRORS = 3.0
_SMALL = 200
_FEWEST = 50
"""Events on both sides, of fewer nothing is said of kinds and rates."""
_CHANCE = 0.001
"""Of what did not change, the share in which a test of kinds or rates may say that it did, as far as its blocks are
independent."""
_LEAST_STRANGE = 0.25
"""By how much the share of events of unknown kinds must have risen."""
_LEAST_RATIO = 4.0
"""Times as many events, or as few."""
_EDGE = 0.1
"""And the usual rate now must lie beyond that of so many of the baseline's blocks."""
_LEAST_S = 600.0
"""Seconds of recording of a baseline, of fewer nothing is said of rates and of what vanished."""
_LEAST_GONE = 0.05
"""Share of the baseline's events that what vanished must have been."""
_TEXT_CHARS = 200
_BLOCKS = 8
"""Blocks that the shorter side is cut into at least, where it can be."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """A kind of event, or a whole log source, of the baseline that comes no more."""

    is_source: bool
    log_source: str
    """Its name, or that of the kind's. Untrusted."""
    text: str
    """The beginning of the kind's most frequent masked text, empty of a log source. Untrusted."""
    events: int
    """In the baseline."""
    longest_silence_s: float
    """There, in seconds of recording."""
    silence_s: float
    """Since it came last in what was scored, or since that began."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How the scored events differ from the baseline."""

    reasons: tuple[DriftReason, ...]
    """What changed beyond chance, and by enough to make the baseline a poor measure."""
    baseline_bits: float
    """Mean surprisal of an event in the last fifth of the baseline, in bits."""
    bits: float
    baseline_new: float
    """Share of events with a text that was not learned, in 0..1, there as well."""
    new: float
    baseline_unknown_codes: float
    """Share of events of kinds that the other fifths of the baseline do not have, in 0..1."""
    unknown_codes: float
    """Share of scored events of kinds that the baseline does not have at all."""
    baseline_rate: float | None
    """Events per hour, the median over the times in which there are any; None where it cannot be told."""
    rate: float | None
    vanished: tuple[Vanished, ...]
    """Log sources, then kinds, also of these; those of most events first."""
    vanished_share: float
    """Share of the baseline's events that these were."""

    @property
    def is_drift(self) -> bool:
        """Whether anything changed so much that the baseline is no measure any more."""
        return bool(self.reasons)


def compare(
    before: SurpriseLevel,
    after: SurpriseLevel,
    *,
    usual: Activity,
    now: Activity,
    typical: Mapping[int, str],
) -> Drift:
    """Compare what was scored with the baseline.

    Args:
        before: Of the last fifth of the baseline.
        after: Of what was scored.
        usual: Of the whole baseline; without events nothing is said of kinds and rates.
        now: Of what was scored.
        typical: Code -> a masked text of that kind.
    """
    is_enough = min(usual.events, now.events) >= _FEWEST
    is_long = usual.events >= _FEWEST and usual.seconds >= _LEAST_S
    rates = _rates(usual.rate, now.rate) if is_enough and is_long else (None, None, False)
    vanished, gone = _vanished(usual, now, typical) if is_long else ([], 0.0)
    tests: dict[DriftReason, bool] = {
        "surprise": _is_surprising(before, after),
        "unknown kinds": is_enough and _is_strange(usual, now),
        "vanished": gone >= _LEAST_GONE,
        "rate": rates[2],
    }
    return Drift(
        reasons=tuple(name for name, is_so in tests.items() if is_so),
        baseline_bits=before.bits,
        bits=after.bits,
        baseline_new=before.new_share,
        new=after.new_share,
        baseline_unknown_codes=_unknown(usual),
        unknown_codes=_unknown(now) if usual.events else 0.0,
        baseline_rate=rates[0],
        rate=rates[1],
        vanished=tuple(vanished),
        vanished_share=gone,
    )


def _is_surprising(before: SurpriseLevel, after: SurpriseLevel) -> bool:
    """The mean surprisal rose by half a bit or more, and by more than three standard errors."""
    rise = after.bits - before.bits
    is_beyond_chance = rise > _ERRORS * math.hypot(before.error, after.error)
    return rise >= _LEAST_RISE and is_beyond_chance and min(before.events, after.events) >= _SMALL


def _unknown(activity: Activity) -> float:
    return activity.unknown / max(1, activity.events)


def _is_strange(usual: Activity, now: Activity) -> bool:
    """A quarter more of the events are of unknown kinds, and by more blocks of events than chance has it."""
    if _unknown(now) - _unknown(usual) < _LEAST_STRANGE:
        return False
    width = _common_width(usual.strange, now.strange)
    shares = [marked / events for events, marked in (blocks.at(width) for blocks in (usual.strange, now.strange))]
    return _chance(*shares) < _CHANCE


def _rates(usual: Blocks, now: Blocks) -> tuple[float | None, float | None, bool]:
    """Events per hour before and now, by blocks that have any, and whether they differ beyond chance."""
    width = _common_width(usual, now)
    before, after = (counts[counts > 0] for counts, _ in (blocks.at(width) for blocks in (usual, now)))
    if not len(before) or not len(after):
        return None, None, False
    usually, lately = float(np.median(before)), float(np.median(after))
    low, high = np.quantile(before, [_EDGE, 1 - _EDGE])
    is_far = lately >= max(high, _LEAST_RATIO * usually) or lately <= min(low, usually / _LEAST_RATIO)
    hours = width / 3_600
    return usually / hours, lately / hours, bool(is_far) and _chance(before, after) < _CHANCE


def _vanished(usual: Activity, now: Activity, typical: Mapping[int, str]) -> tuple[list[Vanished], float]:
    """What comes no more, and the share of the baseline's events that it was."""
    tested = len(usual.kinds) + len(usual.sources)
    names = {series.source: typical[code].split(" ", 1)[0] for code, series in usual.kinds.items() if code in typical}
    found, sources, events = [], set[int](), 0
    for is_source, before, after in ((True, usual.sources, now.sources), (False, usual.kinds, now.kinds)):
        for key, series in sorted(before.items(), key=lambda item: (-item[1].events, item[0])):
            longest = max(series.longest, usual.seconds - series.last)
            silence = now.seconds - (after[key].last if key in after else 0.0)
            if _chance_of_silence(usual.seconds, longest, silence) * tested >= _CHANCE:
                continue
            events += 0 if series.source in sources else series.events
            sources |= {key} if is_source else set()
            text = "" if is_source else typical.get(key, "")[:_TEXT_CHARS]
            found.append(Vanished(is_source, names.get(series.source, ""), text, series.events, longest, silence))
    return found, events / max(1, usual.events)


def _chance_of_silence(seconds: float, longest: float, silence: float) -> float:
    """How likely a silence is of what never was silent for more than ``longest`` of so many seconds.

    Cut into stretches as long as its longest silence, the baseline has T of them, all with an event, and the silence S,
    all without. If they were in any order, that all S come last has a chance of 1 in (T + S over S).
    """
    if longest <= 0 or silence <= longest:
        return 1.0
    full, empty = seconds / longest, silence / longest
    return math.exp(math.lgamma(full + 1) + math.lgamma(empty + 1) - math.lgamma(full + empty + 1))


def _common_width(one: Blocks, other: Blocks) -> float:
    """The widest blocks of which the shorter side has eight or more; where it has fewer, the narrowest both have."""
    width = max(one.width, other.width)
    shorter = min(len(blocks.events) * blocks.width for blocks in (one, other))
    while shorter / (2 * width) >= _BLOCKS:
        width *= 2
    return width


def _chance(before: np.ndarray, after: np.ndarray) -> float:
    """Of the Mann-Whitney test, both sides; 1 where a side is empty."""
    from scipy.stats import mannwhitneyu

    if not len(before) or not len(after):
        return 1.0
    return float(mannwhitneyu(before, after).pvalue)
