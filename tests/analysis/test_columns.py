"""Columns of events: kinds are found from the values."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.analysis.columns import Column, read_columns
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource

SOURCE = LogSource("shop")
COUNT = 200


def kinds(name: str, values: list[object]) -> Column:
    events = [
        LogEvent("", SourceLocation("a"), SOURCE, {} if value is None else {name: value}, action="sale")
        for value in values
    ]
    return next(column for column in read_columns(events) if column.name == name)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        pytest.param("currency", ["EUR", "USD"] * 100, "categorical", id="words"),
        pytest.param("status", [200, 404] * 100, "categorical", id="few numbers are codes"),
        pytest.param("bytes", [int(10**x) for x in RNG.uniform(0, 7, COUNT)], "numeric", id="amounts"),
        pytest.param("ratio", [round(x, 2) for x in RNG.uniform(0, 1, COUNT).tolist()], "numeric", id="fractions"),
        pytest.param("basket", list(range(70_000, 70_200)), "identifier", id="numbers that only grow"),
        pytest.param("ticket", RNG.permutation(90_000)[:COUNT].tolist(), "identifier", id="numbers of one size"),
        pytest.param("cart", [f"c{n:x}k" for n in range(COUNT)], "identifier", id="words that never repeat"),
        pytest.param("pid", [7, 8] * 100, "identifier", id="what the masked view hides"),
        pytest.param("shop", ["main"] * COUNT, "constant", id="one value"),
        pytest.param("remark", [f"customer {n} asked for a refund" for n in range(COUNT)], "text", id="sentences"),
        pytest.param("coupon", ["x", *[None] * 1_999], "sparse", id="hardly ever there"),
        pytest.param("gift", ["x", None] * 100, "categorical", id="there or not"),
    ],
)
def test_kind_is_found(name: str, values: list[object], kind: str) -> None:
    assert kinds(name, values).kind == kind


def test_values_stand_for_each_event() -> None:
    assert list(kinds("gift", ["x", None, True, 3]).values) == ["x", "", "true", "3"]


def test_entities_are_columns_only_where_no_field_says_them() -> None:
    events = [
        LogEvent("", SourceLocation("a"), SOURCE, {"acct": user}, "said", user=user, host=host)
        for user, host in (("ann", "web1"), ("bob", "web2"))
    ]
    assert {column.name for column in read_columns(events)} == {"acct", "host", "log source", "message"}


def test_numbers_of_a_column_have_gaps() -> None:
    np.testing.assert_equal(Column("n", "numeric", ["1.5", "", "-2"]).numbers(), [1.5, np.nan, -2])


def test_number_of_columns_has_a_bound() -> None:
    events = [LogEvent("", SourceLocation("a"), SOURCE, {f"key {n}": "x", "own": "y"}) for n in range(1_000)]
    columns = read_columns(events)
    assert len(columns) == 256
    assert {"own", "log source"} < {column.name for column in columns}


def test_no_events_have_no_columns() -> None:
    assert read_columns([]) == []
