"""Subsampling of labelled log lines: how varied ten of two thousand are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from loglm.evaluation.diverse_lines import MEAN, WITH_VALUES, diversity_scores, read_line_tables
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.template_lines import template_files

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    return [path for _, *paths in template_files(inputs.need("data")) for path in paths]


def _score(run: TaskRun) -> Iterator[Score]:
    tables = read_line_tables(run.inputs.need("data"))
    yield from diversity_scores(tables, run.models.embedders(run.note), seeds=run.options.seeds, say=run.say)


def _published(
    title: str, metric: str, figures: Sequence[float], baselines: tuple[float, float]
) -> Iterator[PublishedFigure]:
    """Of each of five tables and their mean; beside the mean that of random choice and of TF-IDF with centres."""
    tables = ("identity", "sign-in", "alert info", "device events", "Windows")
    for table, figure in zip(tables, figures, strict=False):
        yield PublishedFigure(f"2,000 to 10 logs, {title}", f"{figure:,.0f}", f"{table} logs")
    yield PublishedFigure(
        f"2,000 to 10 logs, {title}, mean",
        f"{figures[-1]:,.0f} (random {baselines[0]:,.0f}, TF-IDF {baselines[1]:,.0f})",
        "those five tables",
        (f"subsampling, {title}", MEAN, metric),
        WITH_VALUES,
    )


TASK = SuiteTask(
    name="subsampling",
    about="Ten lines of each of Loghub's tables of at most 2,000. Unique entities: values of the table's columns, and "
    "words of the message that the template leaves open. Models begin at the centre and go on with the farthest text; "
    "with unseen values, as loglm subsample does, with the one of those nearly as far that shows most values not shown "
    "yet. Random: ten seeds; k-means: as many as heads have; t intervals over them.",
    files=_files,
    score=_score,
    published=(
        *_published("unique entities", "entities", (648, 122, 71, 201, 104, 229.2), (210.2, 205.2)),
        *_published("mean Levenshtein distance", "distance", (1_635, 997, 251, 3_894, 142, 1_383.8), (622.8, 803.8)),
    ),
)
