"""Paragraphs of text and Markdown, with their lines and headings."""

from __future__ import annotations

from loglm.intel.text_files import markdown_blocks, plain_blocks, title_of


def test_plain_text_is_cut_at_empty_lines() -> None:
    assert [(b.text, b.place) for b in plain_blocks("a\nb\n\n\nc\n")] == [("a\nb", "line 1"), ("c", "line 5")]


def test_plain_text_without_empty_lines_is_cut_too() -> None:
    blocks = list(plain_blocks("\n".join(f"line {n}" for n in range(1, 101))))
    assert [b.place for b in blocks] == ["line 1", "line 41", "line 81"]
    assert "\n".join(b.text for b in blocks).count("\n") == 99


def test_markdown_has_headings_of_both_kinds() -> None:
    text = "---\nauthor: x\n---\n# Report #\nintro\n\n## Way in\ntext\n\nWay out\n-------\nmore <b>bold</b>\n"
    found = [(b.heading, b.text, b.place) for b in markdown_blocks(text)]
    assert found == [
        ("Report", "intro", "line 5"),
        ("Way in", "text", "line 8"),
        ("Way out", "more bold", "line 12"),
    ]


def test_markdown_keeps_code_and_drops_comments() -> None:
    blocks = list(
        markdown_blocks("<!-- secret -->\nbefore\n```\nrundll32 comsvcs.dll\n```\n| a | b |\n|---|---|\n| c | d |")
    )
    assert " ".join(b.text for b in blocks).split() == "before rundll32 comsvcs.dll | a | b | | c | d |".split()


def test_title_is_the_first_heading_or_the_name() -> None:
    assert title_of("text\n# Title\n## Other", "f.md") == "Title"
    assert title_of("#hashtag", "f.md") == "f.md"
