"""Making untrusted text safe to show: no control characters, no hidden or reordering ones, bounded length.

Log text can hold terminal escape sequences that move the cursor, set the window title or hide lines, and
Unicode characters that reorder or hide what a person reads ("Trojan Source", CVE-2021-42574). All of these
are replaced by a visible escape such as ``\\x1b`` or ``\\u202e``. Markup is another matter: HTML is escaped by
the template, rich markup is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["ELLIPSIS", "escape_hidden", "excerpt", "one_line", "valid_unicode", "visible"]

ELLIPSIS = "…"

_UNSAFE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0, DEL and C1 controls, but for tab and line feed
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # invisible
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\ufeff\ufff0-\ufffb"  # byte order mark, interlinear annotation
    "\ud800-\udfff"  # lone surrogates, as from undecodable file names
    "\U000e0000-\U000e0fff"  # tags and variation selectors
    "]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
_LEAD_CHARS = 24
"""How much of the text before a highlight an excerpt keeps."""


def visible(text: str) -> str:
    """The text with control, hidden and reordering characters as escapes; tab and line feed stay."""
    return _UNSAFE.sub(_escape, text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on one line: runs of white space become one space, the rest as in `visible`."""
    return _UNSAFE.sub(_escape, _SPACES.sub(" ", text).strip())


def valid_unicode(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, so that it can be written as UTF-8."""
    return _SURROGATES.sub("\ufffd", text)


def escape_hidden(json: str) -> str:
    """JSON text with the characters that `visible` would show as JSON's own ``\\u`` escapes; the same value."""
    return _UNSAFE.sub(_json_escape, json)


def excerpt(text: str, width: int, around: Iterable[str] = ()) -> str:
    """At most ``width`` characters of a text, with an ellipsis at each end that was cut.

    Args:
        text: Safe text, as from `visible` or `one_line`.
        width: Characters to keep, ellipses included; at least 3.
        around: Words that should be seen, most important first: where the first of them that occurs lies
            beyond the cut, the excerpt begins shortly before it.
    """
    if len(text) <= width:
        return text
    lowered = text.lower()
    found = next((place for word in around if word and (place := lowered.find(word.lower())) >= 0), 0)
    lead = min(_LEAD_CHARS, width // 4)
    start = found - lead if found > width * 2 // 3 else 0
    start = min(start, len(text) - width + 1)
    if start == 0:
        return text[: width - 1] + ELLIPSIS
    end = start + width - 2
    if end >= len(text) - 1:
        return ELLIPSIS + text[len(text) - width + 1 :]
    return ELLIPSIS + text[start:end] + ELLIPSIS


def _escape(match: re.Match[str]) -> str:
    point = ord(match[0])
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
