"""The text forms of an event's values, by which conditions compare them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from loglm.events.event import LogEvent

__all__ = ["event_texts", "texts"]

_MAX_VALUES: Final = 256
"""Longer lists are compared by their first values; keywords are looked for in as many nested ones."""
_MAX_DEPTH: Final = 16


def texts(value: Any) -> tuple[str, ...]:
    """The strings that stand for a value: none for null, one for a scalar, one for each element of a list.

    A mapping is its compact JSON, so that ``contains`` finds keys and values in it.
    """
    if isinstance(value, str):
        return (value,)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        return tuple(_elements(value, 0))[:_MAX_VALUES]
    if isinstance(value, dict):
        return (_json(value),)
    return (_scalar(value),)


def event_texts(event: LogEvent) -> tuple[str, ...]:
    """All strings in which a keyword is looked for: the values, the message, and a text record as a whole."""
    found: list[str] = []
    for value in event.attributes.values():
        if value.__class__ is str:
            found.append(value)
        elif value is not None:
            _add_leaves(value, found, 0)
    if event.body is not None:
        found.append(event.body)
    if event.body is not None or not found:
        found.append(event.raw)
    return tuple(found)


def _elements(values: list[Any] | tuple[Any, ...], depth: int) -> Iterator[str]:
    for value in values[:_MAX_VALUES]:
        if isinstance(value, list | tuple):
            if depth < _MAX_DEPTH:
                yield from _elements(value, depth + 1)
        else:
            yield from texts(value)


def _add_leaves(value: Any, found: list[str], depth: int) -> None:
    if len(found) >= _MAX_VALUES or depth >= _MAX_DEPTH:
        return
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            _add_leaves(part, found, depth + 1)
            if len(found) >= _MAX_VALUES:
                return
    else:
        found.extend(texts(value))


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _json(value: dict[Any, Any]) -> str:
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return str(value)[:65_536]
