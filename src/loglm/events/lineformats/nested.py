"""Messages that are themselves in another format: JSON, Windows XML, CEF, auditd, key=value and others."""

from __future__ import annotations

from typing import Any

import orjson

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.access_log import access_event
from loglm.events.lineformats.audit_record import audit_event
from loglm.events.lineformats.cef import cef_event
from loglm.events.lineformats.key_value import colon_pairs_event, key_value_event
from loglm.events.lineformats.leef import leef_event
from loglm.events.lineformats.panos import panos_event

__all__ = ["AuditLine", "JsonLine", "json_event", "nested_event"]

_LONGEST_PREFIX = 256
_FEWEST_COLUMNS = 8


def nested_event(message: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event that a message is in one of the formats above; None where it is plain text.

    Args:
        message: A line without the header that wraps it.
        raw: The whole line, for the event.
        location: Where it stands.
    """
    start = message[:1]
    if start == "{" or message.startswith("@cee:"):
        return json_event(message.removeprefix("@cee:"), raw, location)
    if start == "<" and message.startswith("<Event"):
        return windows_xml_event(message, raw, location)
    if "CEF:" in message[:_LONGEST_PREFIX]:
        return cef_event(message, raw, location)
    if "LEEF:" in message[:_LONGEST_PREFIX]:
        return leef_event(message, raw, location)
    if "audit(" in message[:_LONGEST_PREFIX]:
        return audit_event(message, raw, location)
    if start != "[" and '] "' in message:
        return access_event(message, raw, location)
    if message.count(",") >= _FEWEST_COLUMNS and (event := panos_event(message, raw, location)):
        return event
    if start == "[" and ':"' in message[:_LONGEST_PREFIX]:
        return colon_pairs_event(message, raw, location)
    return key_value_event(message, raw, location) if message.count("=") >= 3 else None


def json_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a JSON object, by the mapper of its source; None where the text is none."""
    record = _object(text)
    if record is None:
        return None
    from loglm.events.mappers import map_record  # late: the mappers read lines inside records

    return map_record(record, raw, location)


def windows_xml_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a Windows event in XML, as Sysmon for Linux writes it to syslog; None where the text is none."""
    from loglm.events.mappers import map_record
    from loglm.events.mappers.windows_xml import ParseError, parse_event_xml

    try:
        record = parse_event_xml(text)
    except ParseError:
        return None
    return map_record(record, raw, location) if "Event" in record else None


def _object(text: str) -> dict[str, Any] | None:
    try:
        record = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) and record else None


class JsonLine:
    """Lines that are one JSON object each."""

    name = "json"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return json_event(line, line, location) if line[:1] == "{" else None


class AuditLine:
    """Lines that are one audit record each, where they are not joined by `loglm.events.readers.auditd`."""

    name = "auditd"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return audit_event(line, line, location) if "audit(" in line[:_LONGEST_PREFIX] else None
