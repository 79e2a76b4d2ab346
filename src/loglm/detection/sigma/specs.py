"""A rule as plain data: what compiling makes of a Sigma file, and what the cache holds.

A condition is a tree of JSON lists, so that it can be stored as it is::

    ["and", [node, ...]]   ["or", [node, ...]]   ["not", node]
    ["text", field, how, cased, [value, ...]]    how: equals, prefix, suffix, contains, glob; any value will do
    ["regex", field, pattern]                    flags stand in the pattern; found anywhere in the value
    ["cidr", field, network]
    ["compare", field, operator, number]         operator: lt, lte, gt, gte, ne
    ["fieldref", field, other_field, how]        how: equals, prefix, suffix, contains
    ["exists", field]   ["null", field]

``field`` is null for keywords, which may stand anywhere in the event. A glob's value is the list of its
parts: strings, and 0 for ``*``, 1 for ``?``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from loglm.findings import Level

__all__ = ["Node", "RuleSet", "RuleSpec", "SkippedRule"]

Node = list[Any]
"""One node of a condition; its forms are listed in this module's docstring."""


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One rule, read and checked, not yet bound to fields of events."""

    rule_id: str
    """The rule's UUID; the file's name where it states none."""
    title: str
    level: Level
    status: str
    """stable, test, experimental, deprecated or unsupported; empty where the rule states none."""
    tags: tuple[str, ...]
    """ATT&CK ids as the rule gives them (``T1685.001``), of whatever version."""
    product: str
    service: str
    category: str
    """Log source; empty for what the rule does not state."""
    condition: Node
    path: str
    """File that the rule is from, relative to what was loaded."""

    def as_json(self) -> list[Any]:
        """The fields in order, as JSON values."""
        return [
            self.rule_id,
            self.title,
            int(self.level),
            self.status,
            self.tags,
            self.product,
            self.service,
            self.category,
            self.condition,
            self.path,
        ]

    @classmethod
    def from_json(cls, values: list[Any]) -> RuleSpec:
        """The inverse of `as_json`; ValueError or TypeError where the values are not what that writes."""
        rule_id, title, level, status, tags, product, service, category, condition, path = values
        return cls(rule_id, title, Level(level), status, tuple(tags), product, service, category, condition, path)


@dataclass(frozen=True, slots=True)
class SkippedRule:
    """A rule or file that cannot be used."""

    path: str
    kind: str
    """Stable word to count by: ``yaml``, ``correlation``, ``modifier``, ``placeholder``, ``regex``, ..."""
    reason: str
    """A sentence for people."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What compiling a folder or archive gives."""

    specs: tuple[RuleSpec, ...]
    skipped: tuple[SkippedRule, ...]
