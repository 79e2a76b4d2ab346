"""Recordings with and without a past, attack windows among the others, thresholds apart, differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from labelled_windows import attack_table
from loglm.evaluation.attack_baselines import Fit, Scorer
from loglm.evaluation.attack_benchmark import BenchmarkModel, run_benchmark
from loglm.evaluation.attack_context import attack_windows, context_figures
from loglm.evaluation.attack_summary import Figure
from loglm.evaluation.window_table import WindowTable


def _with_hits() -> WindowTable:
    """Twenty windows a recording, of which the last is the attack's own."""
    table = attack_table()
    for window in range(19, len(table), 20):
        names = sorted(table.recordings[table.recording[window]].techniques)
        table.rules[window] = tuple((4, name + ".001", "rule") for name in names)
    return table


def _given(scores: np.ndarray) -> Fit:
    def fit(_recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        column = labels.index("T1003")
        return lambda windows: (scores[windows], np.eye(len(labels))[np.full(len(windows), column)])

    return fit


def _figures(table: WindowTable, *models: BenchmarkModel) -> dict[tuple[str, str, str], Figure]:
    benchmark = run_benchmark(table, models, seeds=[0], budget=0.05, report=lambda *_: None)
    return {(f.model, f.group, f.metric): f for f in context_figures(table, benchmark)}


def test_attack_windows_have_a_hit_of_the_label_of_medium_or_above() -> None:
    table = _with_hits()
    table.rules[0] = ((4, "T1485", "other"),)
    table.rules[1] = ((2, "T1003", "low"), (2, "T1053", "low"))
    assert np.flatnonzero(attack_windows(table)).tolist() == list(range(19, 20 * 12, 20))


def test_an_attack_window_is_found_when_it_is_among_the_first() -> None:
    table = _with_hits()
    score = np.tile(np.linspace(0.9, 0.1, 20), len(table) // 20)
    first = np.where(attack_windows(table), 0.95, score)
    figures = _figures(table, BenchmarkModel("last", _given(score)), BenchmarkModel("first", _given(first)))
    for name, found in (("last", 0.0), ("first", 1.0)):
        assert figures[name, "long recordings", "found in 2%"].value.mean == found
        assert figures[name, "long recordings", "named in 20%"].value.mean == found / 2  # half show T1003
        assert figures[name, "long recordings", "found in 20%"].support == 12


def test_rows_that_read_rules_are_not_judged_by_them() -> None:
    table = _with_hits()
    figures = _figures(table, BenchmarkModel("rules", _given(np.zeros(len(table))), reads_rules=True))
    assert {group for _, group, _ in figures} == {"with past"}


def test_differences_are_to_the_row_named() -> None:
    table = _with_hits()
    score = np.tile(np.linspace(0.9, 0.1, 20), len(table) // 20)
    better = BenchmarkModel("better", _given(np.where(attack_windows(table), 0.95, score)), against="plain")
    figures = _figures(table, BenchmarkModel("plain", _given(score)), better)
    key = ("long recordings", "found in 5%")
    assert figures["difference to plain", *key].value.mean == 1.0
    assert figures["better", *key].value.mean - figures["plain", *key].value.mean == 1.0


def test_recordings_count_by_whether_a_window_has_a_past() -> None:
    table = _with_hits()
    for window in range(20):
        table.entity[window] = f"host:{window}"
    figures = _figures(table, BenchmarkModel("model", _given(np.zeros(len(table)))))
    support = {group: figure.support for (_, group, _), figure in figures.items()}
    assert support == {"with past": 11, "without past": 1, "long recordings": 12}


def test_alarms_of_their_own_leave_the_ranking_of_techniques() -> None:
    table = _with_hits()
    plain = BenchmarkModel("plain", _given(np.full(len(table), 0.1)))
    alarmed = replace(plain, name="alarmed", alarm=_given(np.where(attack_windows(table), 0.9, 0.1)))
    figures = _figures(table, plain, alarmed)
    for metric, values in {"top-1": (0.5, 0.5), "alerted": (0.0, 1.0), "windows alerting": (0.0, 0.05)}.items():
        found = tuple(figures[name, "with past", metric].value.mean for name in ("plain", "alarmed"))
        assert found == pytest.approx(values)
