"""Anomalous sequences of events, found by detectors on frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.frozen.detectors import isolation_forest
from loglm.evaluation.frozen.embedding_detectors import frozen_scores
from loglm.evaluation.frozen.measuring import MEAN
from loglm.evaluation.frozen.sets import frozen_files, read_frozen_sets
from loglm.evaluation.frozen.vector_sequences import reduced
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun

__all__ = ["TASK"]

_SPARSE = "TF-IDF"


def _files(inputs: SuiteInputs) -> list[Path]:
    return frozen_files(inputs.need("data"))


def _score(run: TaskRun) -> Iterator[Score]:
    data, options = run.inputs.need("data"), run.options
    embedders = [
        reduced(embedder) if embedder.name == _SPARSE else embedder
        for embedder in run.models.embedders(run.note)
        if not embedder.reads_raw
    ]
    detectors = [*run.models.vector_detectors(run.note), isolation_forest()]
    sets = read_frozen_sets(data, most=options.frozen_sequences, note=run.note)
    found = list(frozen_scores(sets, embedders, detectors, seeds=options.frozen_seeds, say=run.say, note=run.note))
    if not found:
        raise EmptyInputError(f"{data}: no set with anomalies in the parts that need them")
    yield from found


def _published() -> Iterator[PublishedFigure]:
    """F1 of the `large` size, by detector: HDFS, BGL, Thunderbird and the mean of all seven."""
    figures = {
        "LSTM": (1.0, 0.51, 0.69, 0.84),
        "graph network": (1.0, 0.97, 0.93, 0.91),
        "contrastive graph network": (0.81, 0.14, 0.16, 0.48),
        "Isolation Forest": (0.25, 0.25, 0.12, 0.25),
    }
    sets = {
        "hdfs": "HDFS, 25,071 samples",
        "bgl-windows": "BGL, 237,397 samples",
        "thunderbird": "Thunderbird, 499,998 samples",
        MEAN: "mean of seven sets, four of them private",
    }
    for detector, values in figures.items():
        for (name, theirs), value in zip(sets.items(), values, strict=True):
            table = f"frozen, {detector}: F1"
            yield PublishedFigure(f"{table}, {name}", f"{value:.2f}", theirs, (table, name, "F1"))


TASK = SuiteTask(
    name="frozen-embeddings",
    about="Sequences of Loghub, OpenStack and microservices, at most 32 events of each, evenly. The LSTM reads event "
    "vectors and the time between them; the graph network joins the closest 1 % of a sequence's pairs of events. "
    "Without labels: CONAD's contrastive scheme on the graph that joins the closest 1 % of pairs of mean vectors, and "
    "Isolation Forest. The first 60 % are learned from, the next 20 % give the threshold (best F1 there), the last "
    "20 % are measured on. TF-IDF's vectors are cut to 192 numbers. 95 % intervals over seeds and test sequences; no "
    "duplicates: test sequences unlike all learned from and each other.",
    files=_files,
    score=_score,
    published=tuple(_published()),
)
