"""Figures of the attack benchmark, from what every model and seed said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from loglm.attack.catalog import technique as technique_of
from loglm.evaluation.attack_benchmark import (
    MACHINES,
    Benchmark,
    RecordingResult,
    SeedResult,
    base_labels,
    machine_of,
)
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_metrics import (
    Interval,
    average_precision,
    bootstrap_interval,
    calibration_error,
    seed_interval,
)
from loglm.evaluation.window_table import WindowTable

__all__ = [
    "ALL",
    "ALL_MACHINES",
    "CHANNEL_METRICS",
    "MACHINE_METRICS",
    "NOT_DUPLICATE",
    "NOT_SIGMA",
    "RECORDING_METRICS",
    "Figure",
    "summarise",
]

ALL = "all"
NOT_SIGMA = "without sigma-regression"
NOT_DUPLICATE = "without duplicates"
ALL_MACHINES = "all machines"

_VERDICTS = ("top-1", "top-3", "tactic", "alerted", "right and alerted")
RECORDING_METRICS = (*_VERDICTS, "PR-AUC", "PR-AUC files", "ECE")
"""PR-AUC is of recordings, of which the highest window counts, against windows of all clean machines, or their files.
ECE is the calibration error of p(attack) over windows, each file of equal weight; NaN without probabilities."""
MACHINE_METRICS = ("false-positive rate", "alerts per host-day", "findings per host-day")
CHANNEL_METRICS = ("false-positive rate", "clean machines", "alert rate on background")
"""Of the clean windows of a channel, the number of machines that these come from, and of its background windows."""

_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the table."""

    section: str
    """recordings, clean machine, channel, technique or tactic."""
    model: str
    group: str
    """Dataset or group of datasets; machine; channel; technique; tactic."""
    metric: str
    value: Interval
    support: int
    """Recordings, clean windows, or background windows."""


def summarise(table: WindowTable, benchmark: Benchmark) -> list[Figure]:
    """All figures, model by model."""
    view = _View(table, benchmark)
    figures: list[Figure] = []
    for model in dict.fromkeys(result.model for result in benchmark.results):
        seeds = [result for result in benchmark.results if result.model == model]
        for group, members in view.groups.items():
            if members:
                figures += _recording_figures(view, group, members, seeds)
        for machine, windows in view.machines.items():
            figures += _machine_figures(view, machine, windows, seeds)
        figures += _channel_figures(view, seeds)
        figures += _name_figures(table, model, seeds)
    return figures


