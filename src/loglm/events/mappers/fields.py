"""FieldMapper: a record mapper that only says under which keys a source keeps what all events have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.timestamps import parse_timestamp

__all__ = ["FieldMapper", "Getter", "first", "has_keys", "log_source", "message_of", "text_of"]

_LONGEST_NAME = 512
"""Characters of a host, user or process name that are kept; the attributes hold the rest."""
_LONGEST_NESTED = 65_536
"""Characters of JSON text inside a field that are looked into."""
_UNSET = frozenset(("", "-", "N/A", "n/a", "null", "None", "(null)", "<null>"))

Getter = Callable[[dict[str, Any]], Any]


def first(*paths: str | tuple[str, ...]) -> Getter:
    """A function that takes the first value out of a record that is set.

    Args:
        paths: Where to look, in order: keys joined by ``/``, or a tuple of keys. A list on the way stands for its
            first item, text that holds a JSON object (as columns of exported tables do) for that object.
    """
    keys = tuple(tuple(path.split("/")) if isinstance(path, str) else path for path in paths)
    if len(keys) == 1 and len(keys[0]) == 1:
        return _single(keys[0][0])

    def get(record: dict[str, Any]) -> Any:
        for path in keys:
            value: Any = record
            for key in path:
                if value.__class__ is list and value:
                    value = value[0]
                if value.__class__ is not dict:
                    value = _object_in(value)
                    if value is None:
                        break
                value = value.get(key)
            if value is not None and value != "" and value != "-":
                return value
        return None

    return get


def _object_in(value: Any) -> dict[str, Any] | None:
    if value.__class__ is not str or value[:1] not in "{[" or len(value) > _LONGEST_NESTED:
        return None
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if parsed.__class__ is list and parsed:
        parsed = parsed[0]
    return parsed if parsed.__class__ is dict else None


def _single(key: str) -> Getter:
    def get(record: dict[str, Any]) -> Any:
        return record.get(key)

    return get


def text_of(value: Any) -> str | None:
    """A name, address or id as text; None for what marks an unset value and for what is no scalar.

    The first item stands for a list.
    """
    if value.__class__ is str:
        text: str = value.strip()
        return None if text in _UNSET else text[:_LONGEST_NAME]
    if value.__class__ is list:
        return text_of(value[0]) if value and value[0].__class__ is not list else None
    if value.__class__ is int or value.__class__ is float:
        return str(value)
    return None


def message_of(value: Any) -> str | None:
    """A free-text message; None where there is none."""
    return value if value.__class__ is str and value else None


@lru_cache(maxsize=4096)
def log_source(product: str, service: str = "", category: str = "") -> LogSource:
    """The one LogSource of these names. For names out of records: at most 64 characters of each are kept."""
    return LogSource(product[:64] or "unknown", service[:64], category[:64])


def has_keys(
    *required: str, any_of: Iterable[str] = (), none_of: Iterable[str] = ()
) -> Callable[[dict[str, Any]], bool]:
    """A test of a record's top-level keys: all of ``required``, one of ``any_of``, none of ``none_of``."""
    needed, options, excluded = frozenset(required), frozenset(any_of), frozenset(none_of)

    def test(record: dict[str, Any]) -> bool:
        keys = record.keys()
        return needed <= keys and not (options and options.isdisjoint(keys)) and excluded.isdisjoint(keys)

    return test


@dataclass(slots=True)
class FieldMapper:
    """Maps records whose fields stand in fixed places; see `first` for how places are written."""

    name: str
    log_source: LogSource
    when: Callable[[dict[str, Any]], bool]
    """The test that `matches` makes; see `has_keys`."""
    timestamp: Getter
    action: Getter | None = None
    user: Getter | None = None
    host: Getter | None = None
    source_address: Getter | None = None
    destination_address: Getter | None = None
    process: Getter | None = None
    session: Getter | None = None
    body: Getter | None = None
    service: Getter | None = None
    """Where the record names its service; it stands in for that of ``log_source``, in lower case."""

    def matches(self, record: dict[str, Any]) -> bool:
        return self.when(record)

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        """The event; a missing or odd field leaves None."""
        source = self.log_source
        if self.service is not None:
            service = text_of(self.service(record))
            if service:
                source = log_source(source.product, service.lower()[:64], source.category)
        return LogEvent(
            raw=raw,
            location=location,
            log_source=source,
            attributes=record,
            body=None if self.body is None else message_of(self.body(record)),
            timestamp=parse_timestamp(self.timestamp(record)),
            action=None if self.action is None else text_of(self.action(record)),
            host=None if self.host is None else text_of(self.host(record)),
            user=None if self.user is None else text_of(self.user(record)),
            source_address=None if self.source_address is None else text_of(self.source_address(record)),
            destination_address=None if self.destination_address is None else text_of(self.destination_address(record)),
            process=None if self.process is None else text_of(self.process(record)),
            session=None if self.session is None else text_of(self.session(record)),
        )
