"""Two suites side by side: differences, intervals that do not touch, and what the figures rest on."""

from __future__ import annotations

from dataclasses import replace

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.comparing import Change, compare_suites
from loglm.evaluation.suite.facts import DataFacts, ModelFacts, SuiteFacts, TaskFacts
from loglm.evaluation.suite.folder import Suite

FACTS = SuiteFacts(
    loglm_version="0.1.0",
    created="2026-01-02 03:04:05",
    inputs={"data": "logs"},
    options={"lines": 500},
    packages={"numpy": "2.4"},
    models=[ModelFacts("nano", "model", "1", "a" * 64)],
    tasks=[TaskFacts("templates", data=DataFacts(4, 1_000, "b" * 64))],
)


def suite(facts: SuiteFacts = FACTS, **values: Interval) -> Suite:
    return Suite(facts, [Score("similarity", "all", "nano", metric, value, 10) for metric, value in values.items()])


def test_differences_are_second_minus_first() -> None:
    found = compare_suites(
        suite(AUC=Interval(0.5, 0.4, 0.6), MRR=Interval(0.5, 0.4, 0.6), MAP=Interval(0.2)),
        suite(AUC=Interval(0.75, 0.7, 0.8), MRR=Interval(0.55, 0.5, 0.6), MAP=Interval(0.1)),
    )
    assert [round(d.difference, 3) for d in found.differences] == [0.25, 0.05, -0.1]
    assert [d.apart for d in found.differences] == [True, False, None]


def test_figures_of_one_suite_alone_are_named() -> None:
    found = compare_suites(suite(AUC=Interval(0.5), MRR=Interval(float("nan"))), suite(MRR=Interval(0.5)))
    assert not found.differences
    assert [place[-1] for place in found.only_first] == ["AUC"]
    assert [place[-1] for place in found.only_second] == ["MRR"]


def test_changes_are_of_models_data_options_and_code() -> None:
    other = replace(
        FACTS,
        loglm_version="0.2.0",
        options={"lines": 50},
        packages={},
        models=[ModelFacts("nano", "model", "1", "c" * 64)],
        tasks=[TaskFacts("templates", data=DataFacts(4, 1_000, "d" * 64))],
    )
    found = compare_suites(suite(), suite(other))
    assert [change.what for change in found.changes] == [
        *("loglm", "model nano", "data of templates", "option lines", "package numpy")
    ]
    assert found.changes[0] == Change("loglm", "0.1.0", "0.2.0")
    assert found.changes[-1] == Change("package numpy", "2.4", "none")


def test_a_suite_of_another_day_is_the_same() -> None:
    assert not compare_suites(suite(), suite(replace(FACTS, created="2026-02-03 04:05:06"))).changes
