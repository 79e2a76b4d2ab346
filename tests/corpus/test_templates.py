"""Templates: equal for events of one kind, different for others."""

from __future__ import annotations

import pytest

from loglm.corpus.templates import header_hash, template_hash, template_of, text_hash

SSHD = "linux/sshd sshd\nprogram=sshd\nFailed password for {} from <ip4:public> port <port> ssh2"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SSHD.format("root"), SSHD.format("root").replace("program=sshd", "program=other")),
        (SSHD.format("<user>"), SSHD.format("b0b")),
        ("zeek/dns dns\nquery=a.example\nqtype=1", "zeek/dns dns\nquery=b.example\nqtype=28"),
    ],
    ids=["value of a field", "word with a digit", "two values"],
)
def test_values_are_no_part_of_a_template(one: str, other: str) -> None:
    assert text_hash(one) != text_hash(other)
    assert template_hash(one) == template_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SSHD.format("root"), SSHD.format("root").replace("Failed", "Accepted")),
        ("zeek/dns dns\nquery=a", "zeek/dns dns\nhost=a"),
        ("windows/security 4624\nLogonType=3", "windows/security 4625\nLogonType=3"),
    ],
    ids=["word", "name of a field", "action"],
)
def test_words_field_names_and_actions_are(one: str, other: str) -> None:
    assert template_hash(one) != template_hash(other)


def test_template_keeps_the_first_words_of_a_message_alone() -> None:
    words = "a b c d e f g h"
    assert template_of(f"unknown/text -\n{words} i j k") == f"unknown/text -\n{words}"


def test_header_hash_is_of_the_first_line() -> None:
    assert header_hash("zeek/dns dns\nquery=a") == header_hash("zeek/dns dns\nother") == text_hash("zeek/dns dns")
