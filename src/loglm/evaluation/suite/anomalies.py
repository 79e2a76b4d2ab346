"""Anomalies in HDFS blocks and BGL lines, by the distance of frozen embeddings to the nearest normal sequence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.block_and_line_sets import anomaly_files, read_anomaly_sets
from loglm.evaluation.downstream import anomaly_scores
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import SuiteInputs, SuiteTask, TaskRun

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    found = anomaly_files(data)
    if not found:
        raise EmptyInputError(
            f"{data}: no anomaly set; expected hdfs_lines.log, hdfs_line_block.txt and block_labels.csv, or "
            "BGL_5000.log and BGL_2k.log, anywhere below it"
        )
    return found


def _score(run: TaskRun) -> Iterator[Score]:
    sets = read_anomaly_sets(run.inputs.need("data"), most=run.options.anomaly_sequences)
    yield from anomaly_scores(sets, run.models.embedders(run.note), run.say)


TASK = SuiteTask(
    name="anomalies",
    about="Distance to the nearest sequence of the earlier, normal ones, beside the share of unseen events. 95 % "
    "bootstrap intervals over sequences. No duplicates: test sequences unlike all learned from and each other.",
    files=_files,
    score=_score,
)
