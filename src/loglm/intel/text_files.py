"""Blocks of plain text and of Markdown: paragraphs with the line they begin on and the heading above them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from loglm.intel.passages import Block

__all__ = ["markdown_blocks", "plain_blocks", "title_of"]

_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.{1,500}?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_TAG = re.compile(r"<!--.{0,500}?-->|</?[A-Za-z][^<>]{0,500}>")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_RULE = re.compile(r"[ |:*_-]+$")
_LINES_OF_BLOCK = 40
"""A text without an empty line is cut after so many."""
_SHORT_LINE = 200
_LONG_LINE = 20_000
"""Not looked through for tags, which would take long where they never end."""


def plain_blocks(text: str) -> Iterator[Block]:
    """Paragraphs, between empty lines."""
    for first, lines in _paragraphs(text.split("\n")):
        yield Block("\n".join(lines), f"line {first}")


def markdown_blocks(text: str) -> Iterator[Block]:
    """Paragraphs under their headings; front matter, comments and tags of HTML are left out, code and tables stay."""
    heading = ""
    for first, lines in _paragraphs(_without_front_matter(text.split("\n"))):
        number = first
        kept: list[str] = []
        for offset, line in enumerate(lines):
            found = _HEADING.match(line)
            underlined = kept and _UNDERLINE.match(line) and len(kept) == 1 and len(kept[0]) <= _SHORT_LINE
            if found or underlined:
                if kept and found:
                    yield Block("\n".join(kept), f"line {number}", heading)
                heading = found[1] if found else kept[0]
                number, kept = first + offset + 1, []
            elif not (_FENCE.match(line) or _RULE.fullmatch(line)):
                kept.append(_TAG.sub("", line) if len(line) < _LONG_LINE else line)
        if kept:
            yield Block("\n".join(kept), f"line {number}", heading)


def title_of(text: str, name: str) -> str:
    """The first heading of Markdown; the file's name where there is none."""
    for line in text.split("\n", 200)[:200]:
        if found := _HEADING.match(line):
            return found[1]
    return name


def _paragraphs(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """(number of the first line, lines) of each run of lines that are not empty."""
    held: list[str] = []
    first = 1
    for number, line in enumerate(lines, 1):
        if line.strip() and len(held) < _LINES_OF_BLOCK:
            first = first if held else number
            held.append(line.rstrip())
            continue
        if held:
            yield first, held
        held, first = ([line.rstrip()] if line.strip() else []), number
    if held:
        yield first, held


def _without_front_matter(lines: list[str]) -> list[str]:
    """Empty lines in place of the YAML between two ``---`` at the top."""
    if lines and lines[0].strip() == "---":
        for end, line in enumerate(lines[1:200], 1):
            if line.strip() == "---":
                return [""] * (end + 1) + lines[end + 1 :]
    return lines
