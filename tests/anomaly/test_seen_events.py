"""The sample of events that were seen: what comes again is known, what is new is not."""

from __future__ import annotations

import numpy as np

from loglm.anomaly.seen_events import SeenEvents, event_marks

_DAY_S = 86_400


def day(number: int, events: int = 20_000) -> np.ndarray:
    """Marks of a day: fifty entities, each doing one of twenty things every few minutes."""
    numbers = np.arange(events)
    times = number * _DAY_S + numbers * (_DAY_S / events)
    return event_marks((numbers % 50).astype(np.uint64), times, numbers % 20)


def test_any_day_of_a_month_is_known_by_a_sample_of_it() -> None:
    seen = SeenEvents()
    for number in range(30):
        seen.add(day(number))
    assert len(seen.marks) == 4_096
    for number in (0, 17, 29):
        sampled, known = seen.sample(day(number))
        assert sampled == known
        assert 80 < sampled < 200  # 4,096 of 600,000 events, of 20,000: 137
    sampled, known = seen.sample(day(30))
    assert sampled > 80 and known == 0


def test_the_sample_does_not_depend_on_the_order_or_on_copies() -> None:
    first, second = SeenEvents(), SeenEvents()
    for number in range(5):
        first.add(day(number))
        second.add(np.concatenate([day(4 - number)[::-1]] * 2))
    assert first.marks.tolist() == second.marks.tolist()
    assert SeenEvents(first.marks.tolist()).marks.tolist() == first.marks.tolist()
