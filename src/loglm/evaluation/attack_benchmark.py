"""Naming techniques in recordings of a dataset never learned from, and false alarms on machines never met.

Protocol. Windows recordings labelled with techniques, from six datasets (`DATASETS`), and five clean machines
(`MACHINES`). Each of six folds leaves out one dataset and, but for the last, one machine; models learn from all other
datasets and machines. So every recording and every machine is scored once a seed, by a model that never saw it. Each
seed after the first learns from nine tenths of the attack recordings, drawn without replacement.

Models name techniques without their sub-technique number. A recording's ranking is the mean, over its eight windows
of highest p(attack), of p(attack) p(technique | attack); it is right at k when one of its labelled techniques is among
the first k. Techniques that the other datasets never show count all the same.

Thresholds are cross-fitted: those of a fold, one for each log channel (`channel_thresholds`), come from what the
models of the other folds said of their own left-out windows. A share of the clean windows may alert; in a channel of
which these folds have hardly a window, only what is above all clean windows does. Where a channel has background,
windows of attack recordings all of whose events recur under four or more sets of labels, a tenth of it may. Background
is not clean data: some of it may be attack, and a rate of alerts on it is no false-positive rate. It has no rule hits
by definition, so that rules alone never alert on it. Some channels, Sysmon among them, are all but absent from the
clean machines, so that background is nearly all there is to go by.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.attack.catalog import technique as technique_of
from loglm.attack.catalog import techniques
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_background import background_windows
from loglm.evaluation.attack_baselines import Fit
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_metrics import channel_thresholds, recording_ranking
from loglm.evaluation.window_table import WindowTable

__all__ = [
    "DATASETS",
    "MACHINES",
    "SIGMA_THRESHOLD",
    "Benchmark",
    "BenchmarkModel",
    "RecordingResult",
    "SeedResult",
    "base_labels",
    "is_used",
    "joined",
    "machine_of",
    "refuse_missing",
    "run_benchmark",
    "select_recordings",
    "select_windows",
]

DATASETS = (
    "evtx-attack-samples",
    "evtx-to-mitre-attack",
    "open-xp-rules",
    "security-datasets",
    "sigma-regression",
    "splunk-attack-data",
)
"""Fold i leaves out dataset i."""

MACHINES = (
    "dfir-museum-win11-rathbunvm",
    "omerbenamram-evtx",
    "plaso",
    "python-evtx",
    "velocidex-evtx",
)
"""Fold i leaves out machine i; names are folders below ``benign-windows``."""

SIGMA_THRESHOLD = 0.6
"""Level medium in fifths: a rule that fires needs no threshold from clean machines."""


@dataclass(frozen=True, slots=True)
class BenchmarkModel:
    """A row of the table."""

    name: str
    fit: Fit
    threshold: float | None = None
    """Alert at this score in every channel; None: thresholds are cross-fitted."""
    learns: bool = True
    """False: the same whatever the seed and the fold, so it is run with one seed."""
    calibrated: bool = True
    """False: scores are no probabilities, and have no calibration error."""
    alarm: Fit | None = None
    """What alarms come from, where that is not `fit`, which then ranks techniques alone."""
    limits_of_fit: bool = False
    """Thresholds are set on what `fit` says, whatever alarms come from."""
    reads_rules: bool = False
    """Its scores rest on rule hits, so that these cannot tell how good they are."""
    against: str = ""
    """Row that it is compared with, recording by recording."""


@dataclass(frozen=True, slots=True)
class RecordingResult:
    """What a model that never saw its dataset said of one recording."""

    recording: int
    named: tuple[str, ...]
    """First three base techniques, best first; fewer where the model names fewer."""
    tactic: str
    """Shortname of the tactic of highest score, empty where no technique was named."""
    score: float
    """Highest p(attack) of its windows."""
    alerted: bool
    """One of its windows is at or above its threshold."""


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What one model, fitted once a fold, said of every window and recording."""

    model: str
    seed: int
    calibrated: bool
    attack: np.ndarray
    """float32 (windows,): p(attack), by the fold that left the window out."""
    technique: np.ndarray
    """int32 (windows,): column of the first technique in `base_labels`."""
    alerts: np.ndarray
    """bool (windows,): at or above the threshold of fold and channel."""
    recordings: tuple[RecordingResult, ...]
    """Attack recordings, in the order of the table."""
    reads_rules: bool = False
    against: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """All results, and what the table itself says of its windows and recordings."""

    results: tuple[SeedResult, ...]
    background: np.ndarray
    """bool (windows,): see `loglm.evaluation.attack_background`."""
    duplicates: frozenset[int]
    """Attack recordings of which half the windows or more are, event for event, also in another fold."""


def base_labels() -> tuple[str, ...]:
    """Techniques of ATT&CK that are no sub-techniques, sorted: what models may name."""
    return tuple(name for name, entry in techniques().items() if entry.parent is None)


