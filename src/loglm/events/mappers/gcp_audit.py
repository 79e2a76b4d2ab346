"""Google Cloud's log entries: audit logs and those of networks and services."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, log_source, message_of, text_of
from loglm.events.mappers.generic import address_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["GcpMapper"]

_AUDIT: Final = LogSource("gcp", "gcp.audit")
_time = first("timestamp", "receiveTimestamp", "jsonPayload/start_time")
_action = first(
    "protoPayload/methodName", "jsonPayload/disposition", "jsonPayload/queryType", "httpRequest/requestMethod"
)
_user = first("protoPayload/authenticationInfo/principalEmail", "protoPayload/authenticationInfo/principalSubject")
_source = first(
    "protoPayload/requestMetadata/callerIp",
    "jsonPayload/connection/src_ip",
    "jsonPayload/sourceIP",
    "httpRequest/remoteIp",
)
_destination = first("jsonPayload/connection/dest_ip", "jsonPayload/destinationIP", "httpRequest/serverIp")
_host = first("resource/labels/instance_id", "jsonPayload/vmInstanceName", "jsonPayload/instance/vm_name")
_body = first("textPayload", "jsonPayload/message", "jsonPayload/MESSAGE")


class GcpMapper:
    """``gcp/gcp.audit`` for audit logs, ``gcp/<log id>`` for others.

    Source: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry
    """

    name = "gcp"
    _entry = staticmethod(
        has_keys(any_of=("protoPayload", "jsonPayload", "textPayload", "httpRequest"), none_of=("webaclId",))
    )
    _marks = staticmethod(has_keys(any_of=("logName", "insertId", "receiveTimestamp", "resource", "protoPayload")))

    def matches(self, record: dict[str, Any]) -> bool:
        return self._entry(record) and self._marks(record)

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_source_of(record),
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=text_of(_action(record)),
            user=text_of(_user(record)),
            host=text_of(_host(record)),
            source_address=address_of(_source(record), names=False),
            destination_address=address_of(_destination(record), names=False),
            body=message_of(_body(record)),
        )


def _source_of(record: dict[str, Any]) -> LogSource:
    payload = record.get("protoPayload")
    if payload.__class__ is dict and "methodName" in payload:
        return _AUDIT
    name = record.get("logName")
    log_id = unquote(name[-128:]).rpartition("/")[2] if name.__class__ is str else ""
    return log_source("gcp", log_id)
