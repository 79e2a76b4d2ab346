"""Strings without which a condition cannot hold: what the index looks for before any rule is evaluated.

A literal stands with the field that must contain it, case-folded, with `START` before it where the value must begin
with it and `END` after it where the value must end with it. A *clause* is a set of them of which at least one must be
there; a condition may have several clauses, each of which must be met.
"""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.detection.sigma.specs import Node

__all__ = ["END", "START", "Clause", "clauses", "cost", "regex_literal"]

START: Final = "\ufdd0"
END: Final = "\ufdd1"
"""Noncharacters of Unicode; where a value contains one, a rule may be evaluated in vain but none is missed."""

Clause = frozenset[tuple[str | None, str]]
"""(field, literal) pairs of which one must be found; field None: anywhere in the event."""

_TOKEN: Final = re.compile(
    r"\\(?P<escape>.)"
    r"|(?P<class>\[\^?\]?(?:\[:\w+:\]|\\.|[^\]\\])*\])"
    r"|(?P<repeat>[*?+]|\{\d*(?:,\d*)?\})"
    r"|(?P<other>[.^$|()\[\]{}])"
    r"|(?P<char>.)",
    re.DOTALL,
)
_FLAGS: Final = re.compile(r"\(\?[ims]+\)")
_VERBOSE: Final = re.compile(r"\(\?[a-zA-Z]*x")
_ASSERTIONS_AND_CLASSES: Final = frozenset("dDwWsSbBAzZntrfv")


def clauses(node: Node) -> list[Clause]:
    """What must be found for a condition to hold; empty where it can hold without anything being there."""
    match node:
        case ["and", list(parts)]:
            return [clause for part in parts for clause in clauses(part)]
        case ["or", list(parts)]:
            return _one_of([clauses(part) for part in parts])
        case ["text", field, how, _, list(values)]:
            return [frozenset((field, _text_literal(how, value)) for value in values)]
        case ["regex", field, str(pattern)]:
            return [frozenset({(field, regex_literal(pattern) or START)})]
        case ["cidr" | "compare" | "exists" | "fieldref", field, *_]:
            return [frozenset({(field, START)})]
    return []


def cost(clause: Clause) -> float:
    """A guess at how often a clause is met by chance: low for few long literals."""
    return sum(1.0 if literal == START else 0.6 ** (len(literal) + literal.count(END)) for _, literal in clause)


def regex_literal(pattern: str) -> str:
    """The longest string that each match of a regular expression contains, case-folded; empty where none is sure.

    Only what stands outside groups and classes is looked at, and nothing where the pattern alternates there.
    """
    if _VERBOSE.search(pattern):
        return ""
    runs = [""]
    depth = 0
    for token in _TOKEN.finditer(_FLAGS.sub("", pattern, count=1)):
        kind, text = token.lastgroup, token[0]
        if kind == "escape":
            char = token["escape"]
            if char.isalnum() and char not in _ASSERTIONS_AND_CLASSES:
                return ""
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
        if depth < 0 or (depth == 0 and text == "|"):
            return ""
        if depth or text == ")":
            runs.append("")
        elif kind == "char" or (kind == "escape" and not token["escape"].isalnum()):
            runs[-1] += text[-1]
        elif kind == "repeat":
            _repeat_last(runs, text)
        else:
            runs.append("")
    return max(runs, key=len).casefold() if depth == 0 else ""


def _repeat_last(runs: list[str], operator: str) -> None:
    """End a run at a repetition; its last character may be absent unless the operator is ``+``."""
    if operator != "+":
        runs[-1] = runs[-1][:-1]
    runs.append("")


def _one_of(alternatives: list[list[Clause]]) -> list[Clause]:
    """The clause of an ``or``: the best of each alternative; none where one alternative has none."""
    if not alternatives or not all(alternatives):
        return []
    return [frozenset().union(*(min(alternative, key=cost) for alternative in alternatives))]


def _text_literal(how: str, value: Any) -> str:
    if how == "glob":
        return _glob_literal(value)
    folded: str = value.casefold()
    begin = START if how in ("equals", "prefix") else ""
    end = END if how in ("equals", "suffix") else ""
    return f"{begin}{folded}{end}" or START


def _glob_literal(parts: list[str | int]) -> str:
    candidates = [
        (START if place == 0 else "") + part.casefold() + (END if place == len(parts) - 1 else "")
        for place, part in enumerate(parts)
        if isinstance(part, str)
    ]
    return max(candidates, key=len, default="") or START
