"""Marking the words that weighed most."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.reports.marking import Part, marked_parts


def test_words_are_marked_whatever_their_case() -> None:
    assert marked_parts("run LSASS now", ["lsass"]) == [Part("run ", False), Part("LSASS", True), Part(" now", False)]


def test_longer_word_wins() -> None:
    assert [part.text for part in marked_parts("powershell.exe", ["power", "powershell"]) if part.marked] == [
        "powershell"
    ]


def test_words_are_not_patterns() -> None:
    assert not any(part.marked for part in marked_parts("aaaa", ["a+", ".*", "("]))


def test_single_characters_are_not_marked() -> None:
    assert marked_parts("0x1f", ["0", ""]) == [Part("0x1f", False)]


def test_empty_text_is_one_part() -> None:
    assert marked_parts("", ["abc"]) == [Part("", False)]


def test_control_characters_of_a_word_match_as_they_are_shown() -> None:
    assert Part("\\x1b[2J", True) in marked_parts("a \\x1b[2J b", ["\x1b[2J"])


def test_marks_are_bounded() -> None:
    assert sum(part.marked for part in marked_parts("ab " * 1000, ["ab"])) == 200


@given(st.text(), st.lists(st.text(), max_size=10))
def test_parts_join_to_the_text(text: str, words: list[str]) -> None:
    assert "".join(part.text for part in marked_parts(text, words)) == text


def test_repetitive_text_takes_linear_time() -> None:
    words = [f"{'a' * 60}{number}" for number in range(8)]
    assert_linear(lambda text: marked_parts(text, words), lambda size: "a" * size, 200_000)
