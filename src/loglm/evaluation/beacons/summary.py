"""Figures of a beacon benchmark: recall at a number of alerts, over the grid and by what else differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.beacons.beats import BeaconShape
from loglm.evaluation.beacons.fitting import BUDGETS, budget_threshold
from loglm.evaluation.beacons.grid import HELD_OUT_FORMS
from loglm.evaluation.beacons.measuring import OURS, BeaconRun
from loglm.evaluation.beacons.resampling import drawn_interval, ratio_interval
from loglm.evaluation.beacons.scoring import DayScores
from loglm.evaluation.scores import ALL, Score

__all__ = ["SHIPPED", "TASK", "GridCell", "alarm_kinds", "beacon_scores", "factor_scores", "grid_cells"]

SHIPPED = f"{OURS}, shipped thresholds"
TASK = "beacons"
_LOWEST = -1e9
_FACTORS: dict[str, Callable[[BeaconShape], object]] = {
    "jitter": lambda shape: f"{shape.jitter:.0%}",
    "form": lambda shape: shape.form + (" (held out)" if shape.form in HELD_OUT_FORMS else ""),
    "host": lambda shape: shape.host,
    "payload": lambda shape: shape.payload,
    "duty": lambda shape: shape.duty,
    "missing": lambda shape: f"{shape.missing:.0%}",
    "sessions": lambda shape: "yes" if shape.sessions else "no",
}


@dataclass(frozen=True, slots=True)
class GridCell:
    """Recall of one method for one interval and jitter."""

    model: str
    interval_s: float
    jitter: float
    beacons: int
    recall: float
    """At the budget, threshold from validation."""
    recall_at_same_alerts: float
    """With the threshold that gives exactly so many alerts on the test days."""


def beacon_scores(run: BeaconRun, *, task: str = TASK) -> list[Score]:
    """Recall and alerts of each method at each budget, with 95 % of draws of days and machines.

    ``recall`` and ``alerts`` rest on the validation threshold, in the rows `SHIPPED` on that of the scorer itself;
    ``at same alerts`` is recall with the threshold that gives the budget's alerts on the test days themselves, the same
    for all methods.
    """
    found = [score for name in run.thresholds for score in _scores_of(run, name)]
    for budget, threshold in sorted(run.shipped.items()):
        found += _at_threshold(run, OURS, SHIPPED, budget, threshold)
    return [replace(score, task=task) for score in found]


def _at_threshold(run: BeaconRun, method: str, called: str, budget: int, threshold: float) -> Iterator[Score]:
    beacons, hosts = (sum(number) for number in zip(*((len(d.shapes), d.hosts) for d in run.test), strict=True))
    yield Score(TASK, ALL, called, f"recall, {budget}", _recall(run, method, threshold), beacons)
    yield Score(TASK, ALL, called, f"alerts, {budget}", _alerts(run, method, threshold), hosts)


def _scores_of(run: BeaconRun, name: str) -> Iterator[Score]:
    beacons = sum(len(day.shapes) for day in run.test)
    same = _same_alert_thresholds(run, name)
    for budget in BUDGETS:
        yield from _at_threshold(run, name, name, budget, run.thresholds[name][budget])
        equal = _recall(run, name, same[budget])
        yield Score(TASK, ALL, name, f"recall at same alerts, {budget}", equal, beacons)
    yield Score(TASK, ALL, name, "PR-AUC", _precision(run, name), beacons)


def factor_scores(run: BeaconRun, *, budget: int, task: str = TASK) -> list[Score]:
    """Recall of each method by each other thing that differs between beacons, threshold from validation."""
    found = []
    for name in run.thresholds:
        threshold = run.thresholds[name][budget]
        for factor, value_of in _FACTORS.items():
            values = sorted({str(value_of(shape)) for day in run.test for shape in day.shapes})
            found += [_factor_score(run, name, threshold, factor, value) for value in values]
    return [replace(score, task=f"{task} by {score.task}") for score in found]


def _factor_score(run: BeaconRun, name: str, threshold: float, factor: str, value: str) -> Score:
    chosen = [np.array([str(_FACTORS[factor](shape)) == value for shape in day.shapes]) for day in run.test]
    recall = _recall(run, name, threshold, chosen)
    return Score(factor, value, name, "recall", recall, int(sum(own.sum() for own in chosen)))


def grid_cells(run: BeaconRun, *, budget: int) -> list[GridCell]:
    """A cell for each method, interval and jitter, of all days together."""
    shapes = [shape for day in run.test for shape in day.shapes]
    places = sorted({(shape.interval_s, shape.jitter) for shape in shapes})
    cells = []
    for name in run.thresholds:
        scores = np.concatenate([day.hidden[name] for day in run.test])
        same = _same_alert_thresholds(run, name)[budget]
        for interval, jitter in places:
            own = scores[[shape.interval_s == interval and shape.jitter == jitter for shape in shapes]]
            recalls = (float((own > limit).mean()) for limit in (run.thresholds[name][budget], same))
            cells.append(GridCell(name, interval, jitter, len(own), *recalls))
    return cells


def alarm_kinds(run: BeaconRun, name: str, *, budget: int) -> list[tuple[str, int, int]]:
    """What a method's false alarms are: kind, alerts and series of that kind; most alerts first."""
    alerts: Counter[str] = Counter()
    series: Counter[str] = Counter()
    for day in run.test:
        above = day.benign[name] > run.thresholds[name][budget]
        series.update(day.kinds)
        alerts.update(kind for kind, is_alert in zip(day.kinds, above, strict=True) if is_alert)
    return sorted(((kind, alerts[kind], number) for kind, number in series.items()), key=lambda row: (-row[1], row[0]))


