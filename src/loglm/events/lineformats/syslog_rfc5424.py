"""Syslog as RFC 5424 has it: version 1, an ISO time, structured data."""

from __future__ import annotations

import re
from typing import Any

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.syslog_event import Header, priority_fields, syslog_event
from loglm.events.timestamps import parse_iso

__all__ = ["SyslogRfc5424"]

_HEADER = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?1 (?P<time>-|\d{4}-\d\d-\d\dT\S{8,32}) (?P<host>\S{1,255}) (?P<program>\S{1,128})"
    r" (?P<pid>\S{1,128}) (?P<msgid>\S{1,128}) "
)
_ELEMENT = re.compile(r'\[([^\s\]="]{1,128})')
_PARAMETER = re.compile(r' ([^\s=\]"]{1,128})="([^"\\]*(?:\\.[^"\\]*)*)"')
_ESCAPE = re.compile(r'\\(["\\\]])')
_MOST_ELEMENTS = 64


class SyslogRfc5424:
    """Lines such as ``<34>1 2003-10-11T22:14:15.003Z host app 111 ID47 [id k="v"] message``.

    The structured data stand in ``attributes["structured_data"]`` by element and parameter.
    """

    name = "syslog_rfc5424"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        found = _HEADER.match(line)
        if found is None:
            return None
        priority, time, host, program, pid, msgid = found.groups()
        fields = priority_fields(priority)
        if msgid != "-":
            fields["msgid"] = msgid
        data, end = _structured_data(line, found.end())
        if data:
            fields["structured_data"] = data
        header = Header(
            timestamp=None if time == "-" else parse_iso(time),
            host=None if host == "-" else host,
            program="" if program == "-" else program,
            pid="" if pid == "-" else pid,
            fields=fields,
        )
        return syslog_event(line, location, header, line[end:].lstrip(" \ufeff"))


def _structured_data(line: str, at: int) -> tuple[dict[str, Any], int]:
    """(parameters by element, where the message begins); broken elements are left in the message."""
    if line.startswith("-", at):
        return {}, at + 1
    data: dict[str, Any] = {}
    while len(data) < _MOST_ELEMENTS:
        element = _ELEMENT.match(line, at)
        if element is None:
            break
        parameters = {}
        end = element.end()
        while parameter := _PARAMETER.match(line, end):
            parameters[parameter[1]] = _ESCAPE.sub(r"\1", parameter[2])
            end = parameter.end()
        if not line.startswith("]", end):
            break
        data[element[1]] = parameters
        at = end + 1
    return data, at
