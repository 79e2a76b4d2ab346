"""JSON that strict parsers refuse but loggers write: NaN, lone surrogates, control characters, escapes, joined text."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["MAX_DEPTH", "parse_leniently", "too_deep"]

MAX_DEPTH = 128
"""Levels of nesting; a record that goes deeper is rejected, so that nothing later has to guard its stack."""

# An escaped backslash or a surrogate pair is kept, a surrogate without its other half becomes U+FFFD.
_SURROGATES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
# A string, also one that is not closed, or a line break or tab that was escaped together with the record it is in.
_ESCAPED_BLANKS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$|\\$)|(?P<blank>\\[nrt])', re.DOTALL)
_BETWEEN = re.compile(r"[\s,]*")
_MOST_VALUES = 10_000


def parse_leniently(text: str) -> list[Any] | None:
    """The values in a text that is not strict JSON; None where a part of it is no JSON by any reading.

    NaN and Infinity become None, a surrogate without its other half U+FFFD. Values may follow one another with blanks
    or commas between them or nothing at all. ``\\n``, ``\\r`` and ``\\t`` outside strings are blanks.
    """
    if "\\u" in text:
        text = _SURROGATES.sub(lambda found: "\\ufffd" if found["lone"] else found[0], text)
    if "\\" in text:
        text = _ESCAPED_BLANKS.sub(lambda found: " " if found["blank"] else found[0], text)
    values: list[Any] = []
    position = _skip(text, 0)
    while position < len(text):
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            return None
        if len(values) == _MOST_VALUES:
            return None
        values.append(value)
        position = _skip(text, position)
    return values or None


def too_deep(text: str, value: Any) -> bool:
    """Whether a parsed value goes deeper than `MAX_DEPTH`; ``text`` is what it was parsed from."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    level = [value] if value.__class__ in (dict, list) else []
    for _ in range(MAX_DEPTH + 2):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if outer.__class__ is dict else outer)
            if inner and (inner.__class__ is dict or inner.__class__ is list)
        ]
        if not level:
            return False
    return True


def _skip(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position


def _not_a_number(_: str) -> None:
    return None


def _number(digits: str) -> int | float:
    """An integer; one that does not fit 64 bits as a float, as strict parsers have it."""
    return int(digits) if len(digits) < 19 else float(digits)


_DECODER = json.JSONDecoder(strict=False, parse_constant=_not_a_number, parse_int=_number)
