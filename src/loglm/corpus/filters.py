"""Which texts are no use for pretraining, and why."""

from __future__ import annotations

import re

from loglm.events.masking import PLACEHOLDERS

__all__ = ["MIN_CHARS", "rejection"]

MIN_CHARS = 8
"""Characters of a text below its first line, placeholders as one each."""
_PLACEHOLDER = re.compile("|".join(map(re.escape, PLACEHOLDERS)))
_FIELD_NAMES = re.compile(r"^[^=\n]{1,120}=", re.MULTILINE)
_MAX_UNREADABLE = 0.1
_MIN_SPREAD = 3
_LONG_ENOUGH_TO_JUDGE = 16


def rejection(text: str, *, max_chars: int) -> str | None:
    """Why a rendered event is left out; None for one to keep.

    Reasons: ``empty`` (nothing below the header), ``too long``, ``too short``, ``not text`` (a tenth or more of its
    characters could not be decoded or are control characters), and, of events without an action, ``placeholders
    only`` (no value beside them) and ``one character`` (or two, repeated, as in rulers and padding).

    Args:
        text: As `loglm.events.rendering.render` gives it; its first line is the log source and action.
        max_chars: Longest text to keep.
    """
    header, _, content = text.partition("\n")
    if not content.strip():
        return "empty"
    if len(text) > max_chars:
        return "too long"
    values = _FIELD_NAMES.sub("", content)
    bare = _PLACEHOLDER.sub("", values)
    names_an_action = not header.endswith(" -")
    if bare != values and not names_an_action and not any(char.isalnum() for char in bare):
        return "placeholders only"
    if len(_PLACEHOLDER.sub("#", content)) < MIN_CHARS:
        return "too short"
    if _unreadable(content) >= _MAX_UNREADABLE * len(content):
        return "not text"
    distinct = {char for char in bare if not char.isspace()}
    if len(bare) >= _LONG_ENOUGH_TO_JUDGE and len(distinct) < _MIN_SPREAD and not names_an_action:
        return "one character"
    return None


def _unreadable(text: str) -> int:
    if text.isprintable():
        return text.count("\ufffd")
    return sum(char == "\ufffd" or not (char.isprintable() or char in "\n\t\r") for char in text)
