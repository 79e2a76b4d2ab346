"""What is usual for an entity: mean and spread of its windows, how far one is beyond, and who is forgotten."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.context.usual import LEAST_PAST, MOST_MOVED, Usual, UsualOfStreams, moved_probability


def _usual(bits: list[float]) -> Usual:
    usual = Usual()
    for one in bits:
        usual.add(one)
    return usual


def test_mean_and_spread_are_those_of_all_windows() -> None:
    bits = np.random.default_rng(0).gamma(2.0, 3.0, 5_000)
    usual = _usual(bits.tolist())
    assert (usual.windows, usual.mean) == (5_000, pytest.approx(bits.mean()))
    assert usual.spread == pytest.approx(bits.std())


def test_beyond_counts_in_widened_spreads_and_grows_with_the_past() -> None:
    bits = [2.0, 4.0] * 4
    assert _usual(bits).beyond(6.0) == pytest.approx((6 - 3) / (1 + 1.5 + 0.1) * 8 / 16)
    assert _usual(bits * 8).beyond(6.0) == pytest.approx((6 - 3) / (1 + 1.5 + 0.1) * 64 / 72)
    assert _usual(bits).beyond(0.0) < 0


def test_beyond_is_bounded_and_nothing_without_a_past() -> None:
    assert _usual([1.0] * (LEAST_PAST - 1)).beyond(90.0) == 0.0
    assert _usual([1.0] * 100).beyond(1e9) == MOST_MOVED
    assert _usual([50.0] * 2_000).beyond(0.0) > -MOST_MOVED


def test_spread_of_equal_windows_is_none_however_many() -> None:
    assert _usual([1e6 + 0.1] * 20_000).spread == pytest.approx(0.0, abs=1e-6)


def test_made_up_names_do_not_take_the_place_of_an_entity_with_a_past() -> None:
    streams = UsualOfStreams(most=10)
    for _ in range(LEAST_PAST):
        streams.add(("host", "a", "x/y"), 2.0)
    for number in range(1_000):
        streams.add(("host", f"made-up-{number}", "x/y"), 30.0)
    assert streams.of(("host", "a", "x/y")).windows == LEAST_PAST
    assert streams.of(("host", "made-up-999", "x/y")).windows == 1
    assert streams.of(("host", "made-up-0", "x/y")).windows == 0
    assert len(streams) == 11


def test_of_streams_with_a_past_the_one_silent_longest_is_forgotten() -> None:
    streams = UsualOfStreams(most=2)
    for name in ("a", "b", "a", "c"):
        for _ in range(LEAST_PAST):
            streams.add(("host", name, "x/y"), 2.0)
    assert [streams.of(("host", name, "x/y")).windows for name in "abc"] == [2 * LEAST_PAST, 0, LEAST_PAST]


def test_moved_probability_adds_to_the_logit() -> None:
    moved = moved_probability(np.asarray([0.5, 0.5, 1 - 1e-9]), np.asarray([0.0, 1.0, -3.0]))
    assert moved[:2] == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
    assert 0.99 < moved[2] < 1 - 1e-6


@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_what_is_certain_is_not_moved(certain: float) -> None:
    assert moved_probability(np.asarray([certain] * 2), np.asarray([-3.0, 3.0])).tolist() == [certain] * 2


def test_channels_of_an_entity_are_apart() -> None:
    streams = UsualOfStreams()
    streams.add(("host", "a", "windows/system"), 9.0)
    assert streams.of(("host", "a", "windows/sysmon")).windows == 0
