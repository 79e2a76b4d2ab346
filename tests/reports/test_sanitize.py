"""Untrusted text: nothing hidden, nothing that a terminal acts on."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.reports.sanitize import ELLIPSIS, escape_hidden, excerpt, one_line, valid_unicode, visible

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31mred", "\\x9b31mred"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("over\rwritten", "over\\x0dwritten"),
        ("\u202egpj.exe\u202c", "\\u202egpj.exe\\u202c"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("x\u2028y", "x\\u2028y"),
        ("file\udcff", "file\\udcff"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_visible_shows_what_would_hide(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


@pytest.mark.parametrize("text", ["Zürich 東京 мир مرحبا", "C:\\Windows\\x", "a\tb\nc", "🙂", ""])
def test_visible_leaves_ordinary_text_alone(text: str) -> None:
    assert visible(text) == text


def test_visible_takes_crlf_as_a_line_end() -> None:
    assert visible("a\r\nb") == "a\nb"


@given(ANY_TEXT)
def test_visible_leaves_no_control_and_no_reordering_character(text: str) -> None:
    for char in visible(text):
        assert unicodedata.category(char) not in {"Cc", "Cs", "Zl", "Zp"} or char in "\t\n"
        assert unicodedata.bidirectional(char) not in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@given(ANY_TEXT)
def test_visible_changes_nothing_the_second_time(text: str) -> None:
    assert visible(visible(text)) == visible(text)


def test_one_line_joins_lines_and_spaces() -> None:
    assert one_line("  {\n\t'a':  1\r\n}\x1b ") == "{ 'a': 1 }\\x1b"


def test_valid_unicode_replaces_lone_surrogates() -> None:
    assert valid_unicode("a\ud800b") == "a\ufffdb"


@given(ANY_TEXT.map(valid_unicode))
def test_escaped_json_is_the_same_value(text: str) -> None:
    document = json.dumps({"key": text}, ensure_ascii=False)
    assert json.loads(escape_hidden(document)) == {"key": text}


def test_excerpt_keeps_a_short_text() -> None:
    assert excerpt("short", 5) == "short"


def test_excerpt_cuts_the_end() -> None:
    assert excerpt("abcdefghij", 5) == "abcd" + ELLIPSIS


def test_excerpt_begins_shortly_before_what_matters() -> None:
    text = "x" * 200 + " lsass.exe " + "y" * 200
    shown = excerpt(text, 60, ["LSASS.exe"])
    assert "lsass.exe" in shown
    assert shown.startswith(ELLIPSIS)
    assert shown.endswith(ELLIPSIS)


def test_excerpt_keeps_the_end_where_what_matters_is_last() -> None:
    shown = excerpt("x" * 200 + "lsass.exe", 40, ["lsass.exe"])
    assert shown.endswith("lsass.exe")
    assert len(shown) == 40


def test_excerpt_passes_over_words_that_do_not_occur() -> None:
    assert "needle" in excerpt("x" * 100 + "needle" + "x" * 100, 40, ["", "absent", "needle"])


@given(ANY_TEXT, st.integers(3, 80), st.lists(st.text(max_size=5), max_size=3))
def test_excerpt_is_never_longer_than_asked(text: str, width: int, around: list[str]) -> None:
    assert len(excerpt(text, width, around)) <= width


def test_one_line_takes_linear_time_over_escapes() -> None:
    assert_linear(one_line, lambda size: "\x1b\u202e " * size, 200_000)
