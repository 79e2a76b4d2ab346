"""ArcSight's Common Event Format, bare or behind a syslog header.

Source: Micro Focus ArcSight CEF Implementation Standard, version 25.
"""

from __future__ import annotations

import re

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.leading_time import leading_time
from loglm.events.mappers.fields import log_source
from loglm.events.timestamps import parse_timestamp

__all__ = ["Cef", "cef_event", "extension_fields", "prefix_of", "source_name"]

_LONGEST_PREFIX = 256
_FIELD = r"([^|\\]*(?:\\.[^|\\]*)*)\|"
_HEADER = re.compile(
    rf"CEF: ?(\d{{1,2}})\|{_FIELD}{_FIELD}{_FIELD}{_FIELD}{_FIELD}([^|\\]*(?:\\.[^|\\]*)*)(?:\||$)", re.DOTALL
)
_NAMES = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity")
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z_][\w.\-\[\]]{0,63})=")
_ESCAPE = re.compile(r"\\([\\=|nr])")
_UNESCAPED = {"n": "\n", "r": "\r"}
_NOT_WORD = re.compile(r"[^\w.]+")


class Cef:
    """Lines that hold ``CEF:0|vendor|product|version|id|name|severity|key=value ...``.

    Attributes are the extension's keys, and the header's under the names that the standard gives them. The log
    source is vendor and product.
    """

    name = "cef"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return cef_event(line, line, location)


def cef_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a text that holds CEF near its start; None where it does not."""
    start = text.find("CEF:", 0, _LONGEST_PREFIX)
    found = _HEADER.match(text, start) if start >= 0 else None
    if found is None:
        return None
    header = dict(zip(_NAMES, (_unescape(value) for value in found.groups()[1:]), strict=True))
    fields = extension_fields(text[found.end() :])
    time, host = prefix_of(text[:start])
    return LogEvent(
        raw,
        location,
        log_source(source_name(header["deviceVendor"]), source_name(header["deviceProduct"])),
        {**header, **fields},
        body=fields.get("msg"),
        timestamp=_time(fields) or time,
        action=header["name"] or header["deviceEventClassId"] or None,
        host=fields.get("dvchost") or host or fields.get("deviceHostName") or fields.get("dvc"),
        user=fields.get("suser") or fields.get("duser") or fields.get("suid"),
        source_address=fields.get("src") or fields.get("shost") or fields.get("sourceTranslatedAddress"),
        destination_address=fields.get("dst") or fields.get("dhost"),
        process=fields.get("sproc") or fields.get("dproc") or fields.get("deviceProcessName"),
        session=fields.get("externalId"),
    )


def extension_fields(text: str) -> dict[str, str]:
    """``key=value`` pairs whose values may hold spaces: a value ends where the next key begins."""
    fields: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    starts = [key.start() for key in keys]
    for key, end in zip(keys, [*starts[1:], len(text)], strict=False):
        fields[key[1]] = _unescape(text[key.end() : end].strip())
    return fields


def prefix_of(text: str) -> tuple[float | None, str | None]:
    """(time, host) of what stands before the record, such as ``<34>2021-03-04T05:06:07Z host``."""
    time, end = leading_time(text)
    words = text[end:].split()
    return time, words[0] if words and not words[0].endswith(":") and not words[0].startswith("<") else None


def source_name(text: str) -> str:
    """A vendor's or product's name in lower case, words joined by ``_``."""
    return _NOT_WORD.sub("_", text.strip().lower()).strip("_")


def _unescape(text: str) -> str:
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(found: re.Match[str]) -> str:
    return _UNESCAPED.get(found[1], found[1])


def _time(fields: dict[str, str]) -> float | None:
    for name in ("rt", "end", "start", "deviceReceiptTime", "FTNTFGTeventtime"):
        value = fields.get(name)
        if value:
            return parse_timestamp(int(value) if value.isdecimal() and len(value) < 20 else value)
    return None
