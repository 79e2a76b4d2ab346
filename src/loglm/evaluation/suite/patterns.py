"""Outliers in labelled tables: how many of the five events most unlike the others are anomalies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.outlier_tables import outlier_files, outlier_scores_of_models, read_outlier_tables
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun

__all__ = ["TASK"]

_TABLES_A_SEED = 4


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    found = outlier_files(data)
    if not found:
        raise EmptyInputError(
            f"{data}: no log with labelled lines; expected BGL_2k.log or Thunderbird_19k.log anywhere below it"
        )
    return found


def _score(run: TaskRun) -> Iterator[Score]:
    number = _TABLES_A_SEED * run.options.seeds
    tables = read_outlier_tables(run.inputs.need("data"), tables=number, note=run.note)
    yield from outlier_scores_of_models(tables, run.models.embedders(run.note), run.say)


TASK = SuiteTask(
    name="patterns",
    about="Four tables a seed of each log: 500 normal lines that follow each other, and five anomalous ones of as many "
    "kinds as there are, without label, severity and time. Share of the five most unlike events that are anomalous; "
    "95 % bootstrap intervals over tables. Label encoding: an Isolation Forest on all columns in alphabetical order.",
    files=_files,
    score=_score,
    published=(
        PublishedFigure("top-5 anomalies correct, embeddings", ".57", "tables of Microsoft Sentinel"),
        PublishedFigure("top-5 anomalies correct, hybrid", ".71", "tables of Microsoft Sentinel"),
    ),
)
