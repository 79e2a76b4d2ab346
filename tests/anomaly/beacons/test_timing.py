"""Measures of regularity: what jitter, missing beats and bursts leave standing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.anomaly.beacons.timing import TIMING, densest, median_spread, timing_features


def measured(times: np.ndarray) -> dict[str, float]:
    return dict(zip(TIMING, timing_features(times).tolist(), strict=True))


def test_a_clock_is_regular_in_every_measure() -> None:
    found = measured(np.arange(200) * 60.0)
    assert np.exp(found["log_interval"]) == pytest.approx(60.0)
    assert found["within_5_percent"] == found["at_multiples"] == found["coverage"] == 1.0
    assert found["interval_spread"] == found["interval_entropy"] == 0.0
    assert found["phase"] == pytest.approx(1.0)


@pytest.mark.parametrize("jitter", [0.1, 0.3])
def test_the_beat_stays_under_jitter_missing_beats_and_a_session(jitter: float) -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(47.0 * rng.uniform(1 - jitter, 1 + jitter, 600))
    times = times[rng.random(600) > 0.3]
    times = np.sort(np.concatenate((times, times[100] + np.cumsum(rng.exponential(3.0, 120)))))
    found = measured(times)
    assert np.exp(found["log_interval"]) == pytest.approx(47.0, rel=0.15)
    assert found["within_double"] > 0.5
    assert found["short_share"] > 0.1 and found["long_share"] > 0.02


def test_a_sleep_loses_its_phase_and_a_schedule_keeps_it() -> None:
    rng = np.random.default_rng(5)
    sleeps = np.cumsum(60.0 * rng.uniform(0.8, 1.2, 500))
    schedule = 60.0 * (np.arange(500) + rng.uniform(-0.2, 0.2, 500))
    assert measured(sleeps)["phase"] < 0.6 < 0.7 < measured(schedule)["phase"]


def test_calls_of_two_connections_are_one_beat() -> None:
    times = np.sort(np.concatenate((np.arange(100) * 60.0, np.arange(100) * 60.0 + 0.3)))
    found = measured(times)
    assert np.exp(found["log_interval"]) == pytest.approx(60.0)
    assert found["doubles"] == pytest.approx(0.5)


def test_calls_all_within_a_second_keep_their_own_interval() -> None:
    assert np.exp(measured(np.arange(50) * 0.5)["log_interval"]) == pytest.approx(0.5)


@given(st.lists(st.floats(0, 1e10, allow_nan=False), min_size=2, max_size=60))
def test_any_times_give_finite_measures_in_their_ranges(times: list[float]) -> None:
    found = measured(np.sort(np.array(times)))
    assert all(np.isfinite(value) for value in found.values())
    shares = ("within_5_percent", "within_a_third", "within_double", "at_multiples", "short_share", "phase", "coverage")
    assert all(-1e-9 <= found[name] <= 1 + 1e-9 for name in shares)
    assert found["within_5_percent"] <= found["within_a_third"] <= found["within_double"]


def test_densest_and_median_spread() -> None:
    middle, share = densest(np.log([1.0, 10.0, 10.5, 11.0, 100.0]), np.log(1.2))
    assert np.exp(middle) == pytest.approx(10.5) and share == pytest.approx(0.6)
    assert median_spread(np.array([10.0, 10.0, 12.0, 8.0])) == pytest.approx(0.1)
    assert np.isnan(median_spread(np.array([])))