def _same_alert_thresholds(run: BeaconRun, name: str) -> dict[int, float]:
    hosts = sum(day.hosts for day in run.test)
    return {budget: budget_threshold([day.benign[name] for day in run.test], hosts, budget) for budget in BUDGETS}


def _recall(run: BeaconRun, name: str, threshold: float, chosen: Sequence[np.ndarray] | None = None) -> Interval:
    """Of the chosen beacons, bool (shapes,) of each day; of all by default."""
    chosen = chosen or [np.ones(len(day.shapes), dtype=bool) for day in run.test]
    pairs = list(zip(run.test, chosen, strict=True))
    found = [day.hidden_machines[own & (day.hidden[name] > threshold)] for day, own in pairs]
    return ratio_interval(_counts(run, found), _counts(run, [day.hidden_machines[own] for day, own in pairs]))


def _alerts(run: BeaconRun, name: str, threshold: float) -> Interval:
    """Of 1,000 hosts."""
    alerts = [day.benign_machines[day.benign[name] > threshold] for day in run.test]
    return ratio_interval(_counts(run, alerts) * 1_000, _counts(run, [day.machines for day in run.test]))


def _counts(run: BeaconRun, of_days: Sequence[np.ndarray]) -> np.ndarray:
    """float64 (days, machines): how often each machine occurs."""
    return np.array([np.bincount(own, minlength=run.machines["test"]) for own in of_days], dtype=np.float64)


def _precision(run: BeaconRun, name: str) -> Interval:
    return drawn_interval([partial(_day_precision, day, name) for day in run.test], run.machines["test"])


def _day_precision(day: DayScores, name: str, weights: np.ndarray) -> float:
    from sklearn.metrics import average_precision_score

    scores = np.nan_to_num(np.concatenate((day.hidden[name], day.benign[name])), neginf=_LOWEST)
    is_beacon = np.arange(len(scores)) < len(day.shapes)
    weight = weights[np.concatenate((day.hidden_machines, day.benign_machines))]
    if not weight[is_beacon].any():
        return float("nan")
    return float(average_precision_score(is_beacon, scores, sample_weight=weight))
