"""A stream whose events come late is put in the order that the whole log would be sorted in."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglm.anomaly.table import EventTable
from loglm.context import stream_order
from loglm.context.steps import Step
from loglm.context.stream_order import StreamOrder

LATENESS_S = 30.0
HOST = ("host", "a")


def numbers(order: StreamOrder, steps: list[Step]) -> list[int]:
    gone = [waiting.number for step in steps for waiting in order.add(HOST, step)]
    return gone + [waiting.number for waiting in order.flush()]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 5)), min_size=1, max_size=60), st.integers(0, 2**16))
def test_late_events_leave_in_the_order_of_the_sorted_log(rows: list[tuple[int, int]], seed: int) -> None:
    rng = random.Random(seed)
    steps = [Step(key, 0, 0, float(time), number) for number, (time, key) in enumerate(rows)]
    arriving = sorted(steps, key=lambda step: (step.time or 0.0) + rng.uniform(0, LATENESS_S - 1e-6))
    arriving = [step._replace(number=number) for number, step in enumerate(arriving)]
    expected = [step.number for step in sorted(arriving, key=lambda s: (s.time, s.key, s.number))]
    assert numbers(StreamOrder(LATENESS_S), arriving) == expected


@pytest.mark.parametrize("lateness_s", [0.0, 5.0])
def test_events_without_time_stay_where_a_table_puts_them(lateness_s: float) -> None:
    times = [1.0, None, 1.0, 2.0, None, None, 9.0]
    steps = [Step(7 - n, 0, 0, time, n) for n, time in enumerate(times)]
    table = EventTable()
    table.times.extend(float("nan") if time is None else time for time in times)
    table.keys.extend(step.key for step in steps)
    assert numbers(StreamOrder(lateness_s), steps) == table.in_time().tolist()


def test_an_event_waits_until_the_stream_is_so_much_further() -> None:
    order = StreamOrder(5.0)
    assert order.add(HOST, Step(1, 0, 0, 100.0, 0)) == []
    assert order.add(HOST, Step(1, 0, 0, 105.0, 1)) == []
    assert [waiting.number for waiting in order.add(HOST, Step(1, 0, 0, 105.5, 2))] == [0]


def test_a_clock_that_was_ahead_lets_order_begin_anew() -> None:
    order = StreamOrder(5.0)
    year_s = 365 * 86_400.0
    order.add(HOST, Step(1, 0, 0, 5 * year_s, 0))
    assert [waiting.number for waiting in order.add(HOST, Step(1, 0, 0, 100.0, 1))] == [0]
    assert order.add(HOST, Step(1, 0, 0, 99.0, 2)) == []
    assert [waiting.number for waiting in order.flush()] == [2, 1]


def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_order, "MOST_WAITING", 10)
    order = StreamOrder(1e6)
    gone = [waiting.number for n in range(50) for waiting in order.add(HOST, Step(n, 0, 0, float(n), n))]
    assert gone == list(range(40)) and len(order) == 10
    assert order.released_early == 40
