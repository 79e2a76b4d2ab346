"""Techniques named from frozen embeddings of attack windows, in recordings of datasets left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import InputError
from loglm.evaluation.downstream import attack_scores
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.window_table import WindowTable

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    table = inputs.need("table")
    if not table.is_file():
        raise InputError(f"{table}: no such file; make it with `loglm evaluate attack --data DIR --windows FILE`")
    return [table]


def _score(run: TaskRun) -> Iterator[Score]:
    options = run.options
    table = WindowTable.load(run.inputs.need("table"))
    embedders = run.models.embedders(run.note)
    yield from attack_scores(table, embedders, seeds=options.seeds, windows=options.windows, say=run.say)


TASK = SuiteTask(
    name="attack-windows",
    about="A logistic regression on the mean vector of a window, learned from other datasets than the recording's. "
    "Share of recordings one of whose techniques is among the first named; 95 % bootstrap intervals over recordings.",
    files=_files,
    score=_score,
)
