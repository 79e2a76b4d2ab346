"""Scores of all series of a test day by every method, with what each series is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.beacons.features import feature_matrix
from loglm.anomaly.beacons.series import Environment, environment_of
from loglm.evaluation.beacons.baselines import BASELINES
from loglm.evaluation.beacons.beats import BeaconShape
from loglm.evaluation.beacons.environments import TestDay

__all__ = ["DayScores", "Method", "baseline_methods", "score_day"]

Method = Callable[[Environment, np.ndarray], np.ndarray]
"""From an environment and its feature matrix (n, features) to float64 (n,); higher is likelier a beacon."""


@dataclass(frozen=True, slots=True)
class DayScores:
    """A day, scored."""

    hosts: int
    benign: Mapping[str, np.ndarray]
    """By method: scores of all series that are no beacon."""
    hidden: Mapping[str, np.ndarray]
    """By method: score of each beacon, in the order of ``shapes``; minus infinity where it made no series."""
    shapes: Sequence[BeaconShape]
    kinds: Sequence[str]
    """What each benign series is: a kind of periodic software, or ``real traffic``."""
    found: np.ndarray
    """bool (shapes,): which beacons made a series."""
    connections: int
    matrix: np.ndarray
    """float64 (benign + hidden that made a series, features), in that order; for fitting."""


def score_day(day: TestDay, methods: Mapping[str, Method]) -> DayScores:
    """Score a day by each method; each sees what the product sees, the connections."""
    environment = environment_of(day.table)
    matrix = feature_matrix(environment)
    place = {(one.source, one.destination, one.port): row for row, one in enumerate(environment.series)}
    rows = [place.get((beacon.source, beacon.destination, beacon.port)) for beacon in day.beacons]
    found = [row for row in rows if row is not None]
    is_benign = np.ones(len(matrix), dtype=bool)
    is_benign[found] = False
    benign, hidden = {}, {}
    for name, method in methods.items():
        scores = method(environment, matrix)
        benign[name] = scores[is_benign]
        hidden[name] = np.array([-np.inf if row is None else scores[row] for row in rows])
    kinds = [day.kinds.get(one.destination, "real traffic") for one in environment.series]
    return DayScores(
        hosts=day.hosts,
        benign=benign,
        hidden=hidden,
        shapes=[beacon.shape for beacon in day.beacons],
        kinds=[kind for kind, keep in zip(kinds, is_benign, strict=True) if keep],
        found=np.array([row is not None for row in rows], dtype=bool),
        connections=len(day.table),
        matrix=np.vstack((matrix[is_benign], matrix[found])),
    )


def baseline_methods() -> dict[str, Method]:
    """The baselines, by name."""
    return {name: _each(score) for name, score in BASELINES.items()}


def _each(score: Callable[..., float]) -> Method:
    def method(environment: Environment, matrix: np.ndarray) -> np.ndarray:  # noqa: ARG001
        return np.array([score(one, environment) for one in environment.series])

    return method
