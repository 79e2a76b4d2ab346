"""Retrieval of the technique that a procedure example shows, with frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE
from loglm.errors import InputError
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.technique_retrieval import intel_folder, read_queries, retrieval_scores

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    folder = intel_folder(data)
    if folder is None:
        raise InputError(f"{data}: no {OBJECTS_FILE} with {PROCEDURES_FILE} beside it, anywhere below it")
    return [folder / OBJECTS_FILE, folder / PROCEDURES_FILE]


def _score(run: TaskRun) -> Iterator[Score]:
    asked = read_queries(_files(run.inputs)[0].parent, most=run.options.queries)
    run.note(
        f"The newest {len(asked.queries)} of ATT&CK's procedure examples, {len(asked.documents)} techniques. A model "
        "whose corpus holds ATT&CK's texts has read both, without what belongs together."
    )
    yield from retrieval_scores(asked, run.models.embedders(run.note))


TASK = SuiteTask(
    name="retrieval",
    about="From a procedure example to the technique that ATT&CK gives it, among the descriptions of all techniques "
    "and sub-techniques; a parent is wrong. + BM25: both rankings fused by reciprocal rank.",
    files=_files,
    score=_score,
)
