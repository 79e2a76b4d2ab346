"""Fit the scorer that ships in ``loglm.anomaly.beacons`` and set its thresholds.

    python scripts/build_beacon_scorer.py --data DIR [--days 5] [--seed 1000]

DIR is the data folder with ``attack`` below it. Takes about ten minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglm.evaluation.beacons.background import read_machines
from loglm.evaluation.beacons.benign import KINDS
from loglm.evaluation.beacons.environments import make_day
from loglm.evaluation.beacons.fitting import (
    BUDGETS,
    TRAINING_DAYS,
    TRAINING_SEED,
    budget_threshold,
    fit_scorer,
    training_days,
)
from loglm.evaluation.beacons.scoring import score_day

_OUT = Path(__file__).parents[1] / "src" / "loglm" / "anomaly" / "beacons" / "scorer.json"
_VALIDATION = (2_000, 4, 150)
"""First seed, days and hosts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--days", type=int, default=TRAINING_DAYS)
    parser.add_argument("--seed", type=int, default=TRAINING_SEED)
    arguments = parser.parse_args()
    days = []
    for day in training_days(arguments.data, days=arguments.days, seed=arguments.seed):
        days.append(day)
        print(f"{len(days)}: {day.connections:,} connections, {len(day.matrix):,} series", file=sys.stderr)
    scorer = fit_scorer(days)
    machines = read_machines(arguments.data, "validation")
    first, number, hosts = _VALIDATION
    benign = []
    for seed in range(first, first + number):
        day = make_day(machines, [], KINDS, hosts=hosts, seed=seed)
        benign.append(score_day(day, {"scorer": lambda _, matrix: scorer.score(matrix)}).benign["scorer"])
        print(f"validation {seed}: {len(benign[-1]):,} benign series", file=sys.stderr)
    thresholds = {budget: budget_threshold(benign, number * hosts, budget) for budget in BUDGETS}
    replace(scorer, thresholds=thresholds).save(_OUT)
    print(f"{_OUT}: {len(scorer.trees)} trees, thresholds {thresholds}, {np.concatenate(benign).size:,} benign series")


if __name__ == "__main__":
    main()
