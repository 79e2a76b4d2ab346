"""Blocks of an HTML page: what a reader sees of it, without scripts, styles, navigation and hidden elements.

Tags are found by a scanner of our own whose time grows with the page alone: `html.parser` of Python 3.11 takes hours
for a megabyte of unfinished tags.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from loglm.intel.passages import Block

__all__ = ["HtmlText", "read_html"]

_RAW = frozenset("script style noscript template svg math head iframe object textarea".split())
"""Left out up to their end tags, whatever stands between."""
_DROPPED = frozenset("nav footer form button select canvas".split())
_BREAKS = frozenset(
    "p div section article main header aside li ul ol dl dt dd table tr blockquote pre figure figcaption details "
    "summary br hr h1 h2 h3 h4 h5 h6 title body".split()
)
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_NAME = re.compile(r"</?([A-Za-z][A-Za-z0-9:-]{0,30})")
_HIDDEN = re.compile(
    r"\s(?:hidden(?=[\s=/>])|aria-hidden ?= ?[\"']?true)"
    r"|\sstyle ?= ?[^>]{0,300}?(?:display ?: ?none|visibility ?: ?hidden|font-size ?: ?0|opacity ?: ?0(?!\.))"
)
_ATTACK_LINK = re.compile(r"attack\.mitre\.org/techniques/(T\d{4})(?:/(\d{3}))?")
_MAX_TAG_CHARS = 1_000
"""Of a tag that are looked at for attributes."""
_MAX_DEPTH = 2_000
_MAX_HEADING_CHARS = 500


@dataclass(frozen=True, slots=True)
class HtmlText:
    """What stands on a page."""

    title: str
    """Empty where it has none."""
    blocks: list[Block] = field(default_factory=list)


def read_html(text: str) -> HtmlText:
    """The blocks of a page, each with the line that it begins on; no markup is too broken."""
    page = _Page(_title_of(text))
    for start, end, is_tag in _pieces(text):
        if is_tag:
            page.tag(text[start : min(end, start + _MAX_TAG_CHARS)])
        else:
            page.data(text[start:end], text, start)
    page.end_block()
    return HtmlText(page.title, page.blocks)


def _title_of(text: str) -> str:
    found = re.search(r"<title[^<>]{0,100}>([^<>]{1,500})", text[:100_000], re.IGNORECASE)
    return " ".join(_unescaped(found[1]).split()) if found else ""


def _pieces(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is a tag) of tags and of what stands between; comments and raw elements are left out."""
    place = 0
    while (start := text.find("<", place)) >= 0:
        if start > place:
            yield place, start, False
        if not text[start + 1 : start + 2].isalpha() and text[start + 1 : start + 2] not in ("/", "!", "?"):
            yield start, start + 1, False
            place = start + 1
            continue
        closing = "-->" if text.startswith("<!--", start) else ">"
        end = text.find(closing, start + 1)
        if end < 0:
            return
        place = end + len(closing)
        name = _NAME.match(text, start)
        if name is None:
            continue
        if text[start + 1] != "/" and name[1].lower() in _RAW and text[end - 1] != "/":
            place = _end_of_raw(text, name[1], place)
        else:
            yield start, place, True
    if place < len(text):
        yield place, len(text), False


def _end_of_raw(text: str, name: str, place: int) -> int:
    found = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, place)
    end = text.find(">", found.end()) if found else -1
    return end + 1 if end >= 0 else len(text)


class _Page:
    def __init__(self, title: str) -> None:
        self.title = title
        self.blocks: list[Block] = []
        self._heading = ""
        self._held: list[str] = []
        self._line = self._newlines_to = 0
        self._lines = 1
        self._open: list[tuple[str, bool]] = []
        """Names of the elements around, and whether each is dropped with what it holds."""
        self._names: Counter[str] = Counter()
        self._dropped = 0
        self._linked = ""
        """The technique that the link around leads to."""

    def tag(self, tag: str) -> None:
        """A start or end tag, cut at 1,000 characters."""
        match = _NAME.match(tag)
        name = match[1].lower() if match else ""
        if name in _BREAKS and not (tag.startswith("</") and name in _HEADINGS):
            self.end_block()
        if tag.startswith("</"):
            self._end(name)
        else:
            self._start(name, tag)

    def data(self, data: str, text: str, start: int) -> None:
        """Characters between tags, which stand at ``start`` of the page's text."""
        if not self._dropped:
            self._add(_unescaped(data), text, start)

    def end_block(self) -> None:
        """What was read so far is a block of its own."""
        if found := self._take():
            self.blocks.append(Block(found, f"line {self._line}", self._heading))

    def _start(self, name: str, tag: str) -> None:
        if name == "a" and not self._dropped and (named := _ATTACK_LINK.search(tag)):
            self._linked = ".".join(filter(None, named.groups()))
        if name in ("td", "th") and self._held:
            self._held.append(" ")
        if name and name not in _VOID and not tag.endswith("/>") and len(self._open) < _MAX_DEPTH:
            dropped = name in _DROPPED or bool(_HIDDEN.search(tag.lower()))
            self._open.append((name, dropped))
            self._names[name] += 1
            self._dropped += dropped

    def _end(self, name: str) -> None:
        if name in _HEADINGS and (found := self._take()):
            self._heading = found[:_MAX_HEADING_CHARS]
            self.title = self.title or self._heading
        if name == "a" and self._linked:
            self._held.append(f" ({self._linked})")
            self._linked = ""
        while self._names[name]:
            closed, dropped = self._open.pop()
            self._names[closed] -= 1
            self._dropped -= dropped
            if closed == name:
                return

    def _add(self, data: str, text: str, start: int) -> None:
        if not self._held:
            blank = len(data) - len(data.lstrip())
            data = data[blank:]
            self._lines += text.count("\n", self._newlines_to, start + blank)
            self._newlines_to = max(self._newlines_to, start + blank)
            self._line = self._lines
        if data:
            self._held.append(data)

    def _take(self) -> str:
        text = " ".join("".join(self._held).split())
        self._held = []
        return text


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a character number of thousands of digits
        return text
