"""Values that the masked view hides, and how many of them are not shown yet."""

from __future__ import annotations

from loglm.analysis.hidden_values import UnseenValues, hidden_values
from loglm.events import parse_line
from loglm.events.rendering import render


def values(line: str) -> list[int]:
    return hidden_values(line, render(parse_line(line))).tolist()


def test_values_are_what_the_masked_view_leaves_out() -> None:
    line = "sshd[7]: Failed password for root from 203.0.113.9 port 51000 ssh2"
    again = line.replace("203.0.113.9", "198.51.100.7")
    assert len(values(line)) == len(values(again))
    assert len(set(values(line)) - set(values(again))) == 1


def test_a_value_is_new_until_an_event_shows_it() -> None:
    events = [hidden_values(raw, "") for raw in ("a b c", "b c d", "x", "a")]
    unseen = UnseenValues(events)
    assert unseen.number.tolist() == [3, 3, 1, 1]
    unseen.show(1)
    assert unseen.number.tolist() == [1, 0, 1, 1]
    unseen.show(0)
    unseen.show(0)
    assert unseen.number.tolist() == [0, 0, 1, 0]


def test_events_without_values_are_none_new() -> None:
    unseen = UnseenValues([hidden_values("a", "a"), hidden_values("", "")])
    unseen.show(0)
    assert unseen.number.tolist() == [0, 0]
