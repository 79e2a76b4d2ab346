"""An event's own names are hidden wherever they stand in its text."""

from __future__ import annotations

import pytest

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.rendering import render


def rendered(body: str, *, host: str | None = None, user: str | None = None) -> str:
    event = LogEvent(body, SourceLocation("a.log", 1), LogSource("linux", "sshd"), body=body, host=host, user=user)
    return render(event).split("\n")[1]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("Mallory, MALLORY and mallory", "<user>, <user> and <user>", id="any-case"),
        pytest.param("mallorymallory mallory_ xmallory", "mallorymallory mallory_ xmallory", id="whole-words-only"),
        pytest.param("to mallory.corp.example.", "to <user>.", id="with-its-domain"),
        pytest.param("mallory.mallory mallory", "<user> <user>", id="within-its-domain"),
        pytest.param("<mallory> is kept", "<mallory> is kept", id="not-in-brackets"),
        pytest.param("caf\u00e9 of mallory", "caf\u00e9 of <user>", id="text-beyond-ascii"),
    ],
)
def test_own_name_is_hidden_as_a_whole_word(body: str, expected: str) -> None:
    assert rendered(body, user="CORP\\mallory") == expected


def test_name_beyond_ascii_is_hidden_in_its_ascii_spelling() -> None:
    assert rendered("logon of smith", user="\u017fmith") == "logon of <user>"


def test_host_and_user_are_both_hidden() -> None:
    assert rendered("mallory on web-one", host="web-one.example", user="mallory") == "<user> on <host>"
