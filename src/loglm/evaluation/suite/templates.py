"""Search and similarity of labelled log lines by template, with frozen embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.corpus.folder import CORPUS_JSON
from loglm.errors import InputError, MissingExtraError
from loglm.evaluation.downstream import template_scores
from loglm.evaluation.drain_pairs import TASK as DRAIN_TASK
from loglm.evaluation.drain_pairs import drain_pair_scores, linux_log, read_drain_lines
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.template_lines import held_out_lines, template_files
from loglm.plurals import plural

__all__ = ["TASK"]

_THEIRS = "Linux system logs, 4,700 queries to 5,400 lines"


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    linux = linux_log(data)
    labelled = [path for _, *paths in template_files(data) for path in paths] + ([] if linux is None else [linux])
    return labelled if inputs.corpus is None else [*labelled, inputs.corpus / CORPUS_JSON]


def _score(run: TaskRun) -> Iterator[Score]:
    data, corpus = run.inputs.need("data"), run.inputs.corpus
    lines = held_out_lines(data, corpus, per_system=run.options.lines, say=run.say)
    systems = ", ".join(sorted({line.system for line in lines}))
    learned = "whether the models learned from them is not checked" if corpus is None else "none of them in the corpus"
    run.note(f"Systems: {systems}; {learned}.")
    yield from template_scores(lines, run.models.embedders(run.note), run.say)
    yield from _drain_scores(run)


def _drain_scores(run: TaskRun) -> Iterator[Score]:
    path = linux_log(run.inputs.need("data"))
    if path is None:
        run.note(f"{DRAIN_TASK}: not measured: no Linux log of Loghub (Linux_full.log or Linux_2k.log)")
        return
    try:
        lines = read_drain_lines(path)
    except (InputError, MissingExtraError) as error:
        run.note(f"{DRAIN_TASK}: not measured: {error}")
        return
    templates = len({line.template for line in lines})
    texts = len({line.text for line in lines})
    run.note(
        f"{path.name}: {plural(len(lines), 'line')}, {plural(texts, 'rendered text')}, {plural(templates, 'template')} "
        "by Drain."
    )
    yield from drain_pair_scores(lines, run.models.embedders(lambda _: None), run.say)


TASK = SuiteTask(
    name="templates",
    about="Lines of Loghub; right is what has the same template. Means over systems, 95 % bootstrap intervals over "
    "lines or pairs. Unequal: one line for each rendered text. Difference: mean cosine of pairs of one template minus "
    "that of other pairs; mean cosine: of any two lines. Drain pairs: 1,000 pairs of one template and 1,000 of two of "
    "Loghub's Linux log, by Drain (depth 4, threshold .4); unequal: lines whose rendered texts differ.",
    files=_files,
    score=_score,
    unranked=frozenset({"mean cosine"}),
    published=(
        PublishedFigure(
            "log similarity, difference of mean cosines",
            ".46",
            "Linux system logs, 1,000 and 1,000 pairs by Drain",
            (DRAIN_TASK, "Linux", "difference"),
        ),
        PublishedFigure("log search by template, MRR", ".76", _THEIRS, ("template search", ALL, "MRR")),
        PublishedFigure("log search by template, MAP", ".69", _THEIRS, ("template search", ALL, "MAP")),
    ),
)
