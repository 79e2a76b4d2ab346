"""WindowsMapper: Windows events in every JSON shape that people have them in, as one kind of LogEvent.

The same event gives the same attributes whatever shipped it: ``EventID`` (int), ``Channel``,
``Provider_Name``, ``Computer`` and the fields of EventData or UserData under their own names, which is how Sigma
names them, with values as text. What shippers add, and the rest of the System part, stays out.
"""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.windows_actors import fill_actors
from loglm.events.mappers.windows_exports import is_export
from loglm.events.mappers.windows_flat import CHANNEL_KEYS, ID_KEYS, PROVIDER_KEYS, from_flat
from loglm.events.mappers.windows_messages import parse_message
from loglm.events.mappers.windows_powershell import split_classic, split_context
from loglm.events.mappers.windows_record import WindowsRecord
from loglm.events.mappers.windows_sources import canonical_channel, windows_log_source
from loglm.events.mappers.windows_splunk import split_splunk_text
from loglm.events.mappers.windows_trees import from_old_winlogbeat, from_tree, from_winlogbeat, undotted
from loglm.events.mappers.windows_values import clean_lines, clean_text, fill_attributes, parse_system_time
from loglm.events.mappers.windows_xml import ParseError, parse_event_xml

__all__ = ["WindowsMapper", "windows_event"]

_WINLOG_KEYS: Final = ("winlog", "winlog.channel", "winlog.event_id", "winlog.provider_name")
_CLASSIC_POWERSHELL: Final = "Windows PowerShell"


class WindowsMapper:
    """Maps Windows events of EVTX dumps, winlogbeat, nxlog, Logstash, Splunk, Microsoft Sentinel and others."""

    name = "windows"

    def matches(self, record: dict[str, Any]) -> bool:
        """Whether the keys are those of a Windows event in a shape that `to_event` reads."""
        event = record.get("Event", record)
        if event.__class__ is dict and event.get("System").__class__ is dict:
            return True
        if any(key in record for key in _WINLOG_KEYS):
            return True
        if "EventID" in record and ("Channel" in record or "SourceName" in record):
            return True
        has_id, has_channel, has_provider = (
            any(key in record for key in keys) for keys in (ID_KEYS, CHANNEL_KEYS, PROVIDER_KEYS)
        )
        if has_id and ((has_channel and has_provider) or is_export(record)):
            return True
        return _text_of_event(record) is not None

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        """The event; where the shape is not known after all, one without attributes."""
        return windows_event(_read(record), raw, location)


def _read(record: dict[str, Any]) -> WindowsRecord:
    event = record.get("Event", record)
    if event.__class__ is dict and "System" in event:
        return from_tree(event)
    winlog = record.get("winlog")
    if winlog.__class__ is not dict and any(key in record for key in _WINLOG_KEYS):
        winlog = undotted(record, "winlog")
    if winlog.__class__ is dict:
        found = from_winlogbeat(record, winlog)
        return found if found.data else _from_text(record) or found
    if "event_data" in record or "log_name" in record:
        return from_old_winlogbeat(record)
    return _from_text(record) or from_flat(record)


def _text_of_event(record: dict[str, Any]) -> str | None:
    """The whole event as a record carries it beside its fields: Splunk's ``_raw``, RawXml, ``event.original``."""
    for holder, key in (
        (record, "_raw"),
        (record.get("properties"), "RawXml"),
        (record.get("event"), "original"),
        (record, "event.original"),
    ):
        text = holder.get(key) if holder.__class__ is dict else None
        if text.__class__ is str and (text.startswith("<Event") or "\nEventCode=" in text[:1024]):
            return text
    return None


def _from_text(record: dict[str, Any]) -> WindowsRecord | None:
    text = _text_of_event(record)
    if text is None:
        return None
    if not text.startswith("<"):
        fields = split_splunk_text(text)
        return None if fields is None else from_flat(fields)
    try:
        event = parse_event_xml(text).get("Event")
    except ParseError:
        return None
    return from_tree(event) if event.__class__ is dict and "System" in event else None


def windows_event(record: WindowsRecord, raw: str, location: SourceLocation) -> LogEvent:
    """The LogEvent of a record whose shape has been read."""
    channel = canonical_channel(record.channel)
    data, body = record.data, None
    if not data and record.message:
        data = parse_message(channel, record.event_id, record.message)
        body = None if data else record.message
    attributes: dict[str, Any] = {}
    if record.event_id is not None:
        attributes["EventID"] = record.event_id
    if channel:
        attributes["Channel"] = channel
    if record.provider:
        attributes["Provider_Name"] = record.provider
    if record.computer:
        attributes["Computer"] = record.computer
    if data:
        fill_attributes(attributes, split_classic(data) if channel == _CLASSIC_POWERSHELL else data)
        if "ContextInfo" in attributes:
            _add_context(attributes)
    event_type = attributes.get("EventType", "") if record.event_id == 12 else ""
    event = LogEvent(
        raw=raw,
        location=location,
        log_source=windows_log_source(channel, record.event_id, event_type),
        attributes=attributes,
        body=body,
        timestamp=parse_system_time(record.time),
        action=None if record.event_id is None else str(record.event_id),
        host=record.computer or None,
    )
    fill_actors(event, record.event_id, record.user)
    return event


def _add_context(attributes: dict[str, Any]) -> None:
    """The fields of a PowerShell context beside it, where no field of the event has their names."""
    blob = attributes["ContextInfo"] = clean_lines(attributes["ContextInfo"])
    for name, value in split_context(blob).items():
        if value and name not in attributes:
            attributes[name] = clean_text(value)
