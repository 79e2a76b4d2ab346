"""Figures in the tables of the command line."""

from __future__ import annotations

import math

import pytest

from loglm.cli.score_tables import shown_figure, shown_interval
from loglm.evaluation.attack_metrics import Interval


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Interval(math.nan), ""),
        (Interval(math.nan, 0.1, 0.2), ""),
        (Interval(0.5), "0.500"),
        (Interval(0.5, 0.25, 0.75), "0.500 (0.250-0.750)"),
        (Interval(1234.5, 1000.0, 2000.0), "1,234 (1,000-2,000)"),
    ],
)
def test_an_interval_is_empty_where_nothing_was_measured(value: Interval, shown: str) -> None:
    assert shown_interval(value) == shown


def test_a_figure_has_the_format_asked_for() -> None:
    assert [shown_figure(value, "+.1%") for value in (0.123, -0.5, math.nan)] == ["+12.3%", "-50.0%", ""]
