"""When an implant calls home: sleeps with jitter as the frameworks do it, missing beats, hours of work, sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["DUTIES", "FORMS", "HOSTS", "INTERVALS_S", "JITTERS", "PAYLOADS", "BeaconShape", "beat_times", "sessions"]

INTERVALS_S: Final = (10.0, 47.0, 300.0, 900.0, 3_600.0, 14_400.0)
JITTERS: Final = (0.0, 0.1, 0.25, 0.5, 0.8)
DUTIES: Final = ("always", "working hours", "sleeps")
PAYLOADS: Final = ("fixed", "some", "much")
"""Sizes that are alike to a few bytes, within 10 % and within half as much again."""
HOSTS: Final = ("own", "shared address", "fronted name")
"""A destination of its own; an own name at an address that others call too (a CDN); a name that others call too."""

_DAY_S: Final = 86_400.0
_CALL_S: Final = 0.4
_SHORTEST_S: Final = 0.2
_WORK: Final = (8.0, 17.5)


@dataclass(frozen=True, slots=True)
class BeaconShape:
    """A beacon of the grid."""

    interval_s: float
    """What the operator sets as sleep."""
    jitter: float
    """Share of the sleep, 0..1; what it does depends on the form."""
    form: str
    """A name of `FORMS`."""
    missing: float
    """Share of beats that do not arrive."""
    duty: str
    """One of `DUTIES`."""
    payload: str
    """One of `PAYLOADS`."""
    host: str
    """One of `HOSTS`."""
    sessions: bool
    """Whether an operator works through it now and then."""


Form = Callable[[int, float, float, np.random.Generator], np.ndarray]


def _uniform(count: int, sleep: float, jitter: float, rng: np.random.Generator) -> np.ndarray:
    return sleep * (1 + rng.uniform(-jitter, jitter, count))


def _gaussian(count: int, sleep: float, jitter: float, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(sleep * (1 + rng.normal(0.0, jitter / 2, count)), sleep * 0.05)


def _cobalt_strike(count: int, sleep: float, jitter: float, rng: np.random.Generator) -> np.ndarray:
    return sleep * (1 - rng.uniform(0.0, jitter, count))


def _sliver(count: int, sleep: float, jitter: float, rng: np.random.Generator) -> np.ndarray:
    return sleep * (1 + rng.uniform(0.0, jitter, count))


def _mythic(count: int, sleep: float, jitter: float, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(np.round(_uniform(count, sleep, jitter, rng)), 1.0)


FORMS: Final[dict[str, Form]] = {
    "uniform": _uniform,
    "gaussian": _gaussian,
    "cobalt-strike": _cobalt_strike,
    "sliver": _sliver,
    "mythic": _mythic,
}
"""How sleeps are drawn: evenly around the interval; normally, with half the jitter as deviation; shorter only, as
Cobalt Strike's ``sleep SECONDS JITTER``; longer only, as Sliver adds up to its jitter; around it in whole seconds, as
agents of Mythic do."""


def beat_times(
    shape: BeaconShape, *, start: float, end: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Times of calls from ``start`` to ``end``, and which of them are of an operator's session.

    A sleep begins when the call before it has ended, so calls drift. ``working hours`` are about 8 to 17:30; ``sleeps``
    takes one to three stretches of two to six hours out.

    Returns:
        float64 (n,) ascending seconds, and bool (n,).
    """
    count = int((end - start) / max(shape.interval_s * 0.15, _SHORTEST_S)) + 2
    count = min(count, int(6 * (end - start) / shape.interval_s) + 8)
    sleeps = FORMS[shape.form](count, shape.interval_s, shape.jitter, rng)
    times = start + np.cumsum(sleeps + rng.lognormal(np.log(_CALL_S), 0.5, count))
    times = times[times < end]
    times = times[rng.random(len(times)) >= shape.missing]
    times = times[_on_duty(times, shape.duty, start, end, rng)]
    if not shape.sessions or not len(times):
        return times, np.zeros(len(times), dtype=bool)
    burst = sessions(times, rng)
    burst = burst[burst < end]
    merged = np.concatenate((times, burst))
    order = np.argsort(merged, kind="stable")
    return merged[order], np.repeat([False, True], [len(times), len(burst)])[order]


def _on_duty(times: np.ndarray, duty: str, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
    if duty == "working hours":
        hour = times % _DAY_S / 3_600
        first, last = rng.normal(_WORK[0], 1.0), rng.normal(_WORK[1], 1.0)
        result: np.ndarray = (hour >= first) & (hour < last)
        return result
    on = np.ones(len(times), dtype=bool)
    if duty == "sleeps":
        for _ in range(int(rng.integers(1, 4))):
            asleep = rng.uniform(start, end)
            on &= (times < asleep) | (times > asleep + rng.uniform(2.0, 6.0) * 3_600)
    return on


def sessions(times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One or two sessions of two to ten minutes with a call every few seconds, begun at beats."""
    bursts = []
    for begin in rng.choice(times, size=int(rng.integers(1, 3))):
        calls = begin + np.cumsum(rng.exponential(rng.uniform(1.5, 6.0), 200) + _SHORTEST_S)
        bursts.append(calls[calls < begin + rng.uniform(120.0, 600.0)])
    return np.concatenate(bursts)
