"""The event of a syslog line, once its header is taken off."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.addresses import addresses_in
from loglm.events.lineformats.auth import detail_of, service_of
from loglm.events.lineformats.cisco import add_cisco
from loglm.events.lineformats.nested import nested_event
from loglm.events.lineformats.netfilter import add_netfilter, is_netfilter
from loglm.events.lineformats.users import user_in
from loglm.events.mappers.fields import log_source

__all__ = ["Header", "priority_fields", "syslog_event"]

_WEB_SERVERS: Final = {"apache": "apache", "apache2": "apache", "httpd": "apache", "nginx": "nginx"}
"""Programs that send access logs -> Sigma's products."""


@dataclass(slots=True)
class Header:
    """What stands before a syslog message."""

    timestamp: float | None = None
    host: str | None = None
    program: str = ""
    pid: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    """Further parts under the names of RFC 5424: ``facility``, ``severity``, ``msgid``, ``structured_data``."""


def priority_fields(priority: str | None) -> dict[str, Any]:
    """Facility and severity of the number in front of a syslog line."""
    if not priority:
        return {}
    number = int(priority)
    return {"facility": number >> 3, "severity": number & 7}


def syslog_event(line: str, location: SourceLocation, header: Header, message: str) -> LogEvent:
    """The event of a syslog line; a message in a format of its own gives it its log source and fields."""
    attributes = header.fields
    if header.host:
        attributes["hostname"] = header.host
    if header.program:
        attributes["program"] = header.program
    if header.pid:
        attributes["pid"] = header.pid
    event = nested_event(message, line, location)
    if event is not None:
        return _with_header(event, header)
    if message[:1] == "%" and header.host is None and header.program:
        header.host, header.program = header.program, ""
        attributes["hostname"] = header.host
        attributes.pop("program")
    program = header.program
    event = LogEvent(
        line,
        location,
        log_source("linux", service_of(program)),
        attributes,
        body=message,
        timestamp=header.timestamp,
        action=program or None,
        host=header.host,
        process=program or None,
    )
    if program[:1] == "%" or message[:1] == "%":
        add_cisco(event, f"{program}: {message}" if program else message)
    elif is_netfilter(message):
        add_netfilter(event, message)
    else:
        _add_detail(event, program, message)
    return event


def _with_header(event: LogEvent, header: Header) -> LogEvent:
    """A nested event with what only the header around it knows."""
    if event.timestamp is None:
        event.timestamp = header.timestamp
    if event.host is None:
        event.host = header.host
    if event.action is None:
        event.action = header.program or None
    if event.log_source.product == "unknown" and header.program:
        service = event.log_source.service if event.log_source.category else service_of(header.program)
        product = _WEB_SERVERS.get(header.program, "linux") if event.log_source.category == "webserver" else "linux"
        event.log_source = log_source(product, service, event.log_source.category)
    for name, value in header.fields.items():
        event.attributes.setdefault(name, value)
    return event


def _add_detail(event: LogEvent, program: str, message: str) -> None:
    detail = detail_of(program, message)
    if detail is None:
        event.source_address, event.destination_address = addresses_in(message)
        event.user = user_in(message)
        if program.startswith("com.apple."):
            event.log_source = log_source("macos", "syslog")
        return
    event.action = detail.action
    event.user = detail.user
    event.source_address = detail.source_address
    event.session = detail.session
    if detail.process:
        event.process = detail.process
    for name, value in detail.fields.items():
        event.attributes.setdefault(name, value)
