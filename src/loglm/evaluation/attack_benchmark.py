"""Naming techniques in recordings of a dataset never learned from, and false alarms on a machine never met.

Protocol. Windows recordings labelled with techniques, from six datasets (`DATASETS`); one dataset is left out, models
learn from the other five, and name techniques without their sub-technique number. A recording's ranking is the mean,
over its eight windows of highest p(attack), of p(attack) p(technique | attack); it is right at k when one of its
labelled techniques is among the first k. Techniques that the five datasets never show count all the same. Each seed
after the first learns from nine tenths of the recordings, drawn without replacement.

Clean machines have three roles (`MACHINE_FOLDS`): some are learned from, some fix the threshold (one for all log
channels: a share of their windows may alert), and one, of neither role, is measured. In the second fold the first and
the last swap. None of them runs Sysmon, so false alarms on Sysmon are not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.attack.catalog import technique as technique_of
from loglm.attack.catalog import techniques
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_baselines import Fit
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_metrics import alert_threshold, average_precision, calibration_error, recording_ranking
from loglm.evaluation.window_table import WindowTable

__all__ = [
    "DATASETS",
    "MACHINE_FOLDS",
    "SIGMA_THRESHOLD",
    "BenchmarkModel",
    "CleanResult",
    "FoldResult",
    "MachineFold",
    "RecordingResult",
    "base_labels",
    "is_used",
    "run_benchmark",
    "select_recordings",
]

DATASETS = (
    "evtx-attack-samples",
    "evtx-to-mitre-attack",
    "open-xp-rules",
    "security-datasets",
    "sigma-regression",
    "splunk-attack-data",
)
SIGMA_THRESHOLD = 0.6
"""Level medium in fifths: a rule that fires needs no threshold from clean machines."""


@dataclass(frozen=True, slots=True)
class MachineFold:
    """Roles of the clean machines; names are folders below ``benign-windows``."""

    train: tuple[str, ...]
    threshold: tuple[str, ...]
    test: str


_THRESHOLD_MACHINES = ("plaso", "python-evtx", "velocidex-evtx")
MACHINE_FOLDS = (
    MachineFold(("omerbenamram-evtx",), _THRESHOLD_MACHINES, "dfir-museum-win11-rathbunvm"),
    MachineFold(("dfir-museum-win11-rathbunvm",), _THRESHOLD_MACHINES, "omerbenamram-evtx"),
)


@dataclass(frozen=True, slots=True)
class BenchmarkModel:
    """A row of the table."""

    name: str
    fit: Fit
    threshold: float | None = None
    """Alert at this score; None: the threshold comes from clean machines."""
    learns: bool = True
    """False: the same whatever the seed and the left-out dataset, so it is run once."""
    calibrated: bool = True
    """False: scores are no probabilities, and have no calibration error."""


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """What a model said of one recording of the left-out dataset."""

    recording: int
    named: tuple[str, ...]
    """First three base techniques, best first; fewer where the model names fewer."""
    tactic: str
    """Shortname of the tactic of highest score, empty where no technique was named."""
    score: float
    """Highest p(attack) of its windows."""


@dataclass(frozen=True, slots=True)
class CleanResult:
    """What a model said of the clean machine's windows."""

    windows: np.ndarray
    attack: np.ndarray
    technique: np.ndarray
    """int (w,): column of the first technique."""


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One model, seed, machine fold and left-out dataset."""

    model: str
    seed: int
    machine: str
    dataset: str
    threshold: float
    recordings: tuple[RecordingResult, ...]
    clean: CleanResult
    precision_windows: float
    """PR-AUC of recordings against windows of the clean machine; of recordings the highest window counts."""
    precision_files: float
    """The same against files of the clean machine."""
    calibration: float
    """Expected calibration error of p(attack) over windows, each file of equal weight; NaN without probabilities."""
    duplicates: frozenset[int]
    """Recordings of which half the windows or more are, event for event, also among those learned from."""


def base_labels() -> tuple[str, ...]:
    """Techniques of ATT&CK that are no sub-techniques, sorted: what models may name."""
    return tuple(name for name, entry in techniques().items() if entry.parent is None)


def is_used(recording: Recording) -> bool:
    """Whether a recording has a part in the benchmark: labelled attacks of the six datasets, and clean machines."""
    if recording.dataset == "benign-windows":
        return recording.kind == "benign"
    return recording.dataset in DATASETS and recording.kind == "attack" and bool(recording.base_techniques)


def select_recordings(table: WindowTable, keep: Collection[int]) -> WindowTable:
    """The table of some recordings only, renumbered in their order, with only the texts that they hold."""
    order = sorted(keep)
    number = {recording: i for i, recording in enumerate(order)}
    windows = [w for w, recording in enumerate(table.recording) if recording in number]
    rows = [table.rows[w] for w in windows]
    used = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int32)
    return WindowTable(
        [table.recordings[i] for i in order],
        [table.texts[i] for i in used],
        [np.searchsorted(used, row).astype(np.int32) for row in rows],
        [number[table.recording[w]] for w in windows],
        [table.channel[w] for w in windows],
        [table.entity[w] for w in windows],
        [table.start[w] for w in windows],
        [table.rules[w] for w in windows],
        [table.events[i] for i in order],
    )


def run_benchmark(
    table: WindowTable,
    models: Sequence[BenchmarkModel],
    *,
    seeds: int,
    budget: float,
    swap: bool,
    report: Callable[[FoldResult], None],
) -> list[FoldResult]:
    """Fit and measure each model with each left-out dataset and seed.

    Args:
        table: Only recordings that are used (`is_used`, `select_recordings`).
        models: Rows of the table.
        seeds: Number of seeds, from 0.
        budget: Share of the windows of threshold machines that may alert.
        swap: With the first seed, also run the second machine fold.
        report: Called after each fit.

    Raises:
        EmptyInputError: A clean machine, or all the datasets, are not in the table.
    """
    plan = [(MACHINE_FOLDS[0], seed) for seed in range(seeds)] + ([(MACHINE_FOLDS[1], 0)] if swap else [])
    splits = _Splits(table)
    results = []
    for dataset in splits.datasets:
        for machines, seed in plan:
            for model in models:
                if model.learns or seed == 0:
                    results.append(_measure(splits, model, machines, dataset, seed, budget))
                    report(results[-1])
    return results


class _Splits:
    """Which recordings and windows belong to which dataset or machine."""

    def __init__(self, table: WindowTable) -> None:
        self.table = table
        self.labels = base_labels()
        self.windows: dict[int, list[int]] = {}
        for window, recording in enumerate(table.recording):
            self.windows.setdefault(recording, []).append(window)
        self.members: dict[str, list[int]] = {}
        for recording in self.windows:
            entry = table.recordings[recording]
            group = entry.dataset if entry.kind == "attack" else entry.environment.rpartition("/")[2]
            self.members.setdefault(group, []).append(recording)
        self.datasets = [name for name in DATASETS if name in self.members]
        machines = {name for fold in MACHINE_FOLDS for name in (*fold.train, *fold.threshold, fold.test)}
        missing = sorted(machines - self.members.keys())
        if missing or len(self.datasets) < 2:
            raise EmptyInputError(f"nothing read of {', '.join(missing) or 'the labelled datasets'}; see --data")

    def learned(self, dataset: str, machines: MachineFold, seed: int) -> frozenset[int]:
        """Recordings to learn from: nine tenths of the other datasets' after the first seed, and clean machines."""
        attack = [r for name in self.datasets if name != dataset for r in self.members[name]]
        if seed:
            attack = np.random.default_rng(seed).permutation(attack)[: len(attack) * 9 // 10].tolist()
        return frozenset(attack) | {r for name in machines.train for r in self.members[name]}

    def windows_of(self, recordings: Collection[int]) -> np.ndarray:
        return np.asarray([w for r in recordings for w in self.windows[r]], np.int64)

    def duplicates(self, recordings: Collection[int], learned: Collection[int]) -> frozenset[int]:
        known = {self.table.rows[w].tobytes() for r in learned for w in self.windows[r]}
        shares = {r: np.mean([self.table.rows[w].tobytes() in known for w in self.windows[r]]) for r in recordings}
        return frozenset(r for r, share in shares.items() if share >= 0.5)


def _measure(
    splits: _Splits, model: BenchmarkModel, machines: MachineFold, dataset: str, seed: int, budget: float
) -> FoldResult:
    learned = splits.learned(dataset, machines, seed)
    tested = splits.members[dataset]
    parts = [
        splits.windows_of(tested),
        splits.windows_of([r for name in machines.threshold for r in splits.members[name]]),
        splits.windows_of(splits.members[machines.test]),
    ]
    attack, technique = model.fit(learned, splits.labels, seed)(np.concatenate(parts))
    bounds = np.cumsum([len(part) for part in parts])
    clean = CleanResult(parts[2], attack[bounds[1] :], technique[bounds[1] :].argmax(axis=1))
    place = {int(window): i for i, window in enumerate(parts[0])}
    outcomes = []
    for recording in tested:
        rows = [place[w] for w in splits.windows[recording]]
        ranking = recording_ranking(attack[rows], technique[rows])
        outcomes.append(_outcome(recording, ranking, float(attack[rows].max()), splits.labels))
    scores = np.asarray([outcome.score for outcome in outcomes])
    file_of = np.asarray(splits.table.recording)[parts[2]]
    files = np.asarray([clean.attack[file_of == file].max() for file in np.unique(file_of)])
    return FoldResult(
        model=model.name,
        seed=seed,
        machine=machines.test,
        dataset=dataset,
        threshold=alert_threshold(attack[bounds[0] : bounds[1]], budget)
        if model.threshold is None
        else model.threshold,
        recordings=tuple(outcomes),
        clean=clean,
        precision_windows=average_precision(scores, clean.attack),
        precision_files=average_precision(scores, files),
        calibration=_calibration(splits.table, parts, attack, bounds) if model.calibrated else float("nan"),
        duplicates=splits.duplicates(tested, learned),
    )


def _calibration(table: WindowTable, parts: Sequence[np.ndarray], attack: np.ndarray, bounds: np.ndarray) -> float:
    files = np.asarray(table.recording)[np.concatenate([parts[0], parts[2]])]
    score = np.concatenate([attack[: bounds[0]], attack[bounds[1] :]])
    truth = np.arange(len(files)) < len(parts[0])
    return calibration_error(score, truth, 1 / np.bincount(files)[files])


def _outcome(recording: int, ranking: np.ndarray, score: float, labels: Sequence[str]) -> RecordingResult:
    best = np.argsort(-ranking, kind="stable")[:3]
    named = tuple(labels[i] for i in best if ranking[i] > 0)
    tactics = tactic_scores({labels[int(i)]: float(ranking[i]) for i in np.flatnonzero(ranking)})
    return RecordingResult(recording, named, max(tactics, key=lambda name: tactics[name], default=""), score)


def tactic_scores(ranking: Mapping[str, float]) -> dict[str, float]:
    """Scores of tactics: each technique's is shared evenly among its tactics."""
    scores: dict[str, float] = {}
    for name, value in ranking.items():
        entry = technique_of(name)
        for tactic in entry.tactics if entry else ():
            scores[tactic] = scores.get(tactic, 0.0) + value / len(entry.tactics if entry else ())
    return scores
