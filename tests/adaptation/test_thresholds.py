"""Thresholds by an alert budget, and counting findings."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.adaptation.thresholds import (
    AlertBudget,
    ScoredWindows,
    budget_thresholds,
    count_findings,
    poisson_interval,
)


def scored(attack: np.ndarray, *, channel: str = "windows/sysmon", gap_s: float = 7_200.0) -> ScoredWindows:
    """Windows of one host and technique, each ``gap_s`` after the one before."""
    size = len(attack)
    names, hosts = np.full(size, channel, object), np.full(size, "host:a", object)
    return ScoredWindows(attack, np.zeros(size, int), names, hosts, gap_s * np.arange(size))


def test_budget_is_kept_and_used() -> None:
    windows = scored(np.linspace(0.5, 0.99, 2_000))
    limits = budget_thresholds(windows, 12)
    found = count_findings(windows, windows.alerts(limits, 1.0))
    assert 8 <= found <= 12


def test_no_budget_alerts_above_every_window() -> None:
    windows = scored(np.linspace(0.1, 0.8, 100))
    limits = budget_thresholds(windows, 0.5)
    assert not windows.alerts(limits, 0.0).any()
    assert limits["windows/sysmon"] == pytest.approx(0.8)


def test_however_large_the_budget_one_in_a_hundred_windows_alerts_at_most() -> None:
    windows = scored(np.linspace(0.5, 0.99, 1_000))
    assert windows.alerts(budget_thresholds(windows, 1e9), 1.0).mean() <= 0.01


def test_a_channel_with_few_windows_gets_no_threshold() -> None:
    assert budget_thresholds(scored(np.full(19, 0.9)), 10) == {}


def test_what_is_likelier_harmless_never_alerts() -> None:
    assert budget_thresholds(scored(np.linspace(0.0, 0.1, 100)), 100) == {"windows/sysmon": 0.5}


@pytest.mark.parametrize(("gap_s", "findings"), [(60.0, 1), (3_601.0, 5)])
def test_findings_are_counted_as_detect_joins_them(gap_s: float, findings: int) -> None:
    windows = scored(np.ones(5), gap_s=gap_s)
    assert count_findings(windows, np.ones(5, bool)) == findings


def test_windows_without_time_are_one_finding() -> None:
    windows = scored(np.ones(3), gap_s=float("nan"))
    assert count_findings(windows, np.ones(3, bool)) == 1


def test_budget_per_thousand_entities_grows_with_them() -> None:
    assert AlertBudget(per_thousand_entities=50).a_day(200) == 10
    assert AlertBudget(per_day=7).a_day(200) == 7


def test_poisson_interval_is_garwoods() -> None:
    assert poisson_interval(0) == (0.0, pytest.approx(3.689, abs=1e-3))
    assert poisson_interval(10) == (pytest.approx(4.795, abs=1e-3), pytest.approx(18.39, abs=1e-2))
