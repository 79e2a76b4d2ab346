"""Lines with a record behind a header: ``Feb  3 04:05:06 web1 app[12]: {"user": ...}``."""

from __future__ import annotations

import re

from loglm.events.event import LogEvent
from loglm.events.timestamps import parse_timestamp

__all__ = ["apply_prefix", "is_header"]

_TIME = r"(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[^\s\]]{0,20})"
_CONTAINER = re.compile(_TIME + r" (?:stdout|stderr) [FP]$").match
_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?:\d )?" + _TIME + r" (?P<host>[\w.:-]{1,255}) (?P<process>[\w./-]{1,128})"
    r"(?:\[\d{1,10}\])?:?(?: \S{1,128}){0,3}$"
).match
_TIMED = re.compile(r"\[?" + _TIME + r"\]?(?P<rest>.{0,4096})", re.DOTALL).match


def is_header(prefix: str) -> bool:
    """Whether the text before a record is a syslog or container-log header and nothing more."""
    return bool(_CONTAINER(prefix.rstrip()) or _SYSLOG(prefix.rstrip()))


def apply_prefix(event: LogEvent, prefix: str) -> None:
    """Give an event what its line says before the record: a header's time and host, else the text as its body."""
    prefix = prefix.strip()[:4096]
    header = _CONTAINER(prefix) or _SYSLOG(prefix)
    if header:
        parts = header.groupdict()
        if event.host is None:
            event.host = parts.get("host")
        if event.process is None:
            event.process = parts.get("process")
        text = ""
    else:
        header = _TIMED(prefix)
        text = header["rest"].strip(" :-") if header else prefix
    if header and event.timestamp is None:
        event.timestamp = parse_timestamp(header["time"])
    if event.body is None and text:
        event.body = text