class _View:
    """What windows and recordings belong to which group, machine and channel."""

    def __init__(self, table: WindowTable, benchmark: Benchmark) -> None:
        self.table = table
        self.background = benchmark.background
        self.recording = np.asarray(table.recording)
        self.channel = np.asarray(table.channel, object)
        machine = [MACHINES.index(machine_of(r)) if r.kind == "benign" else -1 for r in table.recordings]
        self.machine = np.asarray(machine)[self.recording]
        """int (windows,): place in `MACHINES`, -1 in attack recordings."""
        start = np.asarray(table.start, float)
        self.day = np.where(np.isnan(start), -1, start // _DAY_S).astype(int)
        """int (windows,): days since 1970, -1 where unknown."""
        present = [(name, np.flatnonzero(self.machine == i)) for i, name in enumerate(MACHINES)]
        self.clean = np.flatnonzero(self.machine >= 0)
        self.machines = {**dict(present), ALL_MACHINES: self.clean}
        self.groups = _groups(table, benchmark)


def _groups(table: WindowTable, benchmark: Benchmark) -> dict[str, frozenset[int]]:
    """Group -> attack recordings."""
    datasets: dict[str, set[int]] = {}
    for result in benchmark.results[0].recordings:
        datasets.setdefault(table.recordings[result.recording].dataset, set()).add(result.recording)
    everything = frozenset[int]().union(*datasets.values())
    return {
        ALL: everything,
        NOT_SIGMA: everything - datasets.get("sigma-regression", set()),
        NOT_DUPLICATE: everything - benchmark.duplicates,
        **{name: frozenset(members) for name, members in sorted(datasets.items())},
    }


def _recording_figures(view: _View, group: str, members: frozenset[int], seeds: list[SeedResult]) -> Iterator[Figure]:
    verdicts = [
        [_verdict(view.table.recordings[r.recording], r) for r in seed.recordings if r.recording in members]
        for seed in seeds
    ]
    values = np.asarray(verdicts, float)
    against = [_against_clean(view, members, seed) for seed in seeds]
    intervals = [bootstrap_interval(values[:, :, i]) for i in range(len(_VERDICTS))]
    intervals += [seed_interval(of_seeds) for of_seeds in zip(*against, strict=True)]
    for metric, value in zip(RECORDING_METRICS, intervals, strict=True):
        yield Figure("recordings", seeds[0].model, group, metric, value, len(members))


def _verdict(recording: Recording, result: RecordingResult) -> tuple[bool, ...]:
    """In the order of `_VERDICTS`."""
    right = [name in recording.base_techniques for name in result.named]
    first = any(right[:1])
    return first, any(right), result.tactic in _tactics_of(recording), result.alerted, first and result.alerted


def _tactics_of(recording: Recording) -> set[str]:
    if recording.tactics:
        return recording.tactics
    entries = (technique_of(name) for name in recording.base_techniques)
    return {tactic for entry in entries if entry for tactic in entry.tactics}


def _against_clean(view: _View, members: frozenset[int], seed: SeedResult) -> tuple[float, float, float]:
    """PR-AUC against windows, and against files, of the clean machines; calibration error."""
    scores = np.asarray([r.score for r in seed.recordings if r.recording in members])
    clean = seed.attack[view.clean]
    file_of = view.recording[view.clean]
    files = np.asarray([clean[file_of == file].max() for file in np.unique(file_of)])
    error = float("nan")
    if seed.calibrated:
        attacked = np.flatnonzero(np.isin(view.recording, sorted(members)))
        windows = np.concatenate([attacked, view.clean])
        weight = 1 / np.bincount(view.recording)[view.recording[windows]]
        error = calibration_error(seed.attack[windows], np.arange(len(windows)) < len(attacked), weight)
    return average_precision(scores, clean), average_precision(scores, files), error


def _machine_figures(view: _View, machine: str, windows: np.ndarray, seeds: list[SeedResult]) -> Iterator[Figure]:
    days = len({*zip(view.machine[windows].tolist(), view.day[windows].tolist(), strict=True)})
    measures: tuple[Callable[[SeedResult], float], ...] = (
        lambda seed: float(seed.alerts[windows].sum()) / days,
        lambda seed: len(_findings(view, windows[seed.alerts[windows]], seed)) / days,
    )
    values = [_alert_rate(seeds, windows), *(seed_interval([of(seed) for seed in seeds]) for of in measures)]
    for metric, value in zip(MACHINE_METRICS, values, strict=True):
        yield Figure("clean machine", seeds[0].model, machine, metric, value, len(windows))


def _findings(view: _View, alerted: np.ndarray, seed: SeedResult) -> set[tuple[object, ...]]:
    """Alerts merged: one for each machine, entity, channel, technique and day."""
    return {
        (view.machine[w], view.table.entity[w], view.channel[w], seed.technique[w], view.day[w])
        for w in alerted.tolist()
    }


def _channel_figures(view: _View, seeds: list[SeedResult]) -> Iterator[Figure]:
    """Rates of each channel that has windows to measure them on; those with most come first."""
    measured = view.background | (view.machine >= 0)
    for channel, _ in Counter(view.channel[measured].tolist()).most_common():
        here = np.flatnonzero(measured & (view.channel == channel))
        clean, background = here[view.machine[here] >= 0], here[view.background[here]]
        machines = len(np.unique(view.machine[clean]))
        values = (_alert_rate(seeds, clean), Interval(machines), _alert_rate(seeds, background))
        supports = (len(clean), len(clean), len(background))
        for metric, value, support in zip(CHANNEL_METRICS, values, supports, strict=True):
            yield Figure("channel", seeds[0].model, channel, metric, value, support)


def _alert_rate(seeds: list[SeedResult], windows: np.ndarray) -> Interval:
    """NaN without windows."""
    return seed_interval([float(seed.alerts[windows].mean()) for seed in seeds if len(windows)])


def _name_figures(table: WindowTable, model: str, seeds: list[SeedResult]) -> list[Figure]:
    """Precision and recall of the first technique, and of the first tactic, pooled over seeds."""
    outcomes = [(table.recordings[r.recording], r) for seed in seeds for r in seed.recordings]
    techniques = [(rec.base_techniques, r.named[0] if r.named else "") for rec, r in outcomes]
    tactics = [(frozenset(_tactics_of(rec)), r.tactic) for rec, r in outcomes]
    return [
        *_precision_recall("technique", model, techniques, len(seeds)),
        *_precision_recall("tactic", model, tactics, len(seeds)),
    ]


def _precision_recall(
    section: str, model: str, pairs: list[tuple[frozenset[str], str]], seeds: int
) -> Iterator[Figure]:
    support = Counter(name for true, _ in pairs for name in true)
    named = Counter(first for _, first in pairs if first)
    right = Counter(first for true, first in pairs if first in true)
    known = set(base_labels()) if section == "technique" else support.keys() | named.keys()
    for name in sorted((support.keys() | named.keys()) & known):
        for metric, total in (("precision", named[name]), ("recall", support[name])):
            value = Interval(right[name] / total if total else float("nan"))
            yield Figure(section, model, name, metric, value, support[name] // seeds)
