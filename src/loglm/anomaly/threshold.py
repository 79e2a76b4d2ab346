"""From how many bits on an event is reported: so that a normal day keeps within a budget of alerts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Threshold", "alert_budget", "share_below", "threshold_for"]

_TAIL = 0.1
_FEWEST_TAIL = 10
_FARTHEST = 0.5
_LEAST_SCALE = 0.5
_DAY_S = 86_400.0
_SHORTEST_S = 60.0


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it rests on."""

    bits: float
    allowed: float
    """Alerts that the budget allows in the held-out part of the baseline."""
    expected: float
    """Alerts that this threshold would bring there: more than allowed where the baseline is too short to set it by."""

    @property
    def keeps_budget(self) -> bool:
        """Whether the baseline is long enough to keep the budget."""
        return self.expected <= max(self.allowed, 1e-9) * (1 + 1e-6)


def alert_budget(per_thousand_and_day: float, entities: int, seconds: float) -> float:
    """Alerts that a budget allows to so many entities in so many seconds."""
    return per_thousand_and_day / 1_000 * entities * max(seconds, _SHORTEST_S) / _DAY_S


def share_below(held_out: Sequence[float], bits: float) -> float:
    """Share of what was held out that is less unusual than ``bits``, in 0..1; never quite 1."""
    return sum(one < bits for one in held_out) / (len(held_out) + 1)


def threshold_for(alerts: Sequence[float], allowed: float) -> Threshold:
    """The lowest threshold that at most ``allowed`` of the held-out alerts reach.

    Args:
        alerts: Bits of what could have been an alert in the held-out part, repeats left out.
        allowed: How many may be. Below one the tail is taken to fall exponentially, as surprisals do, and the
        threshold lies
            where so many are expected (peaks over threshold; Siffer et al. 2017, Anomaly Detection in Streams with
            Extreme Value Theory, here with a shape of 0), but no farther than where half of one is: beyond that a
            short baseline says nothing.
    """
    ordered = np.sort(np.asarray(alerts, np.float64))[::-1]
    if not len(ordered):
        return Threshold(0.0, allowed, 0.0)
    if int(allowed) >= len(ordered):
        return Threshold(0.0, allowed, float(len(ordered)))
    if allowed >= 1:
        return Threshold(float(np.nextafter(ordered[int(allowed)], np.inf)), allowed, float(int(allowed)))
    tail = max(min(_FEWEST_TAIL, len(ordered)), int(_TAIL * len(ordered)))
    start = float(ordered[tail - 1])
    scale = max(float((ordered[:tail] - start).mean()), _LEAST_SCALE)
    expected = max(allowed, _FARTHEST)
    bits = max(start + scale * math.log(tail / expected), float(np.nextafter(ordered[0], np.inf)))
    return Threshold(bits, allowed, expected)
