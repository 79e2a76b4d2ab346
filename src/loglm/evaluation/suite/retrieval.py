"""Retrieval of the technique that a procedure example shows, with frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE
from loglm.errors import InputError
from loglm.evaluation.event_retrieval import event_scores
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.technique_retrieval import intel_folder, read_queries, retrieval_scores
from loglm.evaluation.window_table import WindowTable

__all__ = ["TASK"]


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    folder = intel_folder(data)
    if folder is None:
        raise InputError(f"{data}: no {OBJECTS_FILE} with {PROCEDURES_FILE} beside it, anywhere below it")
    texts = [folder / OBJECTS_FILE, folder / PROCEDURES_FILE]
    return texts if inputs.table is None else [*texts, inputs.table]


def _score(run: TaskRun) -> Iterator[Score]:
    asked = read_queries(_files(run.inputs)[0].parent, most=run.options.queries)
    run.note(
        f"The newest {len(asked.queries)} of ATT&CK's procedure examples, {len(asked.documents)} techniques; with "
        f"examples: {len(asked.examples):,} older ones. A model whose corpus holds ATT&CK's texts has read most of "
        "them, without what belongs together."
    )
    yield from retrieval_scores(asked, run.models.embedders(run.note))
    if run.inputs.table is None:
        run.note("No --windows FILE was given, so the texts for log events are not measured.")
        return
    table = WindowTable.load(run.inputs.table)
    yield from event_scores(table, _files(run.inputs)[0].parent, run.models.embedders(run.note))


TASK = SuiteTask(
    name="retrieval",
    about="From a procedure example to the technique that ATT&CK gives it, among the descriptions of all techniques "
    "and sub-techniques; a parent is wrong. With examples: a technique is its description and its older examples. "
    "intel: as loglm intel ranks techniques. + BM25, + intel: both rankings fused by reciprocal rank. Unlike older "
    "examples: no older one has a cosine (TF-IDF) of .5 or more with the query. With --windows also from the events of "
    "attack recordings to the technique, sub-techniques taken together; names are learned from other datasets.",
    files=_files,
    score=_score,
)
