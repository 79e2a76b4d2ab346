"""Every embedder with every detector on every set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.anomaly.detectors.labelled import CountClassifier, logistic_regression
from loglm.evaluation.anomaly.detectors.simple import CountForest
from loglm.evaluation.anomaly.labelled_sequences import LEARN, TEST, TUNE, LabelledSequences
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.frozen.detectors import VectorDetector
from loglm.evaluation.frozen.measuring import mean_scores, measure_set, why_not
from loglm.evaluation.frozen.vector_sequences import VectorSequences, embed_sequences
from loglm.evaluation.scores import Score

__all__ = ["COUNTS", "SequenceDetectors", "frozen_scores", "sequence_scores"]

COUNTS = {True: "event counts, logistic regression", False: "event counts, Isolation Forest"}
"""Rows without any embedding, with labels and without."""

SequenceDetectors = dict[str, Callable[[int], Any]]
"""By name, a detector of `EventSequences` that learns from labels, by its seed."""


def frozen_scores(
    sets: Iterable[LabelledSequences],
    embedders: Sequence[Embedder],
    detectors: Sequence[VectorDetector],
    *,
    seeds: int,
    say: Callable[[str], None],
    note: Callable[[str], None],
) -> Iterator[Score]:
    """Figures of each detector (a table for each metric), set and model, beside detectors on event counts.

    Args:
        sets: Each is read once.
        embedders: Those of one name are random starts of one model: each seed takes the next.
        detectors: On their vectors.
        seeds: Times that each learns.
        say: Is told what is measured.
        note: Is told which set cannot be.
    """
    found: list[Score] = []
    for data in sets:
        embedded = _embed(data, embedders, seeds)
        for detector in detectors:
            if reason := why_not(data, has_labels=detector.has_labels):
                note(f"{data.name}, {detector.name}: not measured: {reason}")
                continue
            say(f"frozen: {detector.name} on {data.name}")
            task = f"frozen, {detector.name}"
            counts = _count_detector(has_labels=detector.has_labels)
            run = partial(_run, data, counts, has_labels=detector.has_labels, of=data.sequences)
            found += measure_set(task, data, COUNTS[detector.has_labels], run, seeds=range(seeds))
            for name, own in embedded.items():
                run = partial(_run_vectors, data, detector, own)
                found += measure_set(task, data, name, run, seeds=range(seeds))
    yield from found
    yield from mean_scores(found)


def sequence_scores(
    task: str,
    sets: Iterable[LabelledSequences],
    detectors: SequenceDetectors,
    *,
    seeds: int,
    say: Callable[[str], None],
    note: Callable[[str], None],
) -> Iterator[Score]:
    """Figures of detectors that read the texts themselves and learn from labels, beside those on event counts."""
    found: list[Score] = []
    for data in sets:
        if reason := why_not(data, has_labels=True):
            note(f"{data.name}: not measured: {reason}")
            continue
        for name, make in {COUNTS[True]: _count_detector(has_labels=True), **detectors}.items():
            say(f"{task}: {name} on {data.name}")
            run = partial(_run, data, make, has_labels=True, of=data.sequences)
            found += measure_set(task, data, name, run, seeds=range(seeds))
    yield from found
    yield from mean_scores(found)


def _embed(data: LabelledSequences, embedders: Sequence[Embedder], seeds: int) -> dict[str, list[VectorSequences]]:
    found: dict[str, list[VectorSequences]] = {}
    for embedder in embedders:
        if len(found.get(embedder.name, ())) < seeds:
            vectors = embed_sequences(data.sequences, embedder, data.of(LEARN))
            found.setdefault(embedder.name, []).append(vectors)
    return found


def _count_detector(*, has_labels: bool) -> Callable[[int], Any]:
    return partial(CountClassifier, logistic_regression) if has_labels else CountForest


def _run_vectors(
    data: LabelledSequences, detector: VectorDetector, vectors: Sequence[VectorSequences], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    of = vectors[seed % len(vectors)]
    return _run(data, detector.make, seed, has_labels=detector.has_labels, of=of)


def _run(
    data: LabelledSequences,
    make: Callable[[int], Any],
    seed: int,
    *,
    has_labels: bool,
    of: EventSequences | VectorSequences,
) -> tuple[np.ndarray, np.ndarray]:
    detector, learn = make(seed), data.of(LEARN)
    detector.fit(of.take(learn), *([data.is_anomaly[learn]] if has_labels else []))
    return detector.score(of.take(data.of(TUNE))), detector.score(of.take(data.of(TEST)))
