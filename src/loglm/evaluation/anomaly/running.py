"""Running the benchmark: every detector on every data set, cell by cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.errors import EmptyInputError, InputError, MissingExtraError
from loglm.evaluation.anomaly.altering import ALTERATIONS, Alteration
from loglm.evaluation.anomaly.cells import Cell, CellFolder, cell_key, set_digest
from loglm.evaluation.anomaly.detectors.detector import DetectorKind
from loglm.evaluation.anomaly.figures import METRICS, DetectorScores, find_new, measure
from loglm.evaluation.anomaly.labelled_sequences import LEARN, TEST, TUNE, LabelledSequences, sample_evenly
from loglm.evaluation.anomaly.sets.registry import SetSource
from loglm.evaluation.attack_metrics import Interval, average_precision
from loglm.evaluation.scores import Score

__all__ = ["CHOSEN", "AnomalyBenchmark", "BenchmarkOptions", "SetFacts", "run_anomaly_benchmark"]

CHOSEN = "chosen"
"""Begins the name of the row of the detector that the validation part chose."""
_ALTERED_METRICS = ("PR-AUC", "F1")
_QUICK_SEQUENCES, _QUICK_EVENTS = 600, 300

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BenchmarkOptions:
    """How much is measured."""

    seeds: int = 5
    """Of detectors that chance plays a part in."""
    quick: bool = False
    """600 sequences of a set, 300 events of each."""
    altered: bool = True
    """Whether altered logs are measured too, of the sets that are for that."""


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What a data set holds."""

    name: str
    about: str
    learned: int
    """Normal sequences to learn from."""
    learned_anomalies: int
    """To learn from with labels."""
    tuned: int
    tuned_anomalies: int
    tested: int
    tested_anomalies: int
    new: int
    """Test sequences that are no duplicates of normal ones learned from, or of each other."""
    new_anomalies: int
    texts: int
    events: int
    has_times: bool


@dataclass(frozen=True, slots=True)
class AnomalyBenchmark:
    """What was measured."""

    sets: Sequence[SetFacts]
    scores: Sequence[Score]
    """Task is ``normal only`` or ``labelled``, of altered logs with the alteration after a comma; data is the set."""
    notes: Sequence[str]
    """What could not be measured, and why."""


def run_anomaly_benchmark(
    data: Path,
    sources: Sequence[SetSource],
    kinds: Sequence[DetectorKind],
    options: BenchmarkOptions,
    folder: CellFolder,
    *,
    say: Say,
    show: Callable[[AnomalyBenchmark], None],
) -> AnomalyBenchmark:
    """Measure what is not kept; sets and cells that cannot be measured are noted, and the rest goes on.

    Args:
        data: Folder with the data sets, anywhere below it.
        sources: Data sets.
        kinds: Detectors.
        options: How much.
        folder: Where finished cells are kept.
        say: Is told what is going on.
        show: Is given all that is measured so far, after each set.

    Raises:
        EmptyInputError: No set could be measured; says why.
    """
    result = AnomalyBenchmark((), (), ())
    for source in sources:
        try:
            labelled = source.read(data)
        except InputError as error:
            result = replace(result, notes=(*result.notes, f"{source.name}: not measured: {error}"))
            say(result.notes[-1])
            continue
        if options.quick:
            labelled = sample_evenly(labelled, _QUICK_SEQUENCES, events=_QUICK_EVENTS)
        own = _SetRun(source, labelled, options, folder, say)
        scores = own.measure(kinds)
        result = AnomalyBenchmark((*result.sets, own.facts()), (*result.scores, *scores), (*result.notes, *own.notes))
        show(result)
    if not result.sets:
        raise EmptyInputError(f"nothing could be measured. {'; '.join(result.notes)}")
    return result


