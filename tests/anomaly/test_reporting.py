"""What is told once, what begins a report, what repeats one; and that memory is bounded."""

from __future__ import annotations

import pytest

from loglm.anomaly import reporting
from loglm.anomaly.reporting import Change, Reporter, UnusualEvent
from loglm.context.surprise import Surprise

HOUR_S, DAY_S = 3_600.0, 86_400.0
A, B = ("host", "a"), ("host", "b")


def event(key: int, time: float | None, bits: float = 20.0, number: int = 0) -> UnusualEvent:
    return UnusualEvent(number, key, time, Surprise(bits, 0.0, 0.0, 0.0), None)


def changes(*events: tuple[tuple[str, str], UnusualEvent]) -> list[Change]:
    reporter = Reporter()
    return [reporter.add(entity, one)[1] for entity, one in events]


def test_new_texts_within_an_hour_are_one_report() -> None:
    told = changes((A, event(1, 0.0)), (A, event(2, 3_000.0, 9.0)), (A, event(3, 6_000.0, 30.0)))
    assert told == [Change.BEGUN, Change.JOINED, Change.WORSE]
    assert changes((A, event(1, 0.0)), (A, event(2, HOUR_S + 1)))[1] is Change.BEGUN


def test_a_text_is_told_again_after_a_day_without_it() -> None:
    again = [(A, event(1, time)) for time in (0.0, 20 * HOUR_S, 40 * HOUR_S, 40 * HOUR_S + DAY_S + 1)]
    assert changes(*again) == [Change.BEGUN, Change.REPEATED, Change.REPEATED, Change.BEGUN]


def test_other_entities_with_the_text_are_counted_and_not_told() -> None:
    reporter = Reporter()
    report, _ = reporter.add(A, event(1, 0.0))
    same, change = reporter.add(B, event(1, 5.0))
    assert same is report and change is Change.REPEATED
    assert (report.repeats, report.others, report.count) == (1, [B], 1)


def test_what_is_new_is_told_although_the_entity_repeats_something_worse() -> None:
    """An attacker cannot hide behind a noisy known event."""
    noisy = changes((A, event(1, 0.0, 40.0)), (B, event(1, 7_200.0, 40.0)), (B, event(2, 7_201.0, 9.0)))
    assert noisy == [Change.BEGUN, Change.REPEATED, Change.BEGUN]


def test_a_clock_far_ahead_silences_nothing_after_it() -> None:
    ahead = 5 * 365 * DAY_S
    assert changes((A, event(1, ahead)), (A, event(2, 0.0)), (A, event(1, 1.0)))[1:] == [Change.BEGUN, Change.JOINED]


def test_events_without_time_are_one_report() -> None:
    assert changes((A, event(1, None)), (A, event(2, None)), (A, event(1, None))) == [
        Change.BEGUN,
        Change.JOINED,
        Change.JOINED,
    ]


def test_ten_events_are_kept_each_text_once_with_its_most_unusual() -> None:
    reporter = Reporter()
    for number in range(40):
        report, _ = reporter.add(A, event(number % 20, float(number), 10.0 + number, number))
    assert len(report.events) == 10
    assert report.count == 40
    assert [one.number for one in report.events] == list(range(39, 29, -1))


def test_memory_is_bounded_and_what_is_forgotten_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "MOST_KNOWN", 30)
    reporter = Reporter(most_living=20)
    for number in range(500):
        assert reporter.add(("host", f"h{number}"), event(number, float(number)))[1] is Change.BEGUN
    assert len(reporter.living) <= 20 and len(reporter.known) <= 30 and len(reporter.open) <= 20
    assert reporter.forgotten >= 480
    assert reporter.add(A, event(0, 501.0))[1] is Change.BEGUN
    assert reporter.add(A, event(499, 502.0))[1] is Change.REPEATED


def test_what_is_over_is_forgotten() -> None:
    reporter = Reporter()
    reporter.add(A, event(1, 0.0))
    assert not reporter.forget(DAY_S)
    assert len(reporter.forget(DAY_S + 1)) == 1
    assert not (reporter.living or reporter.known or reporter.open)
