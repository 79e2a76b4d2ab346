"""Figures of models on tasks: one form for all tables, how it is written as CSV and read back."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from loglm.errors import InputError
from loglm.evaluation.attack_metrics import Interval, seed_interval

__all__ = ["ALL", "COLUMNS", "Score", "join_seeds", "read_scores", "summary_scores", "write_scores"]

ALL = "all"
"""What a figure of all systems or sources together is of."""
COLUMNS = ("task", "data", "model", "metric", "mean", "low", "high", "items")
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Score:
    """One figure of one model."""

    task: str
    data: str
    """System or set, ``set/source`` for a part of a set, or `ALL`."""
    model: str
    metric: str
    value: Interval
    items: int
    """What the figure rests on: queries, pairs, sequences, recordings or tokens."""

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What it is a figure of: task, data, model and metric."""
        return self.task, self.data, self.model, self.metric


def join_seeds(scores: Iterable[Score]) -> list[Score]:
    """Figures of one model from several random starts as one, with a 95 % t interval over them; others as they are."""
    groups: dict[tuple[str, str, str, str], list[Score]] = {}
    for score in scores:
        groups.setdefault(score.place, []).append(score)
    return [
        group[0]
        if len(group) == 1
        else Score(*place, seed_interval([score.value.mean for score in group]), group[0].items)
        for place, group in groups.items()
    ]


def summary_scores(scores: Sequence[Score]) -> list[Score]:
    """Those that a table shows: of a task with figures of all its data together these alone, and no parts of sets.

    Figures without a mean are left out.
    """
    joined = {score.task for score in scores if score.data == ALL}
    whole = [s for s in scores if (s.data == ALL if s.task in joined else "/" not in s.data)]
    return [score for score in whole if score.value.mean == score.value.mean]


def write_scores(file: TextIO, scores: Iterable[Score]) -> None:
    """Write a table of `COLUMNS`; numbers that are not there are empty."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for score in scores:
        figures = ["" if value != value else round(value, _DIGITS) for value in asdict(score.value).values()]
        writer.writerow([score.task, score.data, score.model, score.metric, *figures, score.items])


def read_scores(path: Path) -> list[Score]:
    """Read what `write_scores` wrote.

    Raises:
        InputError: The file cannot be read, or is no such table.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            if tuple(next(rows, ())) != COLUMNS:
                raise InputError(f"{path}: no table of scores; expected the columns {', '.join(COLUMNS)}")
            return [_parse(row) for row in rows]
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({error}); measure again with `loglm evaluate suite`") from error


def _parse(row: Sequence[str]) -> Score:
    task, data, model, metric, *numbers, items = row
    return Score(task, data, model, metric, Interval(*(float(n) if n else math.nan for n in numbers)), int(items))
