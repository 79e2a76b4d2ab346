"""How many events two baselines share, counted or estimated from a sample."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.learned_events import LearnedEvents
from loglm.anomaly.table import EventTable


def table_of(times: np.ndarray, keys: np.ndarray) -> EventTable:
    table = EventTable(names=[("host", "web1")])
    table.times.extend(times.tolist())
    table.keys.extend(keys.tolist())
    table.entities.extend([0] * len(times))
    return table


def learned(first: int, last: int) -> LearnedEvents:
    """Events with a number each, one a second."""
    numbers = np.arange(first, last)
    return LearnedEvents.of(table_of(numbers.astype(np.float64), numbers.astype(np.uint64)), np.arange(last - first))


def test_of_small_baselines_shared_events_are_counted() -> None:
    assert learned(0, 1_000).shared(learned(900, 3_000)) == 100
    assert learned(0, 1_000).shared(learned(1_000, 3_000)) == 0


def test_of_large_baselines_shared_events_are_estimated() -> None:
    """Of 80,000 events 8,192 or fewer are looked at, among them about 2 x 1,024 of the 10,000 that both have: five
    standard errors of that are .16 of it."""
    first, second = learned(0, 40_000), learned(30_000, 70_000)
    assert not first.is_whole
    assert first.shared(second) == pytest.approx(10_000, rel=0.16)
    assert first.joined(second).timed == pytest.approx(70_000, rel=0.03)
    assert first.shared(learned(40_000, 80_000)) == 0


def test_copies_of_an_event_count_each() -> None:
    two, three = (LearnedEvents.of(table_of(np.zeros(n), np.ones(n, np.uint64)), np.arange(n)) for n in (2, 3))
    assert two.shared(three) == 2
    assert three.has_all_of(two)
    assert not two.has_all_of(three)


def test_what_has_no_time_is_not_known_again() -> None:
    table = table_of(np.asarray([1.0, np.nan]), np.asarray([1, 2], np.uint64))
    one = LearnedEvents.of(table, np.arange(2))
    assert (one.timed, one.timeless) == (1.0, 1)
    assert not one.has_all_of(one)
    again = LearnedEvents.restored(*one.values())
    assert again.marks.tolist() == one.marks.tolist()
