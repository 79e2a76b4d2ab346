"""Markdown of untrusted text holds no markup."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.markdown import code, markdown_table, plain


@given(st.text())
def test_plain_text_holds_no_sign_of_markup_and_reads_back(text: str) -> None:
    shown = plain(text)
    assert not set(shown.replace("&#", "")) & set("\\`*_{}[]<>()+!|~\n")
    assert shown.isprintable()
    signs = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), shown)
    assert signs == " ".join(text.split()) or not text.isprintable()


def test_code_cannot_be_left() -> None:
    assert code("</code><b>") == "<code>&#60;/code&#62;&#60;b&#62;</code>"


def test_numbers_stand_right() -> None:
    table = markdown_table(("name", "number"), [("a", 1200), ("b", 3)])
    assert table == "| name | number |\n| --- | ---: |\n| a | 1,200 |\n| b | 3 |\n"
