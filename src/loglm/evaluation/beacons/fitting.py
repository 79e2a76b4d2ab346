"""Fit the beacon scorer on generated days, and set its thresholds on benign days that it was not fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from loglm.anomaly.beacons.features import FEATURES, PEERS
from loglm.anomaly.beacons.scorer import BeaconScorer, Tree
from loglm.anomaly.beacons.surroundings import SIZES
from loglm.evaluation.beacons.background import read_machines
from loglm.evaluation.beacons.benign import HELD_OUT_KINDS, KINDS
from loglm.evaluation.beacons.environments import cut_day, make_day
from loglm.evaluation.beacons.grid import drawn_shapes
from loglm.evaluation.beacons.scoring import DayScores, score_day

__all__ = ["BUDGETS", "TRAINING_DAYS", "TRAINING_SEED", "budget_threshold", "fit_scorer", "training_days"]

BUDGETS: Final = (1, 10, 100)
"""Alerts in 1,000 hosts and a day."""
TRAINING_DAYS: Final = 5
TRAINING_SEED: Final = 1_000
"""What the shipped scorer is fitted on."""
_HOSTS: Final = 150
_FEW_HOSTS: Final = 3
_MASKED: Final = 0.2
_ENVIRONMENT: Final = ("reach", "log_reach", "address_reach", "other_names", "client_reach", *PEERS)
_TREES: Final = 300
_LEAVES: Final = 12


def training_days(data: Path, *, days: int, seed: int) -> Iterable[DayScores]:
    """Days to fit on: whole days of 150 hosts, as many captures of one to eight hours, and of three hosts.

    Without the kinds and forms that are held out, on background of the ``train`` captures.
    """
    machines = read_machines(data, "train")
    kinds = [kind for kind in KINDS if kind.name not in HELD_OUT_KINDS]
    rng = np.random.default_rng(seed)
    for number in range(days):
        at = seed + 10 * number
        yield score_day(make_day(machines, drawn_shapes(rng, _HOSTS), kinds, hosts=_HOSTS, seed=at), {})
        day = make_day(machines, drawn_shapes(rng, _HOSTS), kinds, hosts=_HOSTS, seed=at + 1)
        hours = float(rng.uniform(1.0, 8.0))
        yield score_day(cut_day(day, start_h=float(rng.uniform(0.0, 24.0 - hours)), hours=hours), {})
        for few in range(2, 8):
            shapes = drawn_shapes(rng, _FEW_HOSTS)
            yield score_day(make_day(machines, shapes, kinds, hosts=_FEW_HOSTS, seed=at + few), {})


def fit_scorer(
    days: Sequence[DayScores], *, features: Sequence[str] = FEATURES, trees: int = _TREES, seed: int = 0
) -> BeaconScorer:
    """Boosted trees of the measures; a fifth of the rows again each without sizes and without what needs other hosts.

    Beacons and benign series weigh the same together. Trees of some ``features`` alone learn from the same rows.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    matrix = np.vstack([day.matrix for day in days])
    hidden = np.concatenate([np.arange(len(day.matrix)) >= len(day.kinds) for day in days])
    matrix, hidden = _with_masked(matrix, hidden, np.random.default_rng(seed))
    weights = np.where(hidden, (~hidden).sum() / hidden.sum(), 1.0)
    model = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=_LEAVES,
        learning_rate=0.08,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    columns = np.array([FEATURES.index(name) for name in features])
    model.fit(matrix[:, columns], hidden, sample_weight=weights)
    found = tuple(_tree(predictors[0].nodes, columns) for predictors in model._predictors)
    return BeaconScorer(found, float(np.ravel(model._baseline_prediction)[0]), {})


def budget_threshold(benign: Sequence[np.ndarray], hosts: int, budget: int) -> float:
    """The score above which ``budget`` alerts come of 1,000 hosts and a day.

    Args:
        benign: Scores of the benign series of days, all methods' own scale.
        hosts: Hosts of these days together.
        budget: Alerts in 1,000 hosts and a day; below one alert in all, the highest score
                is the threshold.
    """
    scores = np.sort(np.concatenate(benign))[::-1]
    return float(scores[min(int(budget * hosts / 1_000), len(scores) - 1)])


def _with_masked(matrix: np.ndarray, hidden: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    parts = [matrix]
    labels = [hidden]
    for names in (SIZES, _ENVIRONMENT):
        chosen = rng.random(len(matrix)) < _MASKED
        copy = matrix[chosen].copy()
        copy[:, [FEATURES.index(name) for name in names]] = np.nan
        parts.append(copy)
        labels.append(hidden[chosen])
    return np.vstack(parts), np.concatenate(labels)


def _tree(nodes: Any, columns: np.ndarray) -> Tree:
    is_leaf = nodes["is_leaf"].astype(bool)
    return Tree(
        feature=np.where(is_leaf, -1, columns[np.where(is_leaf, 0, nodes["feature_idx"])]),
        threshold=np.where(is_leaf, 0.0, nodes["num_threshold"]),
        left=np.where(is_leaf, 0, nodes["left"]).astype(np.int64),
        right=np.where(is_leaf, 0, nodes["right"]).astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(bool),
        value=nodes["value"].astype(np.float64),
    )
