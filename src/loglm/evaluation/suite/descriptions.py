"""Search of log lines by what people say that they mean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.described_lines import TASK as TABLE
from loglm.evaluation.described_lines import (
    cluster_descriptions,
    description_files,
    description_scores,
    read_described_lines,
)
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun

__all__ = ["TASK"]

_THEIRS = "Linux system logs, clusters of descriptions by GPT-4"


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    found = description_files(data)
    if not found:
        raise EmptyInputError(f"{data}: no described lines; expected *.ini in a folder wazuh_ruleset or ossec below it")
    return found


def _score(run: TaskRun) -> Iterator[Score]:
    lines = read_described_lines(_files(run.inputs))
    clusters = cluster_descriptions([line.description for line in lines])
    run.note(
        f"{len(lines):,} lines, {len({line.description for line in lines}):,} descriptions, {len(set(clusters)):,} "
        "clusters; whether a model learned from the lines is not checked (without the descriptions)."
    )
    yield from description_scores(lines, run.models.embedders(run.note), run.say)


TASK = SuiteTask(
    name="descriptions",
    about="Lines that test rules of OSSEC and Wazuh, one for each rendered text; right is what people described in "
    "like words: the rules' own descriptions, clustered by TF-IDF. 95 % bootstrap intervals over lines asked.",
    files=_files,
    score=_score,
    published=(
        PublishedFigure("log search by description cluster, MRR", ".32", _THEIRS, (TABLE, ALL, "MRR")),
        PublishedFigure("log search by description cluster, MAP", ".22", _THEIRS, (TABLE, ALL, "MAP")),
    ),
)
