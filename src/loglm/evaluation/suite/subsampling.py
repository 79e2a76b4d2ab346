"""Subsampling of labelled log lines: how varied ten of two thousand are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.evaluation.diverse_lines import diversity_scores, read_line_tables
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.template_lines import template_files

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    return [path for _, *paths in template_files(inputs.need("data")) for path in paths]


def _score(run: TaskRun) -> Iterator[Score]:
    tables = read_line_tables(run.inputs.need("data"))
    yield from diversity_scores(tables, run.models.embedders(run.note), seeds=run.options.seeds, say=run.say)


TASK = SuiteTask(
    name="subsampling",
    about="Ten lines of each of Loghub's tables of at most 2,000. Unique entities: values of the table's columns, and "
    "words of the message that the template leaves open. Models begin at the centre and go on with the farthest text. "
    "Random: ten seeds; k-means: as many as heads have; t intervals over them.",
    files=_files,
    score=_score,
    published=(
        PublishedFigure("2,000 to 10 logs, unique entities, mean of 5 tables (random)", "229 (210)"),
        PublishedFigure("2,000 to 10 logs, Levenshtein distance, mean of 5 tables (random)", "1,384 (623)"),
    ),
)
