"""What a reader sees of a page, and nothing else."""

from __future__ import annotations

import pytest

from growth import assert_linear
from loglm.intel.html_text import read_html


def words(page: str) -> str:
    return " ".join(block.text for block in read_html(page).blocks)


def test_blocks_have_line_and_heading() -> None:
    page = read_html("<html><head><title>A &amp; B</title></head>\n<body><h2>Way in</h2>\n<p>One\n two</p><p>Three</p>")
    assert page.title == "A & B"
    assert [(b.text, b.heading, b.place) for b in page.blocks] == [
        ("One two", "Way in", "line 3"),
        ("Three", "Way in", "line 4"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x = '<p>y</p>'</script>",
        "<style>p { color: red }</style>",
        "<SCRIPT SRC=x>y</SCRIPT >",
        "<nav><ul><li>y</li></ul></nav>",
        "<p hidden>y</p>",
        "<div style='DISPLAY: none'><p>y</p></div>",
        '<span aria-hidden="true">y</span>',
        "<!-- <p>y</p> -->",
        "<template><p>y</p></template>",
    ],
)
def test_what_nobody_sees_is_left_out(hidden: str) -> None:
    assert words(f"<p>a</p>{hidden}<p>b</p>") == "a b"


def test_links_to_techniques_name_them() -> None:
    page = '<p>It <a href="https://attack.mitre.org/techniques/T1003/001/">dumps</a> memory.</p>'
    assert words(page) == "It dumps (T1003.001) memory."


@pytest.mark.parametrize(
    "broken", ["", "<", "<p", "a<b c", "</p></div>a", "<p>a<div>b", "<!--", "&#" + "9" * 9_000 + ";"]
)
def test_no_markup_is_too_broken(broken: str) -> None:
    read_html(broken)


@pytest.mark.parametrize("piece", ["<!--", "<a ", '<a x="', "</a ", "<![CDATA[", "<div>", "</p>", "<script>", "<"])
def test_time_grows_with_the_page_alone(piece: str) -> None:
    assert_linear(read_html, lambda size: piece * size, 100_000)
