"""Filters say why a text is left out."""

from __future__ import annotations

import pytest

from loglm.corpus.filters import rejection
from loglm.events import parse_line, render


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("windows/powershell 40961", "empty"),
        ("linux/syslog -\n   \n", "empty"),
        ("linux/syslog -\n" + "word " * 200, "too long"),
        ("linux/syslog -\n}", "too short"),
        ("unknown/text -\n<time> <ip4:public> <guid>", "placeholders only"),
        ("unknown/text -\nhost=<host>\nuser=<user>", "placeholders only"),
        ("unknown/text -\n" + "=" * 40, "one character"),
        ("unknown/text -\n" + "- " * 40, "one character"),
        ("unknown/text -\nabc\ufffd\ufffdxyz\x00\x01", "not text"),
        ("unknown/text -\n\x1b[0m\x1b[1mok\x1b[0m done", "not text"),
    ],
    ids=[
        "header alone",
        "blanks",
        "long",
        "short",
        "placeholders",
        "fields of placeholders",
        "ruler",
        "spaced ruler",
        "undecodable",
        "escapes",
    ],
)
def test_rejection_names_its_reason(text: str, reason: str) -> None:
    assert rejection(text, max_chars=500) == reason


@pytest.mark.parametrize(
    "text",
    [
        "windows/security 4738\n" + "\n".join(f"Name{i}=-" for i in range(20)),
        "windows/security 1102\nSubjectDomainName=<domain>\nSubjectUserName=<user>",
        "unknown/text -\nprogram started",
        "unknown/text -\nдоступ запрещён пользователю",
        "zeek/dns dns\nquery=<host>\nqtype=1",
    ],
    ids=[
        "action and empty fields",
        "action and placeholders",
        "short message",
        "another script",
        "placeholder and value",
    ],
)
def test_rejection_keeps_what_says_something(text: str) -> None:
    assert rejection(text, max_chars=500) is None


def test_rejection_keeps_a_rendered_line() -> None:
    line = "Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2"
    assert rejection(render(parse_line(line)), max_chars=2_560) is None
