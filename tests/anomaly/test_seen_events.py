"""The sample of events that were seen: what comes again is known, what is new is not, whoever chose the events."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from loglm.anomaly import seen_events
from loglm.anomaly.seen_events import SeenEvents, TimedEvents

_DAY_S = 86_400
_NAMES = [("host", f"web{number}") for number in range(50)]


def events(times: np.ndarray, *, codes: int = 20) -> TimedEvents:
    numbers = np.arange(len(times))
    return TimedEvents(_NAMES, numbers % 50, times.astype(np.float64), numbers % codes)


def day(number: int, size: int = 5_000) -> TimedEvents:
    """Fifty entities, each doing one of twenty things every few minutes."""
    return events(number * _DAY_S + np.arange(size) * (_DAY_S / size))


def test_any_day_of_a_month_is_known_by_a_sample_of_it() -> None:
    seen = SeenEvents()
    for number in range(10):
        seen.add(day(number))
    for number in (0, 5, 9):
        ((sampled, known),) = seen.compare(day(number))
        assert sampled == known
        assert 300 < sampled < 520  # 4,096 of 50,000 events, of 5,000: 410
    ((sampled, known),) = seen.compare(day(10))
    assert sampled > 300 and known == 0


def test_the_sample_does_not_depend_on_the_order_or_on_copies_and_is_kept() -> None:
    first = SeenEvents()
    second = SeenEvents.restored(first.values())
    for number in range(2):
        first.add(day(number))
        again = day(1 - number)
        second.add(TimedEvents(_NAMES, *(np.tile(one[::-1], 2) for one in (again.entities, again.times, again.codes))))
    assert first.values() == second.values()
    assert SeenEvents.restored(first.values()).values() == first.values()


def test_hashes_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = SeenEvents()
    whole = seen._samples[0].marks_of(day(0))
    monkeypatch.setattr(seen_events, "_BATCH", 999)
    assert seen._samples[0].marks_of(day(0)).tolist() == whole.tolist()
    assert len(set(whole.tolist())) == 5_000


def test_each_state_draws_its_own_secret() -> None:
    assert SeenEvents().key != SeenEvents().key
    with pytest.raises(ValueError, match="32 bytes"):
        SeenEvents.restored([["00", []]])


def chosen(seen: SeenEvents, key: bytes, *, tries: int = 40_000) -> TimedEvents:
    """The 400 events of a day to come whose hashes by a key are the lowest."""
    candidates = events(40 * _DAY_S + np.arange(tries) / 10.0)
    sample = SeenEvents.restored([[key.hex(), []]])._samples[0]
    lowest = np.argsort(sample.marks_of(candidates))[:400]
    return TimedEvents(_NAMES, candidates.entities[lowest], candidates.times[lowest], candidates.codes[lowest])


def test_events_that_were_chosen_without_the_secret_do_not_make_a_new_log_known() -> None:
    """What an attacker wrote into one log, and again into another, makes up all of what is compared of that by a hash
    that he knows, and no more than its share by one that he does not."""
    seen = SeenEvents()
    for number in range(20):
        seen.add(day(number))
    new = day(40)

    def share(key: bytes) -> float:
        planted = chosen(seen, key)
        state = SeenEvents.restored(seen.values())
        state.add(planted)
        pairs = zip((new.entities, new.times, new.codes), (planted.entities, planted.times, planted.codes), strict=True)
        ((sampled, known),) = state.compare(TimedEvents(_NAMES, *(np.concatenate(pair) for pair in pairs)))
        return known / sampled

    assert share(seen.key) > 0.5  # as if the hash had no secret: the whole log would be refused
    assert share(hashlib.blake2b(b"a guess", digest_size=32).digest()) < 0.2


def test_states_of_two_secrets_are_merged_and_those_of_one_joined() -> None:
    first, second = SeenEvents(), SeenEvents()
    copy = SeenEvents.restored(first.values())
    first.add(day(0))
    copy.add(day(1))
    second.add(day(2))
    first.merge(copy)
    first.merge(second)
    assert len(first.values()) == 2
    for number in (0, 1, 2):
        assert any(sampled == known for sampled, known in first.compare(day(number)))
    assert all(not known for _, known in first.compare(day(3)))
    for _ in range(30):
        first.merge(SeenEvents())
    assert len(first.values()) == 16 and first.values()[0][0] == first.key.hex()
