"""Blocks of an HTML page: what a reader sees of it, without scripts, styles, navigation and hidden elements."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from loglm.intel.passages import Block

__all__ = ["HtmlText", "read_html"]

_DROPPED = frozenset(
    "script style noscript template svg math head nav footer form button select textarea iframe object canvas".split()
)
_BREAKS = frozenset(
    "p div section article main header aside li ul ol dl dt dd table tr blockquote pre figure figcaption details "
    "summary br hr h1 h2 h3 h4 h5 h6 title body".split()
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0(?![.\d]*[1-9])")
_ATTACK_LINK = re.compile(r"attack\.mitre\.org/techniques/(T\d{4})(?:/(\d{3}))?")
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
    page = _Page()
    page.feed(text)
    page.close()
    page.end_block()
    return HtmlText(page.title, page.blocks)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.blocks: list[Block] = []
        self._heading = ""
        self._pieces: list[str] = []
        self._line = 1
        self._open: list[tuple[str, bool]] = []
        """Names of the elements around, and whether each is dropped with what it holds."""
        self._dropped = 0
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BREAKS:
            self.end_block()
        if tag == "title" and not self.title:
            self._in_title = True
        values = dict(attrs)
        if tag == "a" and not self._dropped and (named := _ATTACK_LINK.search(values.get("href") or "")):
            self._add(f" ({'.'.join(filter(None, named.groups()))}) ")
        if tag not in _VOID and len(self._open) < _MAX_DEPTH:
            dropped = tag in _DROPPED or _is_hidden(values)
            self._open.append((tag, dropped))
            self._dropped += dropped
        elif tag in ("td", "th"):
            self._add(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HEADINGS:
            self._end_heading()
        elif tag in _BREAKS:
            self.end_block()
        if tag == "title":
            self._in_title = False
        if any(name == tag for name, _ in self._open):
            while self._open:
                name, dropped = self._open.pop()
                self._dropped -= dropped
                if name == tag:
                    return

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title = f"{self.title} {data}".strip()[:_MAX_HEADING_CHARS]
        elif not self._dropped:
            self._add(data)

    def end_block(self) -> None:
        """What was read so far is a block of its own."""
        if text := self._take():
            self.blocks.append(Block(text, f"line {self._line}", self._heading))

    def _end_heading(self) -> None:
        if text := self._take():
            self._heading = text[:_MAX_HEADING_CHARS]
            self.title = self.title or self._heading

    def _add(self, text: str) -> None:
        if not self._pieces:
            text = text.lstrip()
            self._line = self.getpos()[0]
        if text:
            self._pieces.append(text)

    def _take(self) -> str:
        text = " ".join("".join(self._pieces).split())
        self._pieces = []
        return text


def _is_hidden(values: dict[str, str | None]) -> bool:
    """What a person does not see is not for a language model to read either."""
    hidden = "hidden" in values or values.get("aria-hidden") == "true"
    return hidden or bool(_HIDDEN.search((values.get("style") or "").lower()))