def is_used(recording: Recording) -> bool:
    """Whether a recording has a part in the benchmark: labelled attacks of the datasets, and the clean machines."""
    if recording.dataset == "benign-windows":
        return recording.kind == "benign" and machine_of(recording) in MACHINES
    return recording.dataset in DATASETS and recording.kind == "attack" and bool(recording.base_techniques)


def refuse_missing(recordings: Collection[Recording]) -> None:
    """Check that there is something to leave out and something to learn from.

    Raises:
        EmptyInputError: There is nothing of one of the machines, or of all the datasets but one.
    """
    datasets = {recording.dataset for recording in recordings if recording.kind == "attack"}
    machines = {machine_of(recording) for recording in recordings if recording.kind == "benign"}
    missing = [f"benign-windows/{name}" for name in MACHINES if name not in machines]
    if len(datasets) < 2:
        missing.append(f"at least two of the datasets {', '.join(DATASETS)}")
    if missing:
        raise EmptyInputError(f"the data folder lacks recordings, in labels.csv or as files: {'; '.join(missing)}")


def machine_of(recording: Recording) -> str:
    """The machine of a clean recording: its folder."""
    return recording.environment.rpartition("/")[2]


def select_recordings(table: WindowTable, keep: Collection[int]) -> WindowTable:
    """The table of some recordings only, renumbered in their order, with only the texts that they hold."""
    wanted = set(keep)
    return _selected(table, sorted(wanted), [w for w, number in enumerate(table.recording) if number in wanted])


def select_windows(table: WindowTable, windows: Sequence[int]) -> WindowTable:
    """The table with some of its windows only, in this order, all recordings, and only the texts that are left."""
    return _selected(table, range(len(table.recordings)), windows)


def run_benchmark(
    table: WindowTable,
    models: Sequence[BenchmarkModel],
    *,
    seeds: Sequence[int],
    budget: float,
    report: Callable[[str, int, int], None],
) -> Benchmark:
    """Fit each model with each seed and fold, and score what the fold leaves out.

    Args:
        table: Only recordings that are used (`is_used`, `select_recordings`).
        models: Rows of the table.
        seeds: Which; models that do not learn run with seed 0 only.
        budget: Share of clean windows that may alert.
        report: Called after each fit with model, number of the fold and seed.

    Raises:
        EmptyInputError: A clean machine, or all the datasets but one, are not in the table.
    """
    folds = _Folds(table)
    background = background_windows(table, np.arange(len(table)))
    results: list[SeedResult] = []
    for seed in seeds:
        running = [model for model in models if model.learns or seed == 0]
        parts: dict[str, list[_Part]] = {model.name: [] for model in running}
        for fold in folds.numbers:
            for model in running:
                parts[model.name].append(_score(folds, model, fold, seed))
                report(model.name, fold, seed)
        results += [_seed_result(folds, model, seed, parts[model.name], background, budget) for model in running]
    return Benchmark(tuple(results), background, folds.duplicates())


def joined(parts: Iterable[Benchmark]) -> Benchmark:
    """The results of the same table and models with different seeds, as of one call of `run_benchmark`."""
    found = list(parts)
    results = sorted((result for part in found for result in part.results), key=lambda result: result.seed)
    return Benchmark(tuple(results), found[0].background, found[0].duplicates)


