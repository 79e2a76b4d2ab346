"""SecEncoder's figures stand in a column beside ours, and ours are those of the place that they name."""

from __future__ import annotations

import pytest

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.published import beside_published
from loglm.evaluation.suite.registry import TASKS
from loglm.evaluation.suite.task import PublishedFigure, SuiteTask

FIGURE = PublishedFigure("search, MRR", ".76", "their logs", ("search", "all", "MRR"), ", farthest first")
TASK = SuiteTask("templates", "", lambda _: [], lambda _: [], published=(FIGURE,))


def score(model: str, value: float, task: str = "search") -> Score:
    return Score(task, "all", model, "MRR", Interval(value), 10)


def test_means_of_every_model_stand_before_the_published_figure() -> None:
    scores = [
        score("nano, farthest first", 0.5),
        score("nano, at random", 0.9),
        score("nano, farthest first", 0.9, "x"),
    ]
    table = beside_published(scores, [TASK])
    assert table.columns[3:] == ("nano", "SecEncoder, published", "on other data")
    assert table.rows == [("templates", "search, MRR", "MRR", "0.500", ".76", "their logs")]


def test_figures_not_measured_here_stand_alone() -> None:
    table = beside_published([score("nano, farthest first", float("nan"))], [TASK])
    assert table.rows == [("templates", "search, MRR", "–", ".76", "their logs")]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_published_figure_says_what_it_was_measured_on(task: SuiteTask) -> None:
    assert all(figure.data and figure.what for figure in task.published)
