"""What surroundings bring: the trees fitted without them, and days of beacons that their times do not give away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from loglm.anomaly.beacons.features import FEATURES, PEERS
from loglm.anomaly.beacons.scorer import BeaconScorer
from loglm.anomaly.beacons.surroundings import SIZES, SURROUNDINGS
from loglm.anomaly.beacons.timing import TIMING
from loglm.evaluation.beacons.background import read_machines
from loglm.evaluation.beacons.benign import KINDS
from loglm.evaluation.beacons.environments import make_day
from loglm.evaluation.beacons.fitting import TRAINING_DAYS, TRAINING_SEED, fit_scorer, training_days
from loglm.evaluation.beacons.grid import shared_shapes
from loglm.evaluation.beacons.measuring import OURS, BeaconRun
from loglm.evaluation.beacons.scoring import DayScores, Method, score_day

__all__ = ["SHARED", "VIEWS", "fit_views", "measure_shared", "view_methods"]

SHARED: Final = "HTTPS beacons of 47 s with jitter to a shared place"
VIEWS: Final[dict[str, Sequence[str]]] = {
    f"{OURS}, fitted again": FEATURES,
    f"{OURS} without surroundings": (*TIMING, *SIZES),
    f"{OURS}, times alone": TIMING,
    f"{OURS}, surroundings alone": (*SURROUNDINGS, *PEERS),
}
"""By name: the measures that trees of the same settings learn from, on the same days. The first differs from the
shipped scorer by chance alone: its days were drawn at another time."""
_FIRST_SEED: Final = 4_000
_OF_EACH: Final = 2
_DAYS: Final = 2
"""Days for each test day: few beacons in each, so that few share a name."""


def fit_views(data: Path, *, say: Callable[[str], None], days: int = TRAINING_DAYS) -> dict[str, BeaconScorer]:
    """A scorer of each of `VIEWS`, fitted on the days that ``scripts/build_beacon_scorer.py`` fits the shipped one on.

    Raises:
        EmptyInputError: The captures are not there.
    """
    say("training days")
    drawn = list(training_days(data, days=days, seed=TRAINING_SEED))
    found = {}
    for name, features in VIEWS.items():
        say(f"fitting {name}")
        found[name] = fit_scorer(drawn, features=features)
    return found


def view_methods(scorers: dict[str, BeaconScorer]) -> dict[str, Method]:
    """Scores of each of them, by the same names."""
    return {name: _method(scorer) for name, scorer in scorers.items()}


def measure_shared(
    data: Path, run: BeaconRun, methods: dict[str, Method], *, days: int, hosts: int, say: Callable[[str], None]
) -> BeaconRun:
    """A run on days whose beacons all are jittered HTTPS calls about every 47 s to a place that others call too.

    Args:
        data: Folder with ``attack`` below it.
        run: Whose thresholds hold here too; its test machines make the days.
        methods: Those of ``run``.
        days: Two for each are made, with sixteen beacons each: two for each jitter from 10 % on and kind of place.
        hosts: Of each day.
        say: Is told what is being done.
    """
    machines = read_machines(data, "test")
    scored: list[DayScores] = []
    for seed in range(_FIRST_SEED, _FIRST_SEED + _DAYS * days):
        shapes = shared_shapes(np.random.default_rng(seed), of_each=_OF_EACH)
        scored.append(score_day(make_day(machines, shapes, KINDS, hosts=hosts, seed=seed), methods))
        say(f"47 s day {len(scored)} of {_DAYS * days}: {scored[-1].connections:,} connections")
    return replace(run, test=scored)


def _method(scorer: BeaconScorer) -> Method:
    return lambda _, matrix: scorer.score(matrix)
