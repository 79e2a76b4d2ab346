"""A suite as one HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import ALL, Score, summary_scores
from loglm.evaluation.suite.facts import SuiteFacts, TaskFacts
from loglm.evaluation.suite.folder import Suite
from loglm.evaluation.suite.published import beside_published, short_number
from loglm.evaluation.suite.task import SuiteTask
from loglm.plurals import plural
from loglm.reports.page_parts import PageFact
from loglm.reports.score_page import PlainTable, ScoreCell, ScoreColumn, ScorePage, ScoreTable
from loglm.reports.times import duration

__all__ = ["suite_page"]


def suite_page(suite: Suite, tasks: Sequence[SuiteTask]) -> ScorePage:
    """The page of what is measured so far.

    Args:
        suite: Facts and scores.
        tasks: All that there are, to say how each is measured.
    """
    facts = suite.facts
    known = {task.name: task for task in tasks}
    measured = [about for about in facts.tasks if not about.reason]
    rows = len({score.model for score in suite.scores})
    lead = f"{plural(len(measured), 'task')}, {plural(rows, 'row')} of models and baselines, {facts.created} UTC"
    return ScorePage(
        title="LogLM evaluation",
        lead=lead,
        facts=_facts(facts),
        scores=[table for about in measured for table in _tables(known[about.name], about, suite.scores)],
        footer=f"Made by LogLM {facts.loglm_version}. Green: the best mean of a column; where intervals overlap, that "
        "says little. All figures, of each system and source too, are in scores.csv.",
        tables=[table for table in _plain_tables(suite, known) if table.rows],
    )


def _facts(facts: SuiteFacts) -> list[PageFact]:
    seconds = sum(task.seconds for task in facts.tasks)
    return [
        PageFact("LogLM", facts.loglm_version),
        PageFact("Models", ", ".join(model.name for model in facts.models)),
        *(PageFact(name.capitalize(), value) for name, value in facts.inputs.items()),
        PageFact("Time", duration(seconds), "to measure"),
    ]


def _tables(task: SuiteTask, about: TaskFacts, scores: Sequence[Score]) -> Iterator[ScoreTable]:
    shown = summary_scores([score for score in scores if score.task in about.tables])
    for number, title in enumerate(dict.fromkeys(score.task for score in shown)):
        own = [score for score in shown if score.task == title]
        is_last = number == len(about.tables) - 1
        yield _table(task, title, own, task.about if number == 0 else "", about.notes if is_last else ())


def _table(task: SuiteTask, title: str, scores: Sequence[Score], about: str, notes: Sequence[str]) -> ScoreTable:
    columns = list(dict.fromkeys((score.data, score.metric) for score in scores))
    values = {(score.model, score.data, score.metric): score.value for score in scores}
    best = {column: _best(task, column, values) for column in columns}
    return ScoreTable(
        title[:1].upper() + title[1:],
        about,
        [ScoreColumn("" if data == ALL else data, metric, _direction(task, metric)) for data, metric in columns],
        [
            (model, [_cell(values.get((model, *column)), best[column]) for column in columns])
            for model in dict.fromkeys(score.model for score in scores)
        ],
        notes,
    )


def _best(task: SuiteTask, column: tuple[str, str], values: Mapping[tuple[str, str, str], Interval]) -> float | None:
    """The best mean of a column; None where metrics are not ranked, or there is one model."""
    means = [value.mean for (_, *place), value in values.items() if tuple(place) == column]
    if len(means) < 2 or column[1] in task.unranked:
        return None
    return min(means) if column[1] in task.low_is_good else max(means)


def _direction(task: SuiteTask, metric: str) -> str:
    if metric in task.unranked:
        return ""
    return "lower is better" if metric in task.low_is_good else "higher is better"


def _cell(value: Interval | None, best: float | None) -> ScoreCell | None:
    if value is None:
        return None
    interval = "" if value.low != value.low else f"{short_number(value.low)} to {short_number(value.high)}"
    return ScoreCell(short_number(value.mean), interval, value.mean == best)


def _plain_tables(suite: Suite, known: Mapping[str, SuiteTask]) -> Iterator[PlainTable]:
    facts = suite.facts
    yield PlainTable(
        "Not measured",
        "",
        ("task", "reason"),
        [(task.name, task.reason) for task in facts.tasks if task.reason],
    )
    yield beside_published(suite.scores, known.values())
    yield PlainTable(
        "Models",
        "Checksums: of a model folder's manifest, of a run's weights and description.",
        ("model", "kind", "version", "sha256"),
        [(model.name, model.kind, model.version, model.sha256) for model in facts.models],
    )
    yield PlainTable(
        "Data",
        "The files that each task reads, with a checksum of their names and contents, and one of LogLM's code.",
        ("task", "files", "bytes", "sha256", "code", "measured", "time"),
        [
            (
                *(task.name, f"{task.data.files:,}", f"{task.data.size_bytes:,}", task.data.sha256),
                *(task.code[:12], task.measured, duration(task.seconds)),
            )
            for task in facts.tasks
            if task.data is not None
        ],
    )
    settings = {**facts.options, **{f"{name} (package)": version for name, version in facts.packages.items()}}
    yield PlainTable(
        "Options and packages", "", ("name", "value"), [(key, str(value)) for key, value in settings.items()]
    )
