"""QRadar's Log Event Extended Format, bare or behind a syslog header.

Source: IBM QRadar LEEF 1.0 and 2.0, "LEEF event components".
"""

from __future__ import annotations

import re

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.cef import extension_fields, prefix_of, source_name
from loglm.events.mappers.fields import log_source
from loglm.events.timestamps import parse_timestamp

__all__ = ["Leef", "leef_event"]

_LONGEST_PREFIX = 256
_HEADER = re.compile(r"LEEF: ?([12])(?:\.\d)?\|([^|]{0,256})\|([^|]{0,256})\|([^|]{0,256})\|([^|]{0,256})\|")
_DELIMITER = re.compile(r"(?:(?:0?x)([0-9A-Fa-f]{1,4})|([^|=\w\s])|)\|")


class Leef:
    """Lines that hold ``LEEF:1.0|vendor|product|version|id|`` and key=value pairs behind it.

    Attributes are the pairs, and the header as ``vendor``, ``product``, ``version``, ``EventID``.
    """

    name = "leef"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return leef_event(line, line, location)


def leef_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a text that holds LEEF near its start; None where it does not."""
    start = text.find("LEEF:", 0, _LONGEST_PREFIX)
    found = _HEADER.match(text, start) if start >= 0 else None
    if found is None:
        return None
    version, vendor, product, product_version, event_id = found.groups()
    fields = _fields(text[found.end() :], version)
    time, host = prefix_of(text[:start])
    return LogEvent(
        raw,
        location,
        log_source(source_name(vendor), source_name(product)),
        {"vendor": vendor, "product": product, "version": product_version, "EventID": event_id, **fields},
        body=fields.get("msg"),
        timestamp=parse_timestamp(fields.get("devTime")) or time,
        action=event_id or None,
        host=fields.get("identHostName") or host or fields.get("devName"),
        user=fields.get("usrName") or fields.get("accountName"),
        source_address=fields.get("src") or fields.get("identSrc"),
        destination_address=fields.get("dst"),
    )


def _fields(text: str, version: str) -> dict[str, str]:
    delimiter = "\t"
    if version == "2":
        found = _DELIMITER.match(text)
        if found:
            code, char = found.groups()
            delimiter = chr(int(code, 16)) if code else char or "\t"
            text = text[found.end() :]
    if delimiter not in text:
        return extension_fields(text)
    pairs = (part.partition("=") for part in text.split(delimiter))
    return {key.strip(): value.strip() for key, mark, value in pairs if mark}
