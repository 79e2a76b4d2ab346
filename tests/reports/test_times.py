"""Times as people and SIEMs read them, and times that no date can show."""

from __future__ import annotations

import pytest

from loglm.reports.times import clock, duration, epoch_ms, iso_utc, span

START = 1_614_852_672.0
UNUSABLE = [None, float("nan"), float("inf"), -1e12, 1e18]


def test_iso_utc_has_milliseconds_where_there_are_any() -> None:
    assert iso_utc(START) == "2021-03-04T10:11:12Z"
    assert iso_utc(START + 0.104) == "2021-03-04T10:11:12.104Z"


def test_a_time_is_the_same_moment_in_both_forms() -> None:
    assert iso_utc(START + 0.1047) == "2021-03-04T10:11:12.105Z"
    assert epoch_ms(START + 0.1047) == 1_614_852_672_105
    assert iso_utc(START + 0.9996) == "2021-03-04T10:11:13Z"


def test_epoch_ms_rounds() -> None:
    assert epoch_ms(START + 0.1042) == 1_614_852_672_104


@pytest.mark.parametrize("timestamp", UNUSABLE)
def test_unusable_times_give_nothing(timestamp: float | None) -> None:
    assert iso_utc(timestamp) == ""
    assert clock(timestamp) == ""
    assert epoch_ms(timestamp) is None


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (START, START + 170.5, "2021-03-04 10:11:12 – 10:14:02"),
        (START, START + 86_400, "2021-03-04 10:11:12 – 2021-03-05 10:11:12"),
        (START, START + 0.5, "2021-03-04 10:11:12"),
        (START, None, "2021-03-04 10:11:12"),
        (None, START, "2021-03-04 10:11:12"),
        (None, None, ""),
    ],
)
def test_span(start: float | None, end: float | None, shown: str) -> None:
    assert span(start, end) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.27, "0.3 s"),
        (42.4, "42 s"),
        (200, "3 min 20 s"),
        (18_720, "5 h 12 min"),
        (273_600, "3 d 4 h"),
        (-1, "0.0 s"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