def _selected(table: WindowTable, recordings: Sequence[int], windows: Sequence[int]) -> WindowTable:
    number = {recording: i for i, recording in enumerate(recordings)}
    rows = [table.rows[w] for w in windows]
    used = np.unique(np.concatenate(rows)) if rows else np.zeros(0, np.int32)
    return WindowTable(
        [table.recordings[i] for i in recordings],
        [table.texts[i] for i in used],
        [np.searchsorted(used, row).astype(np.int32) for row in rows],
        [number[table.recording[w]] for w in windows],
        [table.channel[w] for w in windows],
        [table.entity[w] for w in windows],
        [table.start[w] for w in windows],
        [table.rules[w] for w in windows],
        [table.events[i] for i in recordings],
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What a model said of the windows that its fold left out."""

    windows: np.ndarray
    attack: np.ndarray
    fitted: np.ndarray
    """The same by `BenchmarkModel.fit`, which differs where alarms come from elsewhere."""
    technique: np.ndarray
    rankings: dict[int, np.ndarray]
    """Attack recording -> float (C,)."""


class _Folds:
    """Which recordings and windows each fold leaves out."""

    def __init__(self, table: WindowTable) -> None:
        self.table = table
        self.labels = base_labels()
        self.recording = np.asarray(table.recording)
        refuse_missing([table.recordings[i] for i in np.unique(self.recording)])
        self.attack = np.asarray([recording.kind == "attack" for recording in table.recordings])
        """bool (recordings,)"""
        self.of_recording = np.asarray([_fold_of(recording) for recording in table.recordings])
        self.of_window = self.of_recording[self.recording]
        self.clean = ~self.attack[self.recording]
        self.numbers: list[int] = np.unique(self.of_window).tolist()

    def learned(self, fold: int, seed: int) -> frozenset[int]:
        """Recordings of the other folds; after the first seed nine tenths of the attack recordings among them."""
        others = self.of_recording != fold
        attack = np.flatnonzero(others & self.attack)
        if seed:
            attack = np.random.default_rng(seed).permutation(attack)[: len(attack) * 9 // 10]
        return frozenset([*attack.tolist(), *np.flatnonzero(others & ~self.attack).tolist()])

    def duplicates(self) -> frozenset[int]:
        """Attack recordings of which half the windows or more are also in another fold."""
        folds_of: dict[bytes, set[int]] = {}
        for row, fold in zip(self.table.rows, self.of_window.tolist(), strict=True):
            folds_of.setdefault(row.tobytes(), set()).add(fold)
        elsewhere = np.asarray([len(folds_of[row.tobytes()]) > 1 for row in self.table.rows])
        count = len(self.table.recordings)
        windows, seen = (np.bincount(self.recording, weights, count) for weights in (None, elsewhere))
        return frozenset(np.flatnonzero(self.attack & (windows > 0) & (seen >= windows / 2)).tolist())


def _fold_of(recording: Recording) -> int:
    if recording.kind == "attack":
        return DATASETS.index(recording.dataset)
    return MACHINES.index(machine_of(recording))


def _score(folds: _Folds, model: BenchmarkModel, fold: int, seed: int) -> _Part:
    windows = np.flatnonzero(folds.of_window == fold)
    learned = folds.learned(fold, seed)
    attack, technique = model.fit(learned, folds.labels, seed)(windows)
    attack = fitted = attack.astype(np.float32)
    recording = folds.recording[windows]
    rankings = {}
    for number in np.unique(recording[folds.attack[recording]]).tolist():
        own = np.flatnonzero(recording == number)
        rankings[number] = recording_ranking(attack[own], technique[own])
    if model.alarm is not None:
        attack = model.alarm(learned, folds.labels, seed)(windows)[0].astype(np.float32)
    return _Part(windows, attack, fitted, technique.argmax(axis=1).astype(np.int32), rankings)


def _seed_result(
    folds: _Folds, model: BenchmarkModel, seed: int, parts: list[_Part], background: np.ndarray, budget: float
) -> SeedResult:
    attack, fitted = np.zeros((2, len(folds.table)), np.float32)
    technique = np.zeros(len(folds.table), np.int32)
    for part in parts:
        attack[part.windows] = part.attack
        fitted[part.windows] = part.fitted
        technique[part.windows] = part.technique
    alerts = attack >= _thresholds(folds, model, fitted if model.limits_of_fit else attack, background, budget)
    score = np.zeros(len(folds.table.recordings), np.float32)
    np.maximum.at(score, folds.recording, attack)
    alerted = np.bincount(folds.recording, alerts, len(score)) > 0
    rankings = {number: ranking for part in parts for number, ranking in part.rankings.items()}
    recordings = tuple(
        _outcome(number, rankings[number], folds.labels, float(score[number]), bool(alerted[number]))
        for number in sorted(rankings)
    )
    return SeedResult(
        model.name, seed, model.calibrated, attack, technique, alerts, recordings, model.reads_rules, model.against
    )


def _thresholds(
    folds: _Folds, model: BenchmarkModel, attack: np.ndarray, background: np.ndarray, budget: float
) -> np.ndarray:
    """float32 (windows,), as scores are: those of a fold come from the windows of the others."""
    if model.threshold is not None:
        return np.full(len(attack), model.threshold, np.float32)
    channel = np.asarray(folds.table.channel, object)
    thresholds = np.zeros(len(attack), np.float32)
    for fold in folds.numbers:
        own = folds.of_window == fold
        fitted = channel_thresholds(attack[~own], channel[~own], folds.clean[~own], background[~own], share=budget)
        thresholds[own] = [fitted.of(name) for name in channel[own]]
    return thresholds


def _outcome(
    recording: int, ranking: np.ndarray, labels: Sequence[str], score: float, alerted: bool
) -> RecordingResult:
    best = np.argsort(-ranking, kind="stable")[:3]
    named = tuple(labels[i] for i in best if ranking[i] > 0)
    tactics = _tactic_scores({labels[int(i)]: float(ranking[i]) for i in np.flatnonzero(ranking)})
    return RecordingResult(recording, named, max(tactics, key=lambda name: tactics[name], default=""), score, alerted)


def _tactic_scores(ranking: Mapping[str, float]) -> dict[str, float]:
    """Scores of tactics: each technique's is shared evenly among its tactics."""
    scores: dict[str, float] = {}
    for name, value in ranking.items():
        entry = technique_of(name)
        for tactic in entry.tactics if entry else ():
            scores[tactic] = scores.get(tactic, 0.0) + value / len(entry.tactics if entry else ())
    return scores
