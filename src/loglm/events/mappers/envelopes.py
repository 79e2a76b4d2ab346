"""What shippers wrap around a record: Splunk, Elasticsearch, Docker, EventBridge, exports of cloud portals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from loglm.events.mappers.fields import Getter, first, has_keys

__all__ = ["Envelope", "Wrapped", "envelope_of"]


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What an envelope held."""

    content: dict[str, Any] | str
    """The record inside, or a line of text that is not JSON."""
    timestamp: Any = None
    """The envelope's time as it stands there, for a record that has none."""
    host: Any = None
    hint: str | None = None
    """The envelope's name for the kind of log: a sourcetype, a schema, a data set."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where one kind of envelope keeps its content; the places are tried in order."""

    matches: Callable[[dict[str, Any]], bool]
    content: Getter
    timestamp: Getter | None = None
    host: Getter | None = None
    hint: Getter | None = None
    text: bool = False
    """Content that is text but not JSON is a log line; else such an envelope is a record itself."""

    def open(self, record: dict[str, Any]) -> Wrapped | None:
        """What the record wraps; None where it is no envelope after all."""
        content = _parsed(self.content(record))
        if not (content.__class__ is dict and content) and not (self.text and content.__class__ is str and content):
            return None
        hint = None if self.hint is None else self.hint(record)
        return Wrapped(
            content=content,
            timestamp=None if self.timestamp is None else self.timestamp(record),
            host=None if self.host is None else self.host(record),
            hint=hint if hint.__class__ is str else None,
        )


def envelope_of(record: dict[str, Any]) -> Envelope | None:
    """The kind of envelope that a record is by its keys, None for a plain record."""
    for envelope in _ENVELOPES:
        if envelope.matches(record):
            return envelope
    return None


_LOOKS_LIKE_OBJECT = re.compile(r"\s*\{\s*[\"}]").match


def _parsed(value: Any) -> Any:
    """The object that text holds as JSON; any other value as it is."""
    if value.__class__ is str and _LOOKS_LIKE_OBJECT(value):
        try:
            parsed = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return parsed if parsed.__class__ is dict else value
    return value


def _syslog_message(record: dict[str, Any]) -> Any:
    """An audit record or a Sysmon event of Linux that was sent through syslog, out of a workspace's Syslog table."""
    message = record.get("SyslogMessage")
    if message.__class__ is not str:
        return None
    if message.startswith("<Event>"):
        return {"_raw": message}
    return message if "audit(" in message[:64] else None


def _azure_properties(record: dict[str, Any]) -> Any:
    """The row of a Defender table that was streamed to an event hub, or the log of a container."""
    category = record.get("category")
    if category.__class__ is str and category.startswith("AdvancedHunting-"):
        return record["properties"]
    return _properties_log(record)


_properties_log = first("properties/log")


def _only(*names: str) -> Callable[[dict[str, Any]], bool]:
    """A test that a record has the first key, and besides it only the others."""
    allowed = frozenset(names)

    def test(record: dict[str, Any]) -> bool:
        return names[0] in record and record.keys() <= allowed

    return test


_SHIPPER_KEYS = (
    *(
        "@timestamp",
        "@version",
        "timestamp",
        "time",
        "host",
        "hostname",
        "source",
        "source_type",
        "sourcetype",
        "index",
    ),
    *("tags", "type", "id", "agent", "input", "log", "ecs", "offset", "fields", "beat", "prospector", "event", "cloud"),
    *(
        "kubernetes",
        "docker",
        "container",
        "stream",
        "container_id",
        "container_name",
        "ingestionTime",
        "logStreamName",
    ),
    *("logGroup", "logStream", "messageType", "owner", "file", "path", "port", "data_stream", "orchestrator", "_p"),
    *("partial_message", "source_ip", "facility", "severity", "priority", "appname", "eventId", "date"),
)

_ENVELOPES = (
    # Elasticsearch search hits and exports
    Envelope(has_keys("_source", any_of=("_index", "_id", "_type", "_score")), first("_source")),
    # Splunk search results and the HTTP event collector
    Envelope(
        has_keys("result", any_of=("preview", "lastrow", "offset")), first("result"), hint=first("result/sourcetype")
    ),
    Envelope(
        has_keys(
            "event", any_of=("sourcetype", "time", "index", "fields"), none_of=("@timestamp", "ecs", "ts", "user")
        ),
        first("event"),
        timestamp=first("time"),
        host=first("host"),
        hint=first("sourcetype"),
        text=True,
    ),
    Envelope(
        has_keys("_raw"),
        first("_raw"),
        timestamp=first("_time"),
        host=first("host"),
        hint=first("sourcetype"),
        text=True,
    ),
    # object-store exports that keep the record under "data"
    Envelope(
        has_keys("data", "_event_time", any_of=("_meta", "_ingest_time")),
        first("data"),
        timestamp=first("_event_time"),
        hint=first("_meta/source"),
    ),
    # records of a security data lake with the name of their schema
    Envelope(has_keys("log", "log_type"), first("log"), timestamp=first("log/p_event_time"), hint=first("log_type")),
    # exports of the unified audit log, of `aws cloudtrail lookup-events`, of EventBridge
    Envelope(has_keys("AuditData"), first("AuditData"), timestamp=first("CreationDate", "CreationTime")),
    Envelope(has_keys("CloudTrailEvent"), first("CloudTrailEvent"), timestamp=first("EventTime")),
    Envelope(has_keys("detail", "detail-type"), first("detail"), timestamp=first("time"), hint=first("source")),
    # tables and diagnostic exports of Azure
    Envelope(
        has_keys("SyslogMessage"), _syslog_message, first("EventTime", "TimeGenerated"), first("HostName"), text=True
    ),
    Envelope(
        has_keys("category", "properties", any_of=("resourceId", "operationName")),
        _azure_properties,
        timestamp=first("time"),
    ),
    Envelope(has_keys("firewall_name", "event"), first("event"), timestamp=first("event_timestamp")),
    # forwarders that keep the line they read beside their own notes
    Envelope(has_keys("rawmsg"), first("rawmsg")),
    Envelope(_only("event", "tags", "@timestamp", "host", "agent"), first("event/original"), text=True),
    Envelope(_only("json", *_SHIPPER_KEYS), first("json"), timestamp=first("@timestamp")),
    Envelope(
        _only(
            "log",
            "stream",
            "time",
            "attrs",
            "kubernetes",
            "docker",
            "date",
            "@timestamp",
            "_p",
            "tag",
            "partial_message",
        ),
        first("log"),
        timestamp=first("time", "@timestamp", "date"),
        host=first("kubernetes/host"),
        text=True,
    ),
    Envelope(
        _only("message", *_SHIPPER_KEYS),
        first("message"),
        timestamp=first("@timestamp", "timestamp", "time", "date"),
        host=first("host/name", "host/hostname", "host", "hostname", "agent/hostname", "beat/hostname"),
        hint=first("event/dataset", "fileset/name", "sourcetype", "type"),
        text=True,
    ),
)
