"""`subsample`: diverse events, what they stand for, their order, and bounds."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.analysis.subsampling import subsample
from loglm.errors import EmptyInputError, InputError
from loglm.runtime.encoder import LogEncoder

FAILED = [
    f"Mar  4 10:15:{n:02} web1 sshd[{n}]: Failed password for root from 203.0.113.9 port {51000 + n} ssh2"
    for n in range(9)
]
ODD = "Mar  4 10:15:30 web1 kernel: segfault at 0 ip 00007f error 4"
LATE = "Mar  4 10:14:00 web1 cron: job <a> of backup ended"


def test_kinds_are_chosen_before_repetitions(encoder: LogEncoder, events_of) -> None:
    found = subsample(events_of([*FAILED, ODD, LATE]), encoder, n=3)
    assert [pick.raw for pick in found.picks] == [LATE, FAILED[0], ODD]
    assert [pick.represents for pick in found.picks] == [1, 9, 1]
    assert [str(pick.location) for pick in found.picks] == ["a.log:11", "a.log:1", "a.log:10"]
    assert (found.events, found.distinct, found.represented, found.is_sample) == (11, 3, 11, False)


def test_first_of_rank_is_at_the_centre(encoder: LogEncoder, events_of) -> None:
    [pick] = subsample(events_of([ODD, *FAILED]), encoder, n=1).picks
    assert (pick.rank, pick.raw, pick.represents) == (1, FAILED[0], 10)


def test_events_without_time_stay_in_the_order_of_reading(encoder: LogEncoder, events_of) -> None:
    found = subsample(events_of([ODD, "no time here", LATE]), encoder, n=3)
    assert [pick.raw for pick in found.picks] == [ODD, "no time here", LATE]


def test_tokens_are_a_limit(encoder: LogEncoder, events_of) -> None:
    events = events_of([*FAILED, ODD, LATE])
    whole = subsample(events, encoder, tokens=100_000)
    assert len(whole.picks) == 3
    less = subsample(events, encoder, tokens=whole.tokens - 1)
    assert len(less.picks) == 2
    assert less.tokens == int(encoder.count_tokens([f"11  {pick.raw}" for pick in less.picks]).sum())


def test_too_few_tokens_for_any_event(encoder: LogEncoder, events_of) -> None:
    with pytest.raises(InputError, match=r"no event fits 1 token; the shortest takes \d+"):
        subsample(events_of([ODD]), encoder, tokens=1)


def test_too_many_distinct_events_are_sampled_and_counted(encoder: LogEncoder, events_of) -> None:
    lines = [f"{word} happened" for word in "alpha beta gamma delta epsilon zeta eta theta".split()] * 2
    found = subsample(events_of(lines), encoder, n=8, most_texts=4)
    assert found.is_sample
    assert len(found.picks) == 4
    assert found.represented == sum(pick.represents for pick in found.picks) == 8
    again = subsample(events_of(lines), encoder, n=8, most_texts=4)
    assert again == found


def test_long_records_are_cut(encoder: LogEncoder, events_of) -> None:
    [pick] = subsample(events_of(["word " * 2_000]), encoder, n=1).picks
    assert len(pick.raw) == 4_096


def test_no_event_is_an_error(encoder: LogEncoder) -> None:
    with pytest.raises(EmptyInputError, match="no event was read"):
        subsample([], encoder, n=1)


@pytest.mark.parametrize(
    ("budget", "reason"), [({}, "say how many"), ({"n": 0}, "is 0; expected 1"), ({"tokens": -1}, "is -1; expected 1")]
)
def test_unusable_budget_is_refused(encoder: LogEncoder, events_of, budget: dict[str, int], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        subsample(events_of([ODD]), encoder, **budget)


def test_tokens_of_texts_are_counted_as_they_stand(encoder: LogEncoder) -> None:
    counts = encoder.count_tokens(["", "sshd", "sshd sshd sshd"] * 200)
    assert counts.dtype == np.int64
    assert len(counts) == 600
    assert 0 == counts[0] < counts[1] < counts[2]
