"""Figures of a beacon benchmark: recall at a number of alerts, over the grid and by what else differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from loglm.evaluation.attack_metrics import average_precision, seed_interval
from loglm.evaluation.beacons.beats import BeaconShape
from loglm.evaluation.beacons.fitting import BUDGETS, budget_threshold
from loglm.evaluation.beacons.grid import HELD_OUT_FORMS
from loglm.evaluation.beacons.measuring import BeaconRun
from loglm.evaluation.beacons.scoring import DayScores
from loglm.evaluation.scores import ALL, Score

__all__ = ["GridCell", "alarm_kinds", "beacon_scores", "factor_scores", "grid_cells"]

_TASK = "beacons"
_LOWEST = -1e9
_FACTORS: dict[str, Callable[[BeaconShape], object]] = {
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


def beacon_scores(run: BeaconRun) -> list[Score]:
    """Recall and alerts of each method at each budget, mean of days with a 95 % t interval over them.

    ``recall`` and ``alerts`` rest on the validation threshold; ``at same alerts`` is recall with the threshold that
    gives the budget's alerts on the test days themselves, the same for all methods.
    """
    return [score for name in run.thresholds for score in _scores_of(run, name)]


def _scores_of(run: BeaconRun, name: str) -> Iterator[Score]:
    beacons = sum(len(day.shapes) for day in run.test)
    same = _same_alert_thresholds(run, name)
    for budget in BUDGETS:
        threshold = run.thresholds[name][budget]
        recall = seed_interval([_recall(day, name, threshold) for day in run.test])
        alerts = seed_interval([_alerts(day, name, threshold) for day in run.test])
        equal = seed_interval([_recall(day, name, same[budget]) for day in run.test])
        yield Score(_TASK, ALL, name, f"recall, {budget}", recall, beacons)
        yield Score(_TASK, ALL, name, f"alerts, {budget}", alerts, sum(day.hosts for day in run.test))
        yield Score(_TASK, ALL, name, f"recall at same alerts, {budget}", equal, beacons)
    yield Score(_TASK, ALL, name, "PR-AUC", seed_interval([_precision(day, name) for day in run.test]), beacons)


def factor_scores(run: BeaconRun, *, budget: int) -> list[Score]:
    """Recall of each method by each other thing that differs between beacons, threshold from validation."""
    found = []
    for name in run.thresholds:
        threshold = run.thresholds[name][budget]
        for factor, value_of in _FACTORS.items():
            values = sorted({str(value_of(shape)) for day in run.test for shape in day.shapes})
            found += [_factor_score(run, name, threshold, factor, value) for value in values]
    return found


def _factor_score(run: BeaconRun, name: str, threshold: float, factor: str, value: str) -> Score:
    parts = []
    for day in run.test:
        chosen = np.array([str(_FACTORS[factor](shape)) == value for shape in day.shapes])
        if chosen.any():
            parts.append(float((day.hidden[name][chosen] > threshold).mean()))
    number = sum(str(_FACTORS[factor](shape)) == value for day in run.test for shape in day.shapes)
    return Score(f"{_TASK} by {factor}", value, name, "recall", seed_interval(parts), number)


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


def _recall(day: DayScores, name: str, threshold: float) -> float:
    return float((day.hidden[name] > threshold).mean())


def _alerts(day: DayScores, name: str, threshold: float) -> float:
    """Of 1,000 hosts."""
    return float((day.benign[name] > threshold).sum()) / day.hosts * 1_000


def _precision(day: DayScores, name: str) -> float:
    return average_precision(*(np.nan_to_num(part[name], neginf=_LOWEST) for part in (day.hidden, day.benign)))
