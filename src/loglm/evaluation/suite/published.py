"""SecEncoder's published figures as a column beside those measured here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteTask
from loglm.reports.score_page import PlainTable

__all__ = ["beside_published", "short_number"]

_ABOUT = (
    "What SecEncoder's authors state (Bulut et al. 2024, arXiv:2411.07528) in the column before the last, on what in "
    "the last: other data everywhere, with other protocols. These figures orient, and cannot be beaten or missed by "
    "those beside them."
)
_NONE = "–"
_RAW = ", raw lines"
"""Ends the names of models that are given raw lines."""


def beside_published(scores: Sequence[Score], tasks: Iterable[SuiteTask]) -> PlainTable:
    """One row for each published figure: the means measured here by every model, and the published one."""
    rows = [(task.name, figure, _measured(scores, figure)) for task in tasks for figure in task.published]
    models = list(dict.fromkeys(model for *_, measured in rows for model in measured))
    return PlainTable(
        "Beside SecEncoder's published figures",
        _ABOUT,
        ("task", "figure", "measured here on", *models, "SecEncoder, published", "on other data"),
        [
            (
                *(name, figure.what, _ours(figure) if measured else _NONE),
                *(measured.get(model, _NONE) for model in models),
                *(figure.figure, figure.data),
            )
            for name, figure, measured in rows
        ],
    )


def short_number(value: float) -> str:
    """With fewer digits after the point for large ones; empty for NaN."""
    if value != value:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.3f}"


def _measured(scores: Sequence[Score], figure: PublishedFigure) -> dict[str, str]:
    """Model to mean, where the figure has a place here."""
    return dict(_means(scores, figure))


def _means(scores: Sequence[Score], figure: PublishedFigure) -> Iterator[tuple[str, str]]:
    for score in scores:
        is_there = (score.task, score.data, score.metric) == figure.place and score.model.endswith(figure.suffix)
        if is_there and not score.model.endswith(_RAW) and score.value.mean == score.value.mean:
            yield score.model.removesuffix(figure.suffix), short_number(score.value.mean)


def _ours(figure: PublishedFigure) -> str:
    if figure.place is None:
        return _NONE
    _, data, metric = figure.place
    return metric if data == ALL else f"{data}: {metric}"
