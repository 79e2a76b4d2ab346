"""From how many bits on an event is reported: so that a normal day keeps within a budget of alerts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.context.scorer import Entity, Scored

__all__ = ["LEAST_BITS", "Alerts", "Threshold", "alert_budget", "share_below", "threshold_for"]

LEAST_BITS = 8.0
"""No threshold lies lower, however regular the baseline is: what has a chance of 1 in 256 is not unusual."""
_DAY_S = 86_400.0
_HOUR_S = 3_600.0
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


def alert_budget(per_thousand_and_day: float, entities: float, seconds: float) -> float:
    """Alerts that a budget allows in so many seconds, where so many entities are active on a day."""
    return per_thousand_and_day / 1_000 * entities * max(seconds, _SHORTEST_S) / _DAY_S


def share_below(held_out: Sequence[float], bits: float) -> float:
    """Share of what was held out that is less unusual than ``bits``, in 0..1; never quite 1.

    ``held_out``: most unusual first.
    """
    as_unusual = bisect_right(held_out, -bits, key=lambda one: -one)
    return (len(held_out) - as_unusual) / (len(held_out) + 1)


def threshold_for(alerts: Sequence[float], allowed: float) -> Threshold:
    """The lowest threshold that at most ``allowed`` of the held-out alerts reach.

    Args:
        alerts: Bits of what could have been an alert in the held-out part, repeats left out.
        allowed: How many may be. Below one the threshold lies above all of them, and one is to be expected in another
            stretch of this length: what is rarer a baseline does not show.
    """
    ordered = np.sort(np.asarray(alerts, np.float64))[::-1]
    place = int(allowed)
    bits = float(np.nextafter(ordered[place], np.inf)) if place < len(ordered) else 0.0
    reached = float(np.count_nonzero(ordered >= max(bits, LEAST_BITS)))
    is_above_all = bits > LEAST_BITS and not place
    return Threshold(max(bits, LEAST_BITS), allowed, 1.0 if is_above_all else reached)


class Alerts:
    """The most unusual event of each text, entity and hour: what could be an alert, repeats left out."""

    def __init__(self) -> None:
        self._best: dict[tuple[Entity, int, int], float] = {}

    def add(self, scored: Scored) -> None:
        """Take an event."""
        time = scored.step.time
        key = scored.entity, scored.step.key, 0 if time is None else int(time // _HOUR_S)
        self._best[key] = max(scored.surprise.bits, self._best.get(key, 0.0))

    def bits(self) -> list[float]:
        """Most unusual first."""
        return sorted(self._best.values(), reverse=True)
