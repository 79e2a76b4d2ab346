"""Scores of models as tables on the terminal: one a task, models as rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loglm.evaluation.attack_metrics import Interval
    from loglm.evaluation.scores import Score

__all__ = ["print_score_tables", "shown_figure", "shown_interval"]

_WIDTH = 200


def print_score_tables(scores: Sequence[Score]) -> None:
    """Print the figures of all data together, or of each set."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from loglm.evaluation.scores import ALL, summary_scores
    from loglm.reports.sanitize import one_line

    shown = summary_scores(scores)
    for task in dict.fromkeys(score.task for score in shown):
        own = [score for score in shown if score.task == task]
        columns = list(dict.fromkeys((score.data, score.metric) for score in own))
        titles = (metric if data == ALL else f"{data}\n{metric}" for data, metric in columns)
        table = Table("model", *map(escape, titles), title=escape(task))
        for model in dict.fromkeys(score.model for score in own):
            cells = {(score.data, score.metric): shown_interval(score.value) for score in own if score.model == model}
            table.add_row(escape(one_line(model)), *(cells.get(column, "") for column in columns))
        Console(width=_WIDTH).print(table)


def shown_interval(value: Interval) -> str:
    """Mean and interval, with fewer digits after the point for large ones; empty for a mean that was not measured."""
    digits = 0 if abs(value.mean) >= 1_000 else 1 if abs(value.mean) >= 10 else 3
    mean = shown_figure(value.mean, f",.{digits}f")
    if not mean or math.isnan(value.low):
        return mean
    return f"{mean} ({value.low:,.{digits}f}-{value.high:,.{digits}f})"


def shown_figure(value: float, form: str = ".3f") -> str:
    """A figure in a format; empty for NaN, which stands for what was not measured."""
    return "" if math.isnan(value) else format(value, form)
