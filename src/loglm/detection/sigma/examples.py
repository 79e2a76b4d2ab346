"""What a rule looks for, as field values: examples to learn from, without what its filters exclude."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from loglm.detection.sigma.specs import Node
from loglm.events.event import LogSource
from loglm.findings import Level

__all__ = ["RuleExample", "condition_examples"]

_MAX_PARTS: Final = 64
"""Alternatives of a part of a condition that are looked at; more are thinned out evenly."""
_DASHES: Final = {0x2013: "-", 0x2014: "-", 0x2015: "-"}


@dataclass(frozen=True, slots=True)
class RuleExample:
    """One way to meet a rule: literal values of the fields that it looks at."""

    rule_id: str
    log_source: LogSource
    """What the rule states; a part that it does not state is empty (``unknown`` for the product)."""
    techniques: tuple[str, ...]
    """ATT&CK Enterprise v18.1."""
    level: Level
    fields: dict[str, list[str]]
    """Strings without wildcards that the fields contain, as the rule writes them; keywords under an empty name."""
    title: str


def condition_examples(node: Node, limit: int) -> list[dict[str, list[str]]]:
    """Up to ``limit`` different ways to meet a condition, spread over its alternatives; empty ones are left out."""
    found: list[dict[str, list[str]]] = []
    for example in _alternatives(node):
        if example and example not in found:
            found.append(example)
    return _spread(found, limit)


def _alternatives(node: Node) -> list[dict[str, list[str]]]:
    match node:
        case ["and", list(parts)]:
            return _combined([_alternatives(part) for part in parts])
        case ["or", list(parts)]:
            return _spread([example for part in parts for example in _alternatives(part)], _MAX_PARTS)
        case ["text", field, how, _, list(values)]:
            return [{field or "": strings} for value in _usual(values) if (strings := _strings(how, value))] or [{}]
    return [{}]


def _usual(values: list[Any]) -> list[Any]:
    """The values without those that the modifier ``windash`` adds with other characters for a hyphen."""
    return [
        value
        for value in values
        if not isinstance(value, str) or value.isascii() or value.translate(_DASHES) not in values
    ]


def _strings(how: str, value: Any) -> list[str]:
    parts = value if how == "glob" else [value]
    return [part for part in parts if isinstance(part, str) and part]


def _combined(parts: list[list[dict[str, list[str]]]]) -> list[dict[str, list[str]]]:
    """Examples that meet all parts: each alternative of each part occurs, not each combination of them."""
    count = max((len(alternatives) for alternatives in parts), default=0)
    return [_merged(alternatives[place % len(alternatives)] for alternatives in parts) for place in range(count)]


def _merged(examples: Iterator[dict[str, list[str]]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for example in examples:
        for name, values in example.items():
            known = fields.setdefault(name, [])
            known.extend(value for value in values if value not in known)
    return fields


def _spread(items: list[dict[str, list[str]]], limit: int) -> list[dict[str, list[str]]]:
    """At most ``limit`` of the items, evenly spaced."""
    if len(items) <= limit:
        return items
    return [items[place * len(items) // limit] for place in range(limit)]
