"""The benchmark: days of the test captures with hidden beacons, thresholds from days of the validation captures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from loglm.anomaly.beacons.scorer import BeaconScorer
from loglm.evaluation.beacons.background import Machine, Split, read_machines
from loglm.evaluation.beacons.benign import KINDS
from loglm.evaluation.beacons.environments import TestDay, make_day
from loglm.evaluation.beacons.fitting import BUDGETS, budget_threshold
from loglm.evaluation.beacons.grid import grid_shapes
from loglm.evaluation.beacons.scoring import DayScores, Method, baseline_methods, score_day

__all__ = ["OURS", "BeaconRun", "all_methods", "first_test_day", "measure_beacons"]

OURS = "LogLM"
_FIRST_SEEDS: Final[dict[Split, int]] = {"validation": 2_000, "test": 3_000}


@dataclass(frozen=True, slots=True)
class BeaconRun:
    """What was measured."""

    validation: Sequence[DayScores]
    test: Sequence[DayScores]
    """One for each seed."""
    thresholds: Mapping[str, Mapping[int, float]]
    """By method and budget, from the validation days."""
    shipped: Mapping[int, float]
    """By budget, those of the scorer itself; ``--budget`` of ``loglm beacons`` takes them."""
    machines: Mapping[Split, int]
    """Real machines that the hosts of a split are made from."""


def all_methods(scorer: BeaconScorer | None = None) -> dict[str, Method]:
    """LogLM's score and the baselines, by name."""
    ours = scorer or BeaconScorer.shipped()
    return {OURS: lambda _, matrix: ours.score(matrix), **baseline_methods()}


def measure_beacons(
    data: Path, *, days: int, hosts: int, say: Callable[[str], None], methods: Mapping[str, Method] | None = None
) -> BeaconRun:
    """Score validation and test days by all methods.

    Args:
        data: Folder with ``attack`` below it.
        days: Test days, each of a seed of its own; as many validation days.
        hosts: Of each day; a beacon of the grid for each, as near as whole cells allow.
        say: Is told what is being done.
        methods: `all_methods` of the shipped scorer by default.

    Raises:
        EmptyInputError: The captures are not there.
    """
    methods = methods or all_methods()
    machines = {split: read_machines(data, split) for split in _FIRST_SEEDS}
    scored: dict[Split, list[DayScores]] = {"validation": [], "test": []}
    for split, own in scored.items():
        first = _FIRST_SEEDS[split]
        for number, day in enumerate(_days(machines[split], split, days=days, hosts=hosts, first_seed=first), 1):
            own.append(score_day(day, methods))
            say(f"{split} day {number} of {days}: {own[-1].connections:,} connections")
    benign_hosts = days * hosts
    thresholds = {
        name: {
            budget: budget_threshold([day.benign[name] for day in scored["validation"]], benign_hosts, budget)
            for budget in BUDGETS
        }
        for name in methods
    }
    return BeaconRun(
        scored["validation"],
        scored["test"],
        thresholds,
        shipped=BeaconScorer.shipped().thresholds,
        machines={split: len(own) for split, own in machines.items()},
    )


def first_test_day(data: Path, *, hosts: int) -> TestDay:
    """The first day that `measure_beacons` tests on.

    Raises:
        EmptyInputError: The captures are not there.
    """
    return next(_days(read_machines(data, "test"), "test", days=1, hosts=hosts, first_seed=_FIRST_SEEDS["test"]))


def _days(machines: Sequence[Machine], split: Split, *, days: int, hosts: int, first_seed: int) -> Iterator[TestDay]:
    """Days of a split; validation days hide no beacon."""
    cells = len(grid_shapes(np.random.default_rng(0), of_each=1))
    for seed in range(first_seed, first_seed + days):
        rng = np.random.default_rng(seed)
        shapes = grid_shapes(rng, of_each=max(1, hosts // cells)) if split == "test" else []
        yield make_day(machines, shapes, KINDS, hosts=hosts, seed=seed)
