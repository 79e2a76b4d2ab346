"""What the past of entities changes: recordings with and without one, and attack windows among the others.

Most recordings are a window or two, of which no past is known. In long ones some window nearly always alerts, so what
counts there is which: how many windows have to be looked at until one of the attack's own is among them. The attack's
own windows are those with a rule hit of level medium or above that names a technique of the recording's label; rows
that read rule hits are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from loglm.context.usual import LEAST_PAST
from loglm.evaluation.attack_benchmark import Benchmark, SeedResult, base_labels
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_metrics import bootstrap_interval
from loglm.evaluation.attack_summary import Figure
from loglm.evaluation.window_surprise import past_windows
from loglm.evaluation.window_table import WindowTable
from loglm.findings import Level

__all__ = ["ALARM_METRICS", "LONG_WINDOWS", "ORDER_METRICS", "PAST_METRICS", "attack_windows", "context_figures"]

LONG_WINDOWS: Final = 8
"""Windows of a long recording at least."""
PAST_METRICS: Final = ("top-1", "alerted", "right and alerted", "windows alerting")
"""Of recordings with and without a window that has a past; windows alerting: share of a recording's windows."""
_SHARES: Final = (0.02, 0.05, 0.1, 0.2)
ORDER_METRICS: Final = tuple(f"{verdict} in {share:.0%}" for verdict in ("found", "named") for share in _SHARES)
"""Of long recordings with windows of the attack's own. Found: one is among so many of the recording, those of highest
score. Named: such a one whose first technique is right."""
ALARM_METRICS: Final = ("found by alarm", "named by alarm", "others alerting")
"""The same of windows that alert, and the share of the others that do."""
_LONG: Final = "long recordings"

_Measures = dict[tuple[str, str], np.ndarray]
"""(group, metric) -> float (seeds, recordings)."""


def context_figures(table: WindowTable, benchmark: Benchmark) -> list[Figure]:
    """Figures of section ``context``: of every row, and of each with another to compare with the difference to it."""
    view = _View(table)
    measured: dict[str, _Measures] = {}
    figures: list[Figure] = []
    for model in dict.fromkeys(result.model for result in benchmark.results):
        seeds = [result for result in benchmark.results if result.model == model]
        measured[model] = view.measures(seeds)
        figures += _figures(model, measured[model])
        if (against := seeds[0].against) in measured:
            changes = {key: values - measured[against][key] for key, values in measured[model].items()}
            figures += _figures(f"difference to {against}", changes)
    return figures


def attack_windows(table: WindowTable) -> np.ndarray:
    """Which windows are the attack's own: of an attack recording, a rule that hits names a technique of its label.

    Returns:
        bool (windows,).
    """
    return np.asarray(
        [
            any(
                level >= Level.MEDIUM and name.partition(".")[0] in recording.base_techniques for level, name, _ in hits
            )
            for hits, recording in (
                (hits, table.recordings[r]) for hits, r in zip(table.rules, table.recording, strict=True)
            )
        ],
        bool,
    )


def _figures(model: str, measures: _Measures) -> Iterator[Figure]:
    for (group, metric), values in measures.items():
        if values.shape[1]:
            yield Figure("context", model, group, metric, bootstrap_interval(values), values.shape[1])


class _View:
    """The recordings that are measured, and their windows."""

    def __init__(self, table: WindowTable) -> None:
        self._table = table
        recording = np.asarray(table.recording)
        windows = np.split(np.argsort(recording, kind="stable"), np.cumsum(np.bincount(recording))[:-1])
        has_past = past_windows(table) >= LEAST_PAST
        attack = [(i, own) for i, own in enumerate(windows) if table.recordings[i].kind == "attack" and len(own)]
        self._windows = dict(attack)
        self._groups = {
            "with past": [i for i, own in attack if has_past[own].any()],
            "without past": [i for i, own in attack if not has_past[own].any()],
        }
        self._own = attack_windows(table)
        self._long = [i for i, own in attack if len(own) >= LONG_WINDOWS and self._own[own].any()]

    def measures(self, seeds: Sequence[SeedResult]) -> _Measures:
        """Of one row."""
        measures: _Measures = {}
        outcomes = [{result.recording: result for result in seed.recordings} for seed in seeds]
        for group, members in self._groups.items():
            values = [
                [
                    (
                        *_verdict(self._table.recordings[i], of[i].named, of[i].alerted),
                        seed.alerts[self._windows[i]].mean(),
                    )
                    for i in members
                ]
                for seed, of in zip(seeds, outcomes, strict=True)
            ]
            array = np.asarray(values, float).reshape(len(seeds), len(members), len(PAST_METRICS))
            measures |= {(group, metric): array[:, :, column] for column, metric in enumerate(PAST_METRICS)}
        if not seeds[0].reads_rules:
            array = np.asarray([[self._among_others(seed, i) for i in self._long] for seed in seeds], float)
            array = array.reshape(len(seeds), len(self._long), len(ORDER_METRICS) + len(ALARM_METRICS))
            measures |= {
                (_LONG, metric): array[:, :, column] for column, metric in enumerate((*ORDER_METRICS, *ALARM_METRICS))
            }
        return measures

    def _among_others(self, seed: SeedResult, recording: int) -> list[float]:
        """In the order of `ORDER_METRICS` and `ALARM_METRICS`."""
        windows = self._windows[recording]
        own = self._own[windows]
        labels = self._table.recordings[recording].base_techniques
        named = own & np.isin(np.asarray(base_labels())[seed.technique[windows]], list(labels))
        order = np.argsort(-seed.attack[windows], kind="stable")
        first = [order[: int(np.ceil(share * len(windows)))] for share in _SHARES]
        alerts = seed.alerts[windows]
        others = float(alerts[~own].mean()) if not own.all() else 0.0
        return [
            *(float(own[part].any()) for part in first),
            *(float(named[part].any()) for part in first),
            float((own & alerts).any()),
            float((named & alerts).any()),
            others,
        ]


def _verdict(recording: Recording, named: tuple[str, ...], alerted: bool) -> tuple[float, float, float]:
    right = named[:1] != () and named[0] in recording.base_techniques
    return float(right), float(alerted), float(right and alerted)
