"""Search and similarity of labelled log lines by template, with frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.corpus.folder import CORPUS_JSON
from loglm.evaluation.downstream import template_scores
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.template_lines import held_out_lines, template_files

__all__ = ["TASK"]

_THEIRS = "Linux system logs, 4,700 queries to 5,400 lines"


def _files(inputs: SuiteInputs) -> list[Path]:
    labelled = [path for _, *paths in template_files(inputs.need("data")) for path in paths]
    return labelled if inputs.corpus is None else [*labelled, inputs.corpus / CORPUS_JSON]


def _score(run: TaskRun) -> Iterator[Score]:
    data, corpus = run.inputs.need("data"), run.inputs.corpus
    lines = held_out_lines(data, corpus, per_system=run.options.lines, say=run.say)
    systems = ", ".join(sorted({line.system for line in lines}))
    learned = "whether the models learned from them is not checked" if corpus is None else "none of them in the corpus"
    run.note(f"Systems: {systems}; {learned}.")
    yield from template_scores(lines, run.models.embedders(run.note), run.say)


TASK = SuiteTask(
    name="templates",
    about="Lines of Loghub; right is what has the same template. Means over systems, 95 % bootstrap intervals over "
    "lines or pairs. Unequal: one line for each rendered text. Difference: mean cosine of pairs of one template minus "
    "that of other pairs; mean cosine: of any two lines.",
    files=_files,
    score=_score,
    unranked=frozenset({"mean cosine"}),
    published=(
        PublishedFigure("log search by template, MRR", ".76", _THEIRS, ("template search", ALL, "MRR")),
        PublishedFigure("log search by template, MAP", ".69", _THEIRS, ("template search", ALL, "MAP")),
    ),
)
