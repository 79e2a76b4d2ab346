"""Account names in free text."""

from __future__ import annotations

import re

__all__ = ["user_in"]

_LONGEST = 2000
_MOST_TRIES = 8
_WORDS = ("user", "login", "account", "acct", "usr")
_NAMED = re.compile(
    r"""(?ix) (?: user(?:_?name)? | login | account | acct | usr )
        (?: (?:\ ?=\ ?|:\ ?) (?:["'`<\[]{1,2})? (?P<marked>[\w.@\\$+-]{1,64}) (?![\w=(])
          | \ (?:name\ |for\ )? ["'`<\[] (?P<quoted>[\w.@\\$+\ -]{1,64}) ["'`>\]]
          | \ (?P<bare>[\w.@\\$+-]{1,64}) )"""
)
_DATABASE = re.compile(r"\[\d{1,10}\] ([\w.$-]{1,63})@[\w.$-]{1,63} [A-Z]{3,12}: ")
_BEFORE_BARE = re.compile(r"(?i)\b(?:for|by) (?:invalid |unknown |illegal |local )?$")
_NOT_NAMES = frozenset(("-", "n/a", "na", "null", "none", "unknown", "name", "not", "is", "from", "id", "and", "the"))


def user_in(text: str) -> str | None:
    """The first account that a text names: ``user=bob``, ``user 'bob'``, ``for user bob``; None where there is none."""
    text = text[:_LONGEST]
    if text[:1] == "[" and (found := _DATABASE.match(text)):  # PostgreSQL: [20730] bob@orders LOG:
        return found[1]
    lower = text.lower()
    for word in _WORDS:
        at = lower.find(word)
        for _ in range(_MOST_TRIES):
            if at < 0:
                break
            name = _name_at(text, at)
            if name:
                return name
            at = lower.find(word, at + 1)
    return None


def _name_at(text: str, at: int) -> str | None:
    """The name behind a word such as ``user``; a bare one only after ``for`` or ``by``."""
    found = _NAMED.match(text, at) if at == 0 or not text[at - 1].isalnum() else None
    if found is None or (found["bare"] and not _BEFORE_BARE.search(text, max(0, at - 14), at)):
        return None
    name = (found["marked"] or found["quoted"] or found["bare"]).rstrip(".").strip()
    return None if not name or name.lower() in _NOT_NAMES else name
