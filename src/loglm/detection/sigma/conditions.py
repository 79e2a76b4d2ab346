"""From pySigma's condition trees to the JSON nodes of `loglm.detection.sigma.specs`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from loglm.detection.sigma.specs import Node

if TYPE_CHECKING:
    from sigma.types import SigmaFieldReference, SigmaRegularExpression, SigmaString

__all__ = ["UnsupportedError", "condition_node"]

_ANY: Final = 0
_ONE: Final = 1
_COMPARISONS: Final = {"LT": "lt", "LTE": "lte", "GT": "gt", "GTE": "gte", "NEQ": "ne"}


class UnsupportedError(ValueError):
    """A rule uses what cannot be translated; ``kind`` is the word to count it by."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def condition_node(condition: Any, placeholders: Mapping[str, Sequence[str]]) -> Node:
    """Translate a postprocessed condition of pySigma.

    Raises:
        UnsupportedError: A value is of a type that cannot be evaluated on one event, or a placeholder has no values.
    """
    from sigma.conditions import (
        ConditionAND,
        ConditionFieldEqualsValueExpression,
        ConditionNOT,
        ConditionOR,
        ConditionValueExpression,
    )

    if isinstance(condition, ConditionAND):
        return ["and", [condition_node(part, placeholders) for part in condition.args]]
    if isinstance(condition, ConditionOR):
        return _any_of(condition_node(part, placeholders) for part in condition.args)
    if isinstance(condition, ConditionNOT):
        return ["not", condition_node(condition.args[0], placeholders)]
    if isinstance(condition, ConditionFieldEqualsValueExpression):
        return _value_node(condition.field, condition.value, placeholders)
    if isinstance(condition, ConditionValueExpression):
        return _value_node(None, condition.value, placeholders)
    raise UnsupportedError("condition", f"a condition is empty or of an unknown kind: {type(condition).__name__}")


def _any_of(nodes: Iterator[Node]) -> Node:
    """An ``or`` node in which values that are compared with one field in one way stand in one list."""
    merged: list[Node] = []
    places: dict[tuple[str | None, str, bool], int] = {}
    for node in nodes:
        parts: list[Node] = node[1] if node[0] == "or" else [node]
        for part in parts:
            if part[0] != "text":
                merged.append(part)
                continue
            place = places.setdefault((part[1], part[2], part[3]), len(merged))
            if place == len(merged):
                merged.append([*part[:4], list(part[4])])
            else:
                merged[place][4].extend(part[4])
    return merged[0] if len(merged) == 1 else ["or", merged]


def _value_node(field: str | None, value: Any, placeholders: Mapping[str, Sequence[str]]) -> Node:
    from sigma import types

    if isinstance(value, types.SigmaExpansion):
        return _any_of(_value_node(field, part, placeholders) for part in value.values)
    if isinstance(value, types.SigmaString):
        return _any_of(_text_node(field, text) for text in _expanded(value, placeholders))
    if isinstance(value, types.SigmaTimestampPart):
        raise UnsupportedError("modifier", "modifiers that take a part of a time are not supported")
    if isinstance(value, types.SigmaNumber | types.SigmaBool):
        return ["text", field, "equals" if field else "contains", False, [str(value).lower()]]
    if isinstance(value, types.SigmaRegularExpression):
        return ["regex", field, _pattern(value)]
    if field is None:
        raise UnsupportedError("keyword", f"a keyword cannot be of the type {type(value).__name__}")
    if isinstance(value, types.SigmaNull):
        return ["null", field]
    if isinstance(value, types.SigmaExists):
        return ["exists", field] if value.exists else ["not", ["exists", field]]
    if isinstance(value, types.SigmaCIDRExpression):
        return ["cidr", field, str(value.network)]
    if isinstance(value, types.SigmaCompareExpression):
        return ["compare", field, _COMPARISONS[value.op.name], value.number.number]
    if isinstance(value, types.SigmaFieldReference):
        return ["fieldref", field, value.field, _reference_kind(value)]
    raise UnsupportedError("value", f"a value is of the unsupported type {type(value).__name__}")


def _expanded(text: SigmaString, placeholders: Mapping[str, Sequence[str]]) -> Sequence[SigmaString]:
    from sigma.types import Placeholder

    def values_of(placeholder: Placeholder) -> Iterator[str]:
        if placeholder.name not in placeholders:
            raise UnsupportedError("placeholder", f"no values are given for the placeholder %{placeholder.name}%")
        yield from placeholders[placeholder.name]

    return text.replace_placeholders(values_of) if text.contains_placeholder() else [text]


def _text_node(field: str | None, text: SigmaString) -> Node:
    from sigma.types import SigmaCasedString

    cased = isinstance(text, SigmaCasedString)
    parts = _parts(text)
    if field is None:
        parts = [_ANY, *parts, _ANY]
    return _parts_node(field, cased, _without_repeats(parts))


def _parts(text: SigmaString) -> list[str | int]:
    from sigma.types import SpecialChars

    parts: list[str | int] = []
    for part in text.s:
        if isinstance(part, str):
            parts.append(part)
        else:
            parts.append(_ANY if part is SpecialChars.WILDCARD_MULTI else _ONE)
    return parts


def _without_repeats(parts: list[str | int]) -> list[str | int]:
    """Join neighbouring strings and drop the second of two ``*`` in a row."""
    joined: list[str | int] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        elif part != _ANY or last != _ANY:
            joined.append(part)
    return joined


def _parts_node(field: str | None, cased: bool, parts: list[str | int]) -> Node:
    match parts:
        case []:
            return ["text", field, "equals", cased, [""]]
        case [0] if field is not None:
            return ["exists", field]
        case [str() as value]:
            return ["text", field, "equals", cased, [value]]
        case [str() as value, 0]:
            return ["text", field, "prefix", cased, [value]]
        case [0, str() as value]:
            return ["text", field, "suffix", cased, [value]]
        case [0, str() as value, 0]:
            return ["text", field, "contains", cased, [value]]
        case _:
            return ["text", field, "glob", cased, [parts]]


def _pattern(value: SigmaRegularExpression) -> str:
    if value.contains_placeholder():
        raise UnsupportedError("placeholder", "placeholders in regular expressions are not supported")
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return f"(?{flags}){value.regexp}" if flags else str(value.regexp)


def _reference_kind(value: SigmaFieldReference) -> str:
    if value.starts_with and value.ends_with:
        return "contains"
    if value.starts_with:
        return "prefix"
    return "suffix" if value.ends_with else "equals"
