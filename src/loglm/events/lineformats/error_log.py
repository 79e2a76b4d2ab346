"""Error logs of web servers: Apache's and nginx's."""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.timestamps import parse_timestamp

__all__ = ["ErrorLog"]

_APACHE: Final = LogSource("apache", "error", "webserver")
_NGINX: Final = LogSource("nginx", "error", "webserver")
_LINE = re.compile(
    r"""(?x) \[(?P<apache>[A-Z][a-z]{2}\ [A-Z][a-z]{2}\ {1,2}\d{1,2}\ \d\d:\d\d:\d\d(?:\.\d{1,9})?\ \d{4})\]
        \ \[(?:(?P<module>\w{0,64}):)?(?P<apache_level>[a-z0-9]{4,8})\]
        (?:\ \[pid\ (?P<apache_pid>\d{1,10})(?::tid\ (?P<tid>\d{1,20}))?\])?
        (?:\ \[(?:client|remote)\ (?P<client>\[[^\]\s]{1,64}\](?::\d{1,5})?|[^\]\s]{1,255})\])?
      | (?P<nginx>\d{4}/\d\d/\d\d\ \d\d:\d\d:\d\d)\ \[(?P<nginx_level>[a-z]{4,8})\]
        \ (?P<nginx_pid>\d{1,10})\#\d{1,10}:(?:\ \*(?P<connection>\d{1,20}))?"""
)
_PARTS = (("module", "module"), ("apache_pid", "pid"), ("nginx_pid", "pid"), ("connection", "connection"))
_NGINX_FIELD = re.compile(r', (client|server|request|upstream|host|referrer): (?:"([^"]{0,4096})"|([^\s,]{1,255}))')
_PORT = re.compile(r"(?<=[\d\]]):\d{1,5}$")


class ErrorLog:
    """Lines such as ``[Sun Dec 04 04:47:44 2005] [error] [client 1.2.3.4] message`` and nginx's own form."""

    name = "error_log"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        found = _LINE.match(line)
        if found is None:
            return None
        parts = found.groupdict()
        message = line[found.end() :].strip()
        level = parts["apache_level"] or parts["nginx_level"]
        attributes: dict[str, Any] = {"level": level}
        for name, key in _PARTS:
            if parts[name]:
                attributes[key] = parts[name]
        if parts["nginx"]:
            for name, quoted, bare in _NGINX_FIELD.findall(message):
                attributes[name] = quoted or bare
        client = _without_port(parts["client"] or attributes.get("client"))
        if parts["client"]:
            attributes["client"] = parts["client"]
        return LogEvent(
            line,
            location,
            _NGINX if parts["nginx"] else _APACHE,
            attributes,
            body=message,
            timestamp=parse_timestamp(parts["apache"] or parts["nginx"]),
            action=parts["module"] or level,
            host=attributes.get("host"),
            source_address=client,
        )


def _without_port(address: str | None) -> str | None:
    """``1.2.3.4:5678`` and ``[::1]:5678`` without their port."""
    if not address or (address.count(":") > 1 and "]" not in address):
        return address
    return _PORT.sub("", address).strip("[]")
