"""Two suites side by side: what differs in models, data and code, and what became of each figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.suite.facts import SuiteFacts
from loglm.evaluation.suite.folder import Suite
from loglm.plurals import plural

__all__ = ["Change", "Comparison", "Difference", "compare_suites"]

_NONE = "none"
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Change:
    """Something that figures depend on and that is not the same in both."""

    what: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that both have."""

    task: str
    data: str
    model: str
    metric: str
    first: Interval
    second: Interval
    difference: float
    """Second minus first."""
    apart: bool | None
    """Whether the intervals do not touch; None where one has none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of two suites."""

    changes: Sequence[Change]
    differences: Sequence[Difference]
    only_first: Sequence[tuple[str, str, str, str]]
    """Task, data, model and metric of figures that the second lacks."""
    only_second: Sequence[tuple[str, str, str, str]]


def compare_suites(first: Suite, second: Suite) -> Comparison:
    """Compare figures of one task, data, model name and metric; in the order of the first suite.

    Figures without a mean are none.
    """
    ours, theirs = (
        {score.place: score.value for score in suite.scores if score.value.mean == score.value.mean}
        for suite in (first, second)
    )
    return Comparison(
        list(_changes(first.facts, second.facts)),
        [_difference(place, value, theirs[place]) for place, value in ours.items() if place in theirs],
        [place for place in ours if place not in theirs],
        [place for place in theirs if place not in ours],
    )


def _difference(place: tuple[str, str, str, str], first: Interval, second: Interval) -> Difference:
    bounds = (first.low, first.high, second.low, second.high)
    apart = None if any(x != x for x in bounds) else first.high < second.low or second.high < first.low
    return Difference(*place, first, second, second.mean - first.mean, apart)


def _changes(first: SuiteFacts, second: SuiteFacts) -> Iterator[Change]:
    for part, of in _PARTS.items():
        ours, theirs = of(first), of(second)
        for name in {**ours, **theirs}:
            if ours.get(name) != theirs.get(name):
                what = f"{part} {name}" if name else part
                yield Change(what, ours.get(name, _NONE), theirs.get(name, _NONE))


def _models(facts: SuiteFacts) -> dict[str, str]:
    return {model.name: f"{model.version} sha256 {model.sha256[:_SHORT]}".strip() for model in facts.models}


def _data(facts: SuiteFacts) -> dict[str, str]:
    return {
        task.name: ", ".join(
            (
                plural(task.data.files, "file"),
                plural(task.data.size_bytes, "byte"),
                f"sha256 {task.data.sha256[:_SHORT]}",
            )
        )
        for task in facts.tasks
        if task.data is not None
    }


def _code(facts: SuiteFacts) -> dict[str, str]:
    return {task.name: f"sha256 {task.code[:_SHORT]}" for task in facts.tasks if task.code}


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


_PARTS: dict[str, Callable[[SuiteFacts], dict[str, str]]] = {
    "loglm": lambda facts: {"": facts.loglm_version},
    "model": _models,
    "data of": _data,
    "code of": _code,
    "option": lambda facts: _texts(facts.options),
    "package": lambda facts: _texts(facts.packages),
}
