"""Lines of ``key=value`` pairs: logfmt, and what firewalls write."""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lineformats.addresses import addresses_in
from loglm.events.lineformats.leading_time import leading_time

__all__ = ["KeyValue", "colon_pairs_event", "key_value_event"]

_UNKNOWN: Final = LogSource("unknown", "key_value")
_FIREWALL: Final = LogSource("unknown", "key_value", "firewall")
_FORTIGATE: Final = LogSource("fortinet", "fortigate", "firewall")
_CHECKPOINT: Final = LogSource("checkpoint", "firewall", "firewall")
_SONICWALL: Final = LogSource("sonicwall", "firewall", "firewall")
_SOPHOS: Final = LogSource("sophos", "firewall", "firewall")

_KEY = r"([A-Za-z_][\w.\-/@]{0,63})"
_PAIR = re.compile(
    rf"""{_KEY}=(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^']*)'|((?:[^\s"',](?:[^\s,]|,(?![A-Za-z_][\w.\-/@]{{0,63}}=))*)?))"""
)
_COLON_PAIR = re.compile(r'(\w{1,64}): ?"([^"]*)"')
_OPENING = re.compile(r"(?:<\d{1,3}>)?\s{0,4}(?:[:-] )?(?:\[[\w .-]{1,32}\] )?")
_FIRST = re.compile(_KEY + r"=")
_FEWEST = 3
_LONGEST_START = 256
_MOST = 500
_COVERAGE = 0.6
"""Share of a line that has to be pairs."""


class KeyValue:
    """Lines that are, after a time at most, mostly ``key=value`` or ``key="value"``; three pairs at least.

    So are lines of ``[key:"value"; ...]``, as Check Point writes them.
    """

    name = "key_value"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        if line[:1] == "[" and ':"' in line[:_LONGEST_START]:
            return colon_pairs_event(line, line, location)
        return key_value_event(line, line, location) if line.count("=") >= _FEWEST else None


def key_value_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a text of pairs, its entities by the names of the keys; None where it is none."""
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    time = None
    if not _FIRST.match(text, start):
        time, start = leading_time(text)
        if not _FIRST.match(text, start):
            return None
    fields = _fields(text, start)
    return _event(fields, text, raw, location, time) if len(fields) >= _FEWEST else None


def colon_pairs_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of ``[action:"Accept"; ifdir:"inbound"; ...]``, which Check Point writes; None where it is none."""
    fields: dict[str, Any] = dict(_COLON_PAIR.findall(text)[:_MOST])
    if len(fields) < _FEWEST:
        return None
    event = _event(fields, text, raw, location, None)
    if "loguid" in fields or "ifdir" in fields:
        event.log_source = _CHECKPOINT
        event.host = fields.get("origin")
    return event


def _event(fields: dict[str, Any], text: str, raw: str, location: SourceLocation, time: float | None) -> LogEvent:
    from loglm.events.mappers import map_record  # late: the mappers read lines inside records

    event = map_record(fields, raw, location)
    if event.timestamp is None:
        event.timestamp = time
    if event.host is None:
        event.host = fields.get("devname")
    if event.log_source.product == "unknown":
        if event.source_address is None and event.destination_address is None:
            event.source_address, event.destination_address = addresses_in(text)
        event.log_source = _source_of(fields, event)
    return event


def _fields(text: str, start: int) -> dict[str, Any]:
    """The pairs; none where they are not most of the text."""
    if text.count("|", start) * 2 >= text.count("=", start):
        parts = (part.partition("=") for part in text[start:].split("|", _MOST))
        return {key.strip(): value.strip().strip('"') for key, mark, value in parts if mark and len(key) <= 64}
    fields: dict[str, Any] = {}
    covered = 0
    for found in _PAIR.finditer(text, start):
        key, double, single, bare = found.groups()
        fields[key] = double if double is not None else single if single is not None else bare.rstrip(",;")
        covered += found.end() - found.start() + 1
        if len(fields) >= _MOST:
            return fields
    return fields if covered >= _COVERAGE * (len(text) - start) else {}


def _source_of(fields: dict[str, Any], event: LogEvent) -> LogSource:
    if "devid" in fields and ("logid" in fields or "vd" in fields):
        return _FORTIGATE
    if fields.get("id") == "firewall" and "sn" in fields:
        return _SONICWALL
    if fields.get("device") == "SFW" or "device_serial_id" in fields:
        return _SOPHOS
    return _FIREWALL if event.source_address and event.destination_address else _UNKNOWN
