"""Figures of the attack benchmark, from what every fold said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.attack.catalog import technique as technique_of
from loglm.evaluation.attack_benchmark import FoldResult, RecordingResult, base_labels
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_metrics import Interval, bootstrap_interval, seed_interval
from loglm.evaluation.window_table import WindowTable

__all__ = ["ALL", "NOT_DUPLICATE", "NOT_SIGMA", "RECORDING_METRICS", "Figure", "summarise"]

ALL = "all"
NOT_SIGMA = "without sigma-regression"
NOT_DUPLICATE = "without duplicates"
RECORDING_METRICS = ("top-1", "top-3", "tactic", "alerted", "right and alerted")

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
    """Recordings, or windows of the clean machine."""


def summarise(table: WindowTable, results: Sequence[FoldResult]) -> list[Figure]:
    """All figures. Recordings are those of the first machine fold; both folds' clean machines are shown."""
    first = results[0].machine
    figures: list[Figure] = []
    for model in dict.fromkeys(result.model for result in results):
        own = [result for result in results if result.model == model]
        main = [result for result in own if result.machine == first]
        for group, folds, keep in _groups(main):
            figures += _recording_figures(table, model, group, folds, keep)
        for machine in dict.fromkeys(result.machine for result in own):
            figures += _clean_figures(table, model, [result for result in own if result.machine == machine])
        figures += _name_figures(table, model, main)
    return figures


def _groups(main: list[FoldResult]) -> Iterator[tuple[str, list[FoldResult], Callable[[int], bool]]]:
    duplicates = frozenset[int]().union(*(fold.duplicates for fold in main))
    yield ALL, main, lambda _: True
    yield NOT_SIGMA, [fold for fold in main if fold.dataset != "sigma-regression"], lambda _: True
    yield NOT_DUPLICATE, main, lambda recording: recording not in duplicates
    for dataset in dict.fromkeys(fold.dataset for fold in main):
        yield dataset, [fold for fold in main if fold.dataset == dataset], lambda _: True


def _recording_figures(
    table: WindowTable, model: str, group: str, folds: list[FoldResult], keep: Callable[[int], bool]
) -> list[Figure]:
    by_seed: dict[int, list[tuple[bool, ...]]] = defaultdict(list)
    for fold in folds:
        for result in fold.recordings:
            if keep(result.recording):
                by_seed[fold.seed].append(_verdict(table.recordings[result.recording], result, fold.threshold))
    if not by_seed:
        return []
    values = np.asarray(list(by_seed.values()), float)
    support = values.shape[1]
    figures = [
        Figure("recordings", model, group, metric, bootstrap_interval(values[:, :, i]), support)
        for i, metric in enumerate(RECORDING_METRICS)
    ]
    if group != NOT_DUPLICATE:
        for metric, of in _FOLD_METRICS:
            figures.append(Figure("recordings", model, group, metric, _over_seeds(folds, of), support))
    return figures


_FOLD_METRICS: tuple[tuple[str, Callable[[FoldResult], float]], ...] = (
    ("PR-AUC windows", lambda fold: fold.precision_windows),
    ("PR-AUC files", lambda fold: fold.precision_files),
    ("ECE", lambda fold: fold.calibration),
)


def _over_seeds(folds: list[FoldResult], of: Callable[[FoldResult], float]) -> Interval:
    """Means over left-out datasets, weighted by their recordings, of each seed."""
    seeds = sorted({fold.seed for fold in folds})
    means = []
    for seed in seeds:
        part = [fold for fold in folds if fold.seed == seed]
        means.append(float(np.average([of(f) for f in part], weights=[len(f.recordings) for f in part])))
    return seed_interval(means)


def _verdict(recording: Recording, result: RecordingResult, threshold: float) -> tuple[bool, ...]:
    """In the order of `RECORDING_METRICS`."""
    right = [name in recording.base_techniques for name in result.named]
    first = any(right[:1])
    alerted = result.score >= threshold
    return first, any(right), result.tactic in _tactics_of(recording), alerted, first and alerted


def _tactics_of(recording: Recording) -> set[str]:
    if recording.tactics:
        return recording.tactics
    entries = (technique_of(name) for name in recording.base_techniques)
    return {tactic for entry in entries if entry for tactic in entry.tactics}


def _clean_figures(table: WindowTable, model: str, folds: list[FoldResult]) -> list[Figure]:
    windows = folds[0].clean.windows
    machine = folds[0].machine
    days = len({_day(table, w) for w in windows})
    measures: tuple[tuple[str, Callable[[FoldResult], float]], ...] = (
        ("false-positive rate", lambda fold: float(_alerts(fold).mean())),
        ("alerts per host-day", lambda fold: float(_alerts(fold).sum()) / days),
        ("findings per host-day", lambda fold: len(_findings(table, fold)) / days),
    )
    figures = [
        Figure("clean machine", model, machine, metric, _over_seeds(folds, of), len(windows)) for metric, of in measures
    ]
    channels = np.asarray([table.channel[w] for w in windows])
    for channel, count in Counter(channels.tolist()).most_common():
        here = np.flatnonzero(channels == channel)
        value = _over_seeds(folds, lambda fold, here=here: float(_alerts(fold)[here].mean()))  # type: ignore[misc]
        figures.append(Figure("channel", model, f"{machine} {channel}", "false-positive rate", value, count))
    return figures


def _alerts(fold: FoldResult) -> np.ndarray:
    result: np.ndarray = fold.clean.attack >= fold.threshold
    return result


def _findings(table: WindowTable, fold: FoldResult) -> set[tuple[str, str, int, int]]:
    """Alerts merged: one for each entity, channel, technique and day."""
    alerted = np.flatnonzero(_alerts(fold))
    pairs = zip(fold.clean.windows[alerted], fold.clean.technique[alerted], strict=True)
    return {(table.entity[w], table.channel[w], int(name), _day(table, w)) for w, name in pairs}


def _day(table: WindowTable, window: int) -> int:
    start = table.start[window]
    return -1 if np.isnan(start) else int(start // _DAY_S)


def _name_figures(table: WindowTable, model: str, folds: list[FoldResult]) -> list[Figure]:
    """Precision and recall of the first technique, and of the first tactic, pooled over seeds."""
    seeds = len({fold.seed for fold in folds})
    outcomes = [(table.recordings[r.recording], r) for fold in folds for r in fold.recordings]
    techniques = [(rec.base_techniques, r.named[0] if r.named else "") for rec, r in outcomes]
    tactics = [(frozenset(_tactics_of(rec)), r.tactic) for rec, r in outcomes]
    return [
        *_precision_recall("technique", model, techniques, seeds),
        *_precision_recall("tactic", model, tactics, seeds),
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
