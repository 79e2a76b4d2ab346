"""Regular expressions and globs of rules, run on text that an attacker may have written.

RE2 takes time linear in the text, so it runs whatever it accepts. What it does not (look-around, back-references)
runs on Python's engine, and only where backtracking stays small: no repeated group that itself repeats or
alternates, at most two repetitions in all, and the text cut.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

__all__ = ["BACKTRACKING_CHARS", "PatternError", "compiled", "fullmatcher", "searcher"]

BACKTRACKING_CHARS: Final = 512
"""How much of a value a pattern sees that RE2 does not accept."""
_MAX_REPETITIONS: Final = 2
_ATOM: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?(?:P?<?[=!]|P<\w+>|[a-zA-Z-]*:)?|[*+?|(){]|.", re.DOTALL)
"""An escape, a character class, the opening of a group, an operator or any other character."""
_LONE_SURROGATES: Final = re.compile("[\ud800-\udfff]")


class PatternError(ValueError):
    """A pattern is malformed, or backtracking on it could take very long."""


def searcher(pattern: str) -> Callable[[str], bool]:
    """A function that says whether the pattern is found anywhere in a text; linear or bounded time.

    Raises:
        PatternError: The pattern cannot be used.
    """
    regex = compiled(pattern)
    search = regex.search
    if isinstance(regex, re.Pattern):
        return lambda text: search(text[:BACKTRACKING_CHARS]) is not None
    return lambda text: search(_encodable(text)) is not None


def fullmatcher(globs: Iterable[list[str | int]]) -> Callable[[str], bool]:
    """A function that says whether one of the globs covers a whole text; globs as in `specs`."""
    alternatives = "|".join("".join(_glob_part(part) for part in glob) for glob in globs)
    search = compiled(f"(?s)\\A(?:{alternatives})\\z").search
    return lambda text: search(_encodable(text)) is not None


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """The pattern compiled by RE2, or by `re` where RE2 does not accept it and backtracking is harmless.

    Raises:
        PatternError: The pattern cannot be used.
    """
    import re2  # type: ignore[import-untyped]

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        return _backtracking(pattern)


def _backtracking(pattern: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            regex = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"not a regular expression: {error}") from error
    if not _is_harmless(pattern):
        raise PatternError("RE2 does not accept this pattern, and backtracking on it could take very long")
    return regex


def _is_harmless(pattern: str) -> bool:
    """Whether a pattern has at most two repetitions, and none of a group that repeats or alternates."""
    repetitions = 0
    groups = [False]
    closed = False
    for atom in _ATOM.findall(pattern):
        if atom in ("*", "+", "?", "{"):
            if closed:
                return False
            repetitions += 1
            groups[-1] = True
        elif atom == "|":
            groups[-1] = True
        elif atom[0] == "(":
            groups.append(False)
        closed = False
        if atom == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] |= closed
    return repetitions <= _MAX_REPETITIONS


def _glob_part(part: str | int) -> str:
    if isinstance(part, int):
        return "." if part else ".*"
    return "".join(char if char.isalnum() else _escaped(char) for char in part)


def _escaped(char: str) -> str:
    return f"\\{char}" if char.isascii() and char.isprintable() else f"\\x{{{ord(char):x}}}"


def _encodable(text: str) -> str:
    return text if text.isascii() else _LONE_SURROGATES.sub("\ufffd", text)
