"""Conditions bound to an event's fields: one function a node, put together without generating code.

Loops are written out where ``any`` or ``all`` would do: a generator costs more than the few calls that it makes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import ge, gt, le, lt, ne
from typing import Any, Final, Protocol

from loglm.detection.sigma.patterns import fullmatcher, searcher
from loglm.detection.sigma.specs import Node

__all__ = ["Fields", "Predicate", "predicate"]

_COMPARE: Final[dict[str, Callable[[float, float], bool]]] = {"lt": lt, "lte": le, "gt": gt, "gte": ge, "ne": ne}
_MAX_NUMBER_CHARS: Final = 40
_MAX_ADDRESS_CHARS: Final = 64


class Fields(Protocol):
    """An event's values by the rules' field names; None stands for the whole event (keywords)."""

    def texts(self, field: str | None) -> tuple[str, ...]:
        """The values as text; empty where the field is missing or null."""
        ...

    def folded(self, field: str | None) -> tuple[str, ...]:
        """The same, case-folded."""
        ...


Predicate = Callable[[Fields], bool]


def predicate(node: Node) -> Predicate:
    """The function that evaluates a condition's node; forms of nodes are listed in `specs`.

    Where a field has several values, a comparison holds if it holds for one of them.

    Raises:
        PatternError: A regular expression cannot be used.
    """
    match node:
        case ["and", list(parts)]:
            return _every([predicate(part) for part in sorted(parts, key=_cost)])
        case ["or", list(parts)]:
            return _some([predicate(part) for part in sorted(parts, key=_cost)])
        case ["not", list(part)]:
            return _opposite(predicate(part))
        case ["text", field, how, cased, list(values)]:
            return _text(field, how, cased, values)
        case ["regex", field, str(pattern)]:
            return _each(field, True, searcher(pattern))
        case ["cidr", field, str(network)]:
            return _each(field, True, _inside(ip_network(network)))
        case ["compare", field, str(operator), number]:
            return _each(field, True, _comparison(_COMPARE[operator], float(number)))
        case ["fieldref", field, other, str(how)]:
            return _reference(field, other, how)
        case ["exists", field]:
            return lambda fields: bool(fields.texts(field))
        case ["null", field]:
            return lambda fields: not fields.texts(field)
    raise ValueError(f"not a node of a condition: {node[:1]}")


def _cost(node: Node) -> int:
    """Order of evaluation: string comparisons before regular expressions, groups last."""
    if node[0] in ("and", "or", "not"):
        return 2
    return int(node[0] == "regex" or (node[0] == "text" and node[2] == "glob"))


def _every(parts: list[Predicate]) -> Predicate:
    def test(fields: Fields) -> bool:
        for part in parts:  # noqa: SIM110
            if not part(fields):
                return False
        return True

    return test


def _some(parts: list[Predicate]) -> Predicate:
    def test(fields: Fields) -> bool:
        for part in parts:  # noqa: SIM110
            if part(fields):
                return True
        return False

    return test


def _opposite(part: Predicate) -> Predicate:
    return lambda fields: not part(fields)


def _text(field: str | None, how: str, cased: bool, values: list[Any]) -> Predicate:
    if how == "glob":
        return _each(field, cased, fullmatcher(values if cased else [_folded_glob(glob) for glob in values]))
    wanted = tuple(values) if cased else tuple(value.casefold() for value in values)
    if how == "equals":
        members = frozenset(wanted)
        return _each(field, cased, members.__contains__)
    if how == "prefix":
        return _each(field, cased, lambda text: text.startswith(wanted))
    if how == "suffix":
        return _each(field, cased, lambda text: text.endswith(wanted))
    if len(wanted) == 1:
        only = wanted[0]
        return _each(field, cased, lambda text: only in text)
    return _each(field, cased, lambda text: any(value in text for value in wanted))


def _folded_glob(glob: list[str | int]) -> list[str | int]:
    return [part.casefold() if isinstance(part, str) else part for part in glob]


def _each(field: str | None, cased: bool, test: Callable[[str], bool]) -> Predicate:
    """Whether the test holds for one of the field's values, case-folded unless ``cased``."""

    def on_texts(fields: Fields) -> bool:
        for text in fields.texts(field):  # noqa: SIM110
            if test(text):
                return True
        return False

    def on_folded(fields: Fields) -> bool:
        for text in fields.folded(field):  # noqa: SIM110
            if test(text):
                return True
        return False

    return on_texts if cased else on_folded


def _reference(field: str, other: str, how: str) -> Predicate:
    holds: dict[str, Callable[[str, str], bool]] = {
        "equals": lambda text, wanted: text == wanted,
        "prefix": lambda text, wanted: text.startswith(wanted),
        "suffix": lambda text, wanted: text.endswith(wanted),
        "contains": lambda text, wanted: wanted in text,
    }
    test = holds[how]
    return lambda fields: any(test(text, wanted) for text in fields.folded(field) for wanted in fields.folded(other))


def _comparison(compare: Callable[[float, float], bool], number: float) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        try:
            value = float(text[:_MAX_NUMBER_CHARS])
        except ValueError:
            return False
        return compare(value, number)

    return test


def _inside(network: IPv4Network | IPv6Network) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        address = _address(text[:_MAX_ADDRESS_CHARS])
        return address is not None and address.version == network.version and address in network

    return test


@lru_cache(maxsize=8192)
def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
