"""Records in the Elastic Common Schema, nested or with dotted keys, as beats and applications write them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import has_keys, log_source, message_of, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["EcsMapper"]

_MODULES: Final = {
    "system": ("linux", ""),
    "auditd": ("linux", "auditd"),
    "auditbeat": ("linux", "auditd"),
    "file_integrity": ("linux", "file_integrity"),
    "iptables": ("linux", "iptables"),
    "o365": ("m365", "audit"),
    "apache": ("apache", "access"),
}
"""Modules whose log source has another name than theirs."""


class EcsMapper:
    """Product and service are ``event.module`` and ``event.dataset``; ``ecs`` where the record names neither.

    Source: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html
    """

    name = "ecs"
    _time = staticmethod(has_keys("@timestamp"))
    _nested = staticmethod(
        has_keys(any_of=("ecs", "ecs.version", "agent", "data_stream", "log.level", "event.dataset"))
    )
    _dotted = staticmethod(has_keys(any_of=("event.action", "event.category", "event.type", "event.dataset")))
    _objects: Final = ("event", "host", "process", "source", "destination", "client", "server", "user", "file", "agent")

    def matches(self, record: dict[str, Any]) -> bool:
        if self._dotted(record):
            return True
        if not self._time(record):
            return False
        objects = sum(1 for name in self._objects if record.get(name).__class__ is dict)
        return self._nested(record) or objects >= 2

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_source_of(record),
            attributes=record,
            body=message_of(record.get("message")),
            timestamp=parse_timestamp(record.get("@timestamp") or _created(record) or record.get("timestamp")),
            action=text_of(_action(record) or _code(record) or record.get("event_type")),
            host=text_of(_host(record)),
            user=text_of(_user(record)),
            source_address=text_of(_source_ip(record) or _client_ip(record) or record.get("origin.address")),
            destination_address=text_of(_destination_ip(record) or _server_ip(record)),
            process=text_of(_executable(record) or _process_name(record)),
            session=text_of(_session(record) or _flow(record)),
        )


def _either(*names: str) -> Callable[[dict[str, Any]], Any]:
    """The first set value among dotted names, written with dots in the key or as nested objects."""
    split = tuple((name, *name.split(".", 1)) for name in names)

    def get(record: dict[str, Any]) -> Any:
        for dotted, head, tail in split:
            value = record.get(dotted)
            if value is None:
                inner = record.get(head)
                if inner.__class__ is dict:
                    value = inner.get(tail)
                    if value is None and "." in tail:
                        middle, _, last = tail.partition(".")
                        deeper = inner.get(middle)
                        value = deeper.get(last) if deeper.__class__ is dict else None
            if value is not None and value != "" and value.__class__ is not dict:
                return value
        return None

    return get


_created = _either("event.created", "event.start")
_action = _either("event.action")
_code = _either("event.code", "event.type", "event.category")
_module = _either("event.module", "service.type")
_dataset = _either("event.dataset", "data_stream.dataset")
_host = _either(
    "host.name",
    "host.hostname",
    "agent.hostname",
    "agent.name",
    "observer.name",
    "observer.hostname",
    "node.name",
    "elasticsearch.node.name",
)
_user = _either("user.name", "user.email", "user.id", "source.user.name", "client.user.name")
_source_ip = _either("source.ip", "source.address")
_client_ip = _either("client.ip", "client.address", "origin.address")
_destination_ip = _either("destination.ip", "destination.address")
_server_ip = _either("server.ip", "destination.domain", "url.domain")
_executable = _either("process.executable")
_process_name = _either("process.name")
_session = _either("session.id", "winlog.logon.id", "zeek.session_id", "user.session.id")
_flow = _either("network.community_id", "transaction.id")


def _source_of(record: dict[str, Any]) -> LogSource:
    module = (text_of(_module(record)) or "").lower()
    dataset = (text_of(_dataset(record)) or "").lower()
    if not module:
        module, _, dataset = dataset.partition(".")
    elif dataset.startswith(module + "."):
        dataset = dataset[len(module) + 1 :]
    product, service = _MODULES.get(module, (module or "ecs", ""))
    return log_source(product, service or ("" if dataset == module else dataset))
