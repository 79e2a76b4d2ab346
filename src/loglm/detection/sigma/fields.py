"""Where the fields that rules name stand in an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from loglm.detection.sigma.values import event_texts, texts
from loglm.events.event import LogEvent

__all__ = ["EventFields", "Getter", "getter"]

Getter = Callable[[LogEvent], Any]
_MAX_FAN_OUT: Final = 256


class EventFields:
    """One event's values as text, by the rules' field names; each is converted once, when first asked for."""

    __slots__ = ("_event", "_folded", "_getters", "_texts")

    def __init__(self, event: LogEvent, getters: Mapping[str | None, Getter]) -> None:
        self._event = event
        self._getters = getters
        self._texts: dict[str | None, tuple[str, ...]] = {}
        self._folded: dict[str | None, tuple[str, ...]] = {}

    def texts(self, field: str | None) -> tuple[str, ...]:
        """The field's values; empty where it is missing or null. Field None: every string of the event."""
        found = self._texts.get(field)
        if found is None:
            found = event_texts(self._event) if field is None else texts(self._getters[field](self._event))
            self._texts[field] = found
        return found

    def folded(self, field: str | None) -> tuple[str, ...]:
        """The same, case-folded."""
        found = self._folded.get(field)
        if found is None:
            found = tuple(text.casefold() for text in self.texts(field))
            self._folded[field] = found
        return found


def getter(names: tuple[str, ...]) -> Getter:
    """A function that gives the first of the named attributes that is there.

    A name with dots is looked for as it stands, then as a path through nested records; a list on the way gives the
    values of all its elements.
    """
    if len(names) == 1 and "." not in names[0]:
        only = names[0]
        return lambda event: event.attributes.get(only)
    paths = tuple((name, tuple(name.split("."))) for name in names)

    def first(event: LogEvent) -> Any:
        attributes = event.attributes
        for name, path in paths:
            value = attributes.get(name)
            if value is None and len(path) > 1:
                value = _follow(attributes, path)
            if value is not None:
                return value
        return None

    return first


def _follow(value: Any, path: tuple[str, ...]) -> Any:
    for place, key in enumerate(path):
        if isinstance(value, list):
            found = (_follow(element, path[place:]) for element in value[:_MAX_FAN_OUT])
            return [element for element in found if element is not None] or None
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value
