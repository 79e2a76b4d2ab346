"""Whether a log was scored before, and what a few lines of an attacker change about it: nothing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from loglm.anomaly.scored_before import ScoredBefore, look_back
from loglm.anomaly.seen_events import SeenEvents
from loglm.anomaly.table import EventTable
from loglm.context.environment import Environment
from loglm.context.ordering import EntityOrder
from loglm.context.scorer import ContextScorer, EntityContext

DAY = 86_400
HOUR = [(60.0 * minute, minute % 3) for minute in range(240)]
"""Times and kinds."""


def remembering(**entities: Iterable[tuple[float, int]]) -> ContextScorer:
    scorer = ContextScorer(Environment(codes=3))
    for name, events in entities.items():
        context = scorer.entities["host", name] = EntityContext(EntityOrder(0.0))
        for number, (time, code) in enumerate(events):
            context.ring.add(code, number, time)
    return scorer


def table(**entities: Iterable[tuple[float, int]]) -> EventTable:
    events = EventTable(names=[("host", name) for name in entities])
    for place, own in enumerate(entities.values()):
        for time, code in own:
            events.times.append(time)
            events.codes.append(code)
            events.entities.append(place)
    return events


def later(events: Iterable[tuple[float, int]], seconds: float = DAY) -> list[tuple[float, int]]:
    return [(time + seconds, code) for time, code in events]


def test_a_log_that_was_scored_is_known_and_one_that_follows_is_not() -> None:
    scorer = remembering(web1=HOUR, db1=HOUR[:2])
    again = look_back(table(web1=HOUR, db1=HOUR[:2]), scorer, SeenEvents())
    assert again.is_same
    assert look_back(table(web1=HOUR), scorer, SeenEvents()) == ScoredBefore(240, 240, 240, 240, 240, 0)
    assert look_back(table(web1=[*HOUR, *later(HOUR[:200])]), scorer, SeenEvents()).is_same
    new = look_back(table(web1=later(HOUR)), scorer, SeenEvents())
    assert (new.is_same, new.is_older, new.older) == (False, False, 0)


def test_copies_of_one_old_line_do_not_make_a_new_log_a_known_one() -> None:
    scorer = remembering(web1=HOUR, db1=HOUR)
    found = look_back(table(web1=[HOUR[200]] * 700, db1=[(DAY + time, 0) for time in range(601)]), scorer, SeenEvents())
    assert found == ScoredBefore(602, 1, 1, 1, 602, 0)
    assert not found.is_same
    assert not found.is_older


@pytest.mark.parametrize("before", [1, 2, 3, 240])
@pytest.mark.parametrize("ahead", [3, 30, 3_000])
def test_a_line_with_a_time_ahead_makes_no_later_event_older(before: int, ahead: int) -> None:
    scorer = remembering(web1=[*HOUR[:before], (ahead * DAY, 0)])
    new = look_back(table(web1=later(HOUR)), scorer, SeenEvents())
    assert (new.is_older, new.older) == (False, 0)
    assert look_back(table(web1=HOUR[:before]), scorer, SeenEvents()).is_same


def test_a_line_with_a_time_long_ago_does_not_hide_that_a_log_was_scored() -> None:
    long = [(60.0 * minute, minute % 3) for minute in range(10_000)]
    scorer = remembering(web1=[*long[-250:-1], (-9_000.0 * DAY, 0), long[-1]])
    assert look_back(table(web1=long), scorer, SeenEvents()).is_same
