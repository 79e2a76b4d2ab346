"""Anomalous sequences of events, found by encoders whose last layer learned from labels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.frozen.embedding_detectors import sequence_scores
from loglm.evaluation.frozen.measuring import MEAN
from loglm.evaluation.frozen.sets import frozen_files, read_frozen_sets
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun

__all__ = ["TASK"]

_TABLE = "fine-tuned last layer"


def _files(inputs: SuiteInputs) -> list[Path]:
    return frozen_files(inputs.need("data"))


def _score(run: TaskRun) -> Iterator[Score]:
    data, options = run.inputs.need("data"), run.options
    detectors = run.models.last_layers(run.note)
    if not detectors:
        raise EmptyInputError("no model with weights to fine-tune, or no torch")
    sets = read_frozen_sets(data, most=options.frozen_sequences, note=run.note)
    found = list(sequence_scores(_TABLE, sets, detectors, seeds=options.seeds, say=run.say, note=run.note))
    if not found:
        raise EmptyInputError(f"{data}: no set with anomalies in the parts that need them")
    yield from found


def _published() -> Iterator[PublishedFigure]:
    """F1 of the `xlarge` size."""
    figures = {
        "hdfs": ("1.00", "HDFS, 25,071 samples"),
        "bgl-windows": (".98", "BGL, 237,397 samples"),
        "thunderbird": (".84", "Thunderbird, 499,998 samples"),
        MEAN: (".84", "mean of seven sets, four of them private"),
    }
    for name, (value, theirs) in figures.items():
        place = (f"{_TABLE}: F1", name, "F1")
        yield PublishedFigure(f"{place[0]}, {name}", value, theirs, place, ", last layer")


TASK = SuiteTask(
    name="last-layer",
    about="The sets of frozen-embeddings, at most 64 tokens of an event. A classifier on "
    "mean and maximum of event vectors and the encoder's last layer learn from labels together, in 60 steps of 16 "
    "sequences; low rank: two thin matrices (rank 8) are added to each of that layer's, which stay as they are. "
    "Threshold: best F1 on the next 20 %. 95 % intervals over seeds and test sequences.",
    files=_files,
    score=_score,
    published=tuple(_published()),
)
