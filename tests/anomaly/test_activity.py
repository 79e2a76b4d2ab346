"""What goes on in a log: time of the recording, blocks that grow wider, silences, and all of it kept."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from loglm.anomaly.activity import Activity, Blocks
from loglm.context.steps import Step

DAY_S = 86_400.0


def activity(times: Sequence[float | None], codes: Sequence[int] = ()) -> Activity:
    found = Activity()
    for number, time in enumerate(times):
        found.add(Step(number, codes[number] if codes else 0, 3, time, number), is_unknown=number % 2 == 1)
    return found


def test_blocks_grow_wider_and_lose_no_event() -> None:
    blocks = Blocks()
    for position in range(5_000):
        blocks.add(position, is_marked=position % 4 == 0)
    assert blocks.width == 16.0
    assert len(blocks.events) <= 512
    assert sum(blocks.events) == 5_000 and sum(blocks.marked) == 1_250
    events, marked = blocks.at(64.0)
    assert set(events.tolist()) == {64} and set(marked.tolist()) == {16}
    assert len(events) == 78


def test_a_pause_of_the_recording_and_wrong_dates_are_no_time() -> None:
    steady = [60.0 * n for n in range(200)]
    paused = [*steady, *(time + 30 * DAY_S for time in steady)]
    wrong = [*steady[:100], *[5_000 * DAY_S] * 15, *steady[100:]]
    assert activity(steady).seconds == pytest.approx(60 * 199, rel=0.1)
    assert activity(paused).seconds == pytest.approx(2 * 60 * 199, rel=0.1)
    assert activity(wrong).seconds == pytest.approx(60 * 199, rel=0.1)


def test_two_clocks_that_are_hours_apart_make_no_time() -> None:
    mixed = [60.0 * n - (25_200.0 if n % 2 else 0.0) for n in range(600)]
    assert activity(mixed).seconds <= 60 * 600 + 25_200


def test_the_longest_silence_of_a_kind_is_that_before_its_first_event_too() -> None:
    times = [10.0 * n for n in range(1_000)]
    found = activity(times, codes=[7 if 500 <= n < 600 or n == 900 else 1 for n in range(1_000)])
    assert found.kinds[7].events == 101
    assert found.kinds[7].longest == pytest.approx(5_000, abs=200)
    assert found.kinds[1].longest == pytest.approx(1_010, abs=50)
    assert found.sources[3].longest <= 10.0


def test_what_is_kept_as_json_comes_back() -> None:
    found = activity([*(7.0 * n for n in range(900)), None], codes=[n % 5 for n in range(901)])
    again = Activity.restored(json.loads(json.dumps(found.values())))
    assert again.values() == found.values()
    assert again.unknown == 450 and again.events == 901


def test_events_without_time_are_counted_in_their_order() -> None:
    found = activity([None] * 300)
    assert found.events == 300 and found.seconds == 0.0
    assert found.rate.events == [] and sum(found.strange.events) == 300
