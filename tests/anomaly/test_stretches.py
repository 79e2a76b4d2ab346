"""Stretches of time to leave out, and how they are proposed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.anomaly.stretches import Stretch, outside, stretch_around

_BEGIN = 1_772_341_200.0  # 2026-03-01T05:00:00Z


@pytest.mark.parametrize(
    ("others", "first", "last", "text"),
    [
        ([], 0, 120, "2026-03-01T05:00:00Z/2026-03-01T05:02:00Z"),
        ([], 0, 0, "2026-03-01T04:59:59Z/2026-03-01T05:00:01Z"),
        ([1], 0, 0, "2026-03-01T04:59:59.999Z/2026-03-01T05:00:00.001Z"),
        ([], 0.25, 1.5, "2026-03-01T05:00:00Z/2026-03-01T05:00:02Z"),
        ([0.1], 0.25, 1.5, "2026-03-01T05:00:00.250Z/2026-03-01T05:00:01.500Z"),
        ([-0.0005, 0.0005], 0, 0, "2026-03-01T04:59:59.999999Z/2026-03-01T05:00:00.000001Z"),
        ([-1e-6, 1e-6], 0, 0, "2026-03-01T05:00:00Z/2026-03-01T05:00:00Z"),
    ],
)
def test_a_stretch_is_as_short_to_write_as_other_events_let_it(
    others: list[float], first: float, last: float, text: str
) -> None:
    times = np.sort(_BEGIN + np.asarray([*others, first, last]))
    assert str(stretch_around(times, _BEGIN + first, _BEGIN + last)) == text


def test_what_no_date_can_show_has_no_stretch() -> None:
    assert stretch_around(np.zeros(0), float("nan"), float("nan")) is None
    assert stretch_around(np.asarray([1e12]), 1e12, 1e12) is None


@given(
    st.lists(st.integers(0, 3_000_000), min_size=1, max_size=30),
    st.integers(0, 29),
    st.integers(0, 29),
    st.sampled_from([0, 1_772_341_200, 4_000_000_000]),
)
def test_what_is_proposed_leaves_out_when_read_what_lies_in_it_and_nothing_else(
    micro: list[int], one: int, other: int, begin: int
) -> None:
    times = np.sort(np.asarray([(begin * 1_000_000 + number) / 1e6 for number in micro]))
    first, last = sorted((times[one % len(times)], times[other % len(times)]))
    proposed = stretch_around(times, first, last)
    assert proposed is not None
    read = Stretch.read(str(proposed))
    assert outside(times, [read]).tolist() == ((times < first) | (times > last)).tolist()
