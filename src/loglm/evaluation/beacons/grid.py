"""Which beacons are hidden: the grid of the test, and shapes at random for what a scorer is fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from typing import Final

import numpy as np

from loglm.evaluation.beacons.beats import DUTIES, FORMS, HOSTS, INTERVALS_S, JITTERS, PAYLOADS, BeaconShape

__all__ = ["HELD_OUT_FORMS", "drawn_shapes", "grid_shapes", "shared_shapes"]

HELD_OUT_FORMS: Final = ("gaussian", "sliver")
"""Forms of jitter that no scorer is fitted on."""
_MISSING: Final = (0.0, 0.1, 0.3)
_DUTY_SHARES: Final = (0.6, 0.2, 0.2)
_HOST_SHARES: Final = (0.5, 0.25, 0.25)
_SESSIONS: Final = 0.25
_SHARED_INTERVAL_S: Final = 47.0
_SHARED_HOSTS: Final = ("shared address", "fronted name")


def grid_shapes(rng: np.random.Generator, *, of_each: int) -> list[BeaconShape]:
    """``of_each`` beacons for each interval and jitter of the grid; all else is drawn."""
    cells = [(interval, jitter) for interval in INTERVALS_S for jitter in JITTERS for _ in range(of_each)]
    return [_shape(rng, interval, jitter, tuple(FORMS)) for interval, jitter in cells]


def shared_shapes(rng: np.random.Generator, *, of_each: int) -> list[BeaconShape]:
    """``of_each`` beacons of 47 s for each jitter of the grid but none, at a shared address and at a fronted name.

    All else is drawn; both kinds of place are called by HTTPS.
    """
    drawn = grid_shapes(rng, of_each=of_each * len(_SHARED_HOSTS))
    chosen = [shape for shape in drawn if shape.interval_s == _SHARED_INTERVAL_S and shape.jitter > 0]
    return [replace(shape, host=host) for shape, host in zip(chosen, cycle(_SHARED_HOSTS), strict=False)]


def drawn_shapes(rng: np.random.Generator, number: int) -> list[BeaconShape]:
    """Beacons of 5 s to 5 h and 0 to 90 % jitter, without the forms that are held out."""
    forms = [form for form in FORMS if form not in HELD_OUT_FORMS]
    intervals = np.exp(rng.uniform(np.log(5.0), np.log(18_000.0), number))
    jitters = rng.uniform(0.0, 0.9, number) * (rng.random(number) > 0.1)
    return [_shape(rng, float(i), float(j), forms) for i, j in zip(intervals, jitters, strict=True)]


def _shape(rng: np.random.Generator, interval: float, jitter: float, forms: Sequence[str]) -> BeaconShape:
    return BeaconShape(
        interval_s=interval,
        jitter=jitter,
        form=str(rng.choice(forms)),
        missing=float(rng.choice(_MISSING)),
        duty=str(rng.choice(DUTIES, p=_DUTY_SHARES)),
        payload=str(rng.choice(PAYLOADS)),
        host=str(rng.choice(HOSTS, p=_HOST_SHARES)),
        sessions=bool(rng.random() < _SESSIONS),
    )
