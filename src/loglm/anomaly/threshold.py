"""From how many bits on an event is reported: so that a normal day keeps within a budget of alerts."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.context.scorer import Entity, Scored

__all__ = [
    "LEAST_BITS",
    "Alerts",
    "HeldOut",
    "PartHeldOut",
    "Threshold",
    "alert_budget",
    "median_threshold",
    "threshold_for",
]

LEAST_BITS = 8.0
"""No threshold lies lower, however regular the baseline is: what has a chance of 1 in 256 is not unusual."""
_DAY_S = 86_400.0
_HOUR_S = 3_600.0
_SHORTEST_S = 60.0
_EXACT = 1_000


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold and what it rests on."""

    bits: float
    allowed: float
    """Alerts that the budget allows in the baseline."""
    expected: float
    """Alerts that this threshold would bring there: more than allowed where the baseline is too short to set it by."""

    @property
    def keeps_budget(self) -> bool:
        """Whether the baseline is long enough to keep the budget."""
        return self.expected <= max(self.allowed, 1e-9) * (1 + 1e-6)


def alert_budget(per_thousand_and_day: float, entities: float, seconds: float) -> float:
    """Alerts that a budget allows in so many seconds, where so many entities are active on a day."""
    return per_thousand_and_day / 1_000 * entities * max(seconds, _SHORTEST_S) / _DAY_S


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How unusual many events are, in at most 2,000 values: the 1,000 most unusual, and 1,000 quantiles of the rest."""

    bits: tuple[float, ...]
    """Most unusual first."""
    ranks: tuple[int, ...]
    """How many events are as unusual as each of them or more, itself among them."""

    @classmethod
    def of(cls, alerts: np.ndarray) -> HeldOut:
        """``alerts``: bits, float64 (n,), most unusual first."""
        ranks = np.arange(1, len(alerts) + 1)
        if len(ranks) > 2 * _EXACT:
            ranks = np.concatenate([ranks[:_EXACT], np.linspace(_EXACT, len(alerts), _EXACT + 1)[1:].astype(np.int64)])
        return cls(tuple(alerts[ranks - 1].tolist()), tuple(ranks.tolist()))

    def expanded(self) -> np.ndarray:
        """The bits of all events, most unusual first, float64 (n,); those between two quantiles have the lower one."""
        return np.repeat(self.bits, np.diff(self.ranks, prepend=0)) if self.ranks else np.zeros(0)

    def joined(self, other: HeldOut) -> HeldOut:
        """Of the events of both."""
        return HeldOut.of(np.sort(np.concatenate([self.expanded(), other.expanded()]))[::-1])

    def reached(self, bits: float) -> int:
        """How many are at least so unusual: exact up to 1,000, and at most a thousandth of all too few above."""
        place = bisect_right(self.bits, -bits, key=lambda one: -one)
        return self.ranks[place - 1] if place else 0

    def share_below(self, bits: float) -> float:
        """Share that is less unusual than ``bits``, in 0..1; never quite 1."""
        total = self.ranks[-1] if self.ranks else 0
        return (total - self.reached(bits)) / (total + 1)


def threshold_for(alerts: Sequence[float] | np.ndarray, allowed: float) -> Threshold:
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


def median_threshold(parts: Sequence[Threshold]) -> Threshold:
    """The median of the thresholds of an odd number of parts, with what the whole of them allows and expects.

    Where it lies above all of its part, the alerts to be expected follow from the median alone: of n parts in which
    events above a limit come at random, so many that (n + 1) / 2 of the parts have none.
    """
    number = len(parts)
    middle = sorted(parts, key=lambda one: one.bits)[number // 2]
    allowed = sum(one.allowed for one in parts)
    if middle.keeps_budget:
        return Threshold(middle.bits, allowed, middle.expected / max(middle.allowed, 1e-9) * allowed)
    return Threshold(middle.bits, allowed, number * sum(1 / place for place in range(number // 2 + 1, number + 1)))


@dataclass(frozen=True, slots=True)
class PartHeldOut:
    """What a threshold of one part of a baseline follows from."""

    held_out: HeldOut
    allowed: float
    """Alerts that the budget allows in it."""
    first: float | None = None
    """Time of its first event, POSIX seconds, UTC; None where no event has one, or a state of before does not say."""
    last: float | None = None

    def joined(self, other: PartHeldOut) -> PartHeldOut:
        """As if what two saw were one part."""
        first = [time for time in (self.first, other.first) if time is not None]
        last = [time for time in (self.last, other.last) if time is not None]
        return PartHeldOut(
            self.held_out.joined(other.held_out),
            self.allowed + other.allowed,
            min(first, default=None),
            max(last, default=None),
        )

    @property
    def threshold(self) -> Threshold:
        """See `threshold_for`."""
        return threshold_for(self.held_out.expanded(), self.allowed)


class Alerts:
    """The most unusual event of each text, entity and hour: what could be an alert, repeats left out.

    Takes events in the order of time; of an hour that is over 8 bytes an alert are kept.
    """

    def __init__(self) -> None:
        self._hour = 0
        self._best: dict[tuple[Entity, int], float] = {}
        """Of this hour."""
        self._timeless: dict[tuple[Entity, int], float] = {}
        """Of events without time, which are one hour."""
        self._over = array("d")

    def add(self, scored: Scored) -> None:
        """Take an event."""
        time, key = scored.step.time, (scored.entity, scored.step.key)
        hour = self._hour if time is None else int(time // _HOUR_S)
        if hour != self._hour:
            self._over.extend(self._best.values())
            self._best.clear()
            self._hour = hour
        best = self._timeless if time is None else self._best
        best[key] = max(scored.surprise.bits, best.get(key, 0.0))

    def bits(self) -> np.ndarray:
        """float64 (n,), most unusual first."""
        found = [*self._over, *self._best.values(), *self._timeless.values()]
        return np.sort(np.asarray(found, np.float64))[::-1]
