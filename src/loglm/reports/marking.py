"""Which parts of an event's text to mark."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loglm.reports.sanitize import visible

__all__ = ["Part", "marked_parts"]

_WORDS = 8
_WORD_CHARS = 64
_MARKS = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text, marked or not."""

    text: str
    marked: bool


def marked_parts(text: str, words: Iterable[str]) -> list[Part]:
    """A text in pieces, where the given words occur marked; joined they are the text again.

    Args:
        text: Safe text, as from `visible`.
        words: As the detector names them; the first eight of them count, whatever their case, cut at 64
            characters; single characters do not. Longer ones win.

    Returns:
        Pieces in order, at most 200 of them marked.
    """
    wanted = {short for word in list(words)[:_WORDS] if len(short := visible(word)[:_WORD_CHARS]) > 1}
    if not wanted:
        return [Part(text, marked=False)]
    pattern = re.compile("|".join(re.escape(word) for word in sorted(wanted, key=len, reverse=True)), re.IGNORECASE)
    parts: list[Part] = []
    place = 0
    for count, match in enumerate(pattern.finditer(text)):
        if count == _MARKS:
            break
        if match.start() > place:
            parts.append(Part(text[place : match.start()], marked=False))
        parts.append(Part(match[0], marked=True))
        place = match.end()
    if place < len(text) or not parts:
        parts.append(Part(text[place:], marked=False))
    return parts