class _SetRun:
    """One data set."""

    def __init__(
        self, source: SetSource, data: LabelledSequences, options: BenchmarkOptions, folder: CellFolder, say: Say
    ) -> None:
        self.notes: list[str] = []
        self._source, self._data, self._options, self._folder, self._say = source, data, options, folder, say
        self._digest = set_digest(data)
        learn = data.of(LEARN)
        self._normal = data.sequences.take(learn[~data.is_anomaly[learn]])
        self._labelled = data.sequences.take(learn)
        self._labels = data.is_anomaly[learn]
        self._parts = {"tune": data.sequences.take(data.of(TUNE)), "test": data.sequences.take(data.of(TEST))}
        self._alterations: Sequence[Alteration] = ALTERATIONS if source.is_altered and options.altered else ()

    def facts(self) -> SetFacts:
        data = self._data
        truth = {part: data.is_anomaly[data.of(part)] for part in (LEARN, TUNE, TEST)}
        is_new = find_new(self._normal, self._parts["test"])
        return SetFacts(
            self._source.name,
            self._source.about,
            len(self._normal),
            int(truth[LEARN].sum()),
            len(truth[TUNE]),
            int(truth[TUNE].sum()),
            len(truth[TEST]),
            int(truth[TEST].sum()),
            int(is_new.sum()),
            int(truth[TEST][is_new].sum()),
            len(data.sequences.texts),
            len(data.sequences.flat()[0]),
            data.sequences.times is not None,
        )

    def measure(self, kinds: Sequence[DetectorKind]) -> list[Score]:
        found: list[Score] = []
        measured: dict[str, tuple[DetectorKind, Sequence[Cell]]] = {}
        for kind in kinds:
            try:
                cells = [self._cell(kind, seed) for seed in range(self._options.seeds if kind.is_random else 1)]
            except (InputError, MissingExtraError) as error:
                self.notes.append(f"{self._source.name}: {kind.name} not measured: {error}")
                self._say(self.notes[-1])
            else:
                measured[kind.name] = kind, cells
                found += self._figures(kind, cells)
        for task in dict.fromkeys(kind.task for kind, _ in measured.values()):
            found += self._chosen([(kind, cells) for kind, cells in measured.values() if kind.task == task])
        return found

    def _chosen(self, measured: Sequence[tuple[DetectorKind, Sequence[Cell]]]) -> list[Score]:
        """Figures of the detector with the largest PR-AUC on the validation part; none where that has no anomaly."""
        truth = self._data.is_anomaly[self._data.of(TUNE)]
        if len(measured) < 2 or not truth.any():
            return []

        def pr_auc(cells: Sequence[Cell]) -> float:
            return float(np.mean([average_precision(c.scores["tune"][truth], c.scores["tune"][~truth]) for c in cells]))

        kind, cells = max(measured, key=lambda pair: pr_auc(pair[1]))
        return self._figures(replace(kind, name=f"{CHOSEN}: {kind.name}"), cells)

    def _cell(self, kind: DetectorKind, seed: int) -> Cell:
        name = f"{self._source.name}-{kind.name}-{seed}"
        altered = ",".join(alteration.name for alteration in self._alterations)
        key = cell_key(self._digest, kind.name, seed, kind.task, kind.model, altered)
        kept = self._folder.kept(name, key)
        if kept is None:
            kept = self._run(kind, seed)
            self._folder.keep(name, key, kept)
            self._say(f"{self._source.name}: {kind.name}, seed {seed}: {kept.seconds:.1f} s")
        return kept

    def _run(self, kind: DetectorKind, seed: int) -> Cell:
        started = time.monotonic()
        score = self._fit(kind, seed)
        scores = {part: np.asarray(score(sequences), np.float64) for part, sequences in self._parts.items()}
        seconds = time.monotonic() - started
        harmless = np.bincount(self._normal.flat()[0], minlength=len(self._data.sequences.texts)) > 0
        for alteration in self._alterations:
            altered = alteration.alter(self._parts["test"], harmless, seed=seed)
            scores[alteration.name] = np.asarray(score(altered), np.float64)
        return Cell(scores, seconds)

    def _fit(self, kind: DetectorKind, seed: int) -> Callable[[EventSequences], np.ndarray]:
        detector = kind.make(seed)
        if kind.task == "normal only":
            detector.fit(self._normal)  # type: ignore[call-arg]
        elif self._labels.all() or not self._labels.any():
            raise EmptyInputError("the part to learn from does not hold both normal and anomalous sequences")
        else:
            detector.fit(self._labelled, self._labels)  # type: ignore[call-arg]
        return detector.score

    def _figures(self, kind: DetectorKind, cells: Sequence[Cell]) -> list[Score]:
        data = self._data
        tune_truth, test_truth = (data.is_anomaly[data.of(part)] for part in (TUNE, TEST))
        is_new = find_new(self._normal if kind.task == "normal only" else self._labelled, self._parts["test"])
        tune = np.stack([cell.scores["tune"] for cell in cells])
        found = []
        for part in ("test", *(alteration.name for alteration in self._alterations)):
            task = kind.task if part == "test" else f"{kind.task}, {part}"
            scores = DetectorScores(tune, np.stack([cell.scores[part] for cell in cells]))
            metrics = METRICS if part == "test" else _ALTERED_METRICS
            for metric, value in measure(scores, tune_truth, test_truth, is_new, metrics=metrics).items():
                found.append(Score(task, self._source.name, kind.name, metric, value, len(test_truth)))
        seconds = Interval(float(np.mean([cell.seconds for cell in cells])))
        found.append(Score(kind.task, self._source.name, kind.name, "seconds", seconds, len(test_truth)))
        return found
