"""Access logs of web servers: Apache's and nginx's common and combined formats, and their relatives."""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.timestamps import parse_clf

__all__ = ["AccessLog", "access_event", "add_request"]

_SOURCE: Final = LogSource("unknown", "access", "webserver")
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_TIME = r"\[(\d{1,2}/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d(?: [+-]\d{4})?)\]"
_REST = re.compile(rf"{_TIME} {_QUOTED} (\d{{3}}|-)(?: (\d{{1,18}}|-))?(.*)$", re.DOTALL)
_LOOSE = re.compile(rf'{_TIME} "(.*?)" (\d{{3}}) (\d{{1,18}}|-)((?: .*)?)$', re.DOTALL)
_MORE = re.compile(rf" {_QUOTED}(?: {_QUOTED})?(.*)$", re.DOTALL)
_REQUEST = re.compile(r"([A-Za-z][A-Za-z_-]{0,31}) (\S.*?)(?: (HTTP/\d(?:\.\d)?|RTSP/1\.0))?$", re.DOTALL)
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}$|[0-9A-Fa-f:.]{0,45}:[0-9A-Fa-f:.]{0,45}$")
_LONGEST_EXTRA = 1024


class AccessLog:
    """Lines such as ``1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] "GET /x?q=1 HTTP/1.0" 200 2326 "ref" "agent"``.

    Quotes inside the request need not be escaped. A virtual host may stand first, further fields may follow.
    Attributes have the names that the W3C extended format gives and Sigma's web server rules use: ``c-ip``,
    ``cs-method``, ``cs-uri-stem``, ``cs-uri-query``, ``sc-status``, ``cs-user-agent``, ...
    """

    name = "access_log"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return access_event(line, line, location)


def access_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of an access log's line, None where the text is none."""
    bracket = text.find(" [")
    if bracket < 0:
        return None
    found = _REST.match(text, bracket + 1) or _LOOSE.match(text, bracket + 1)
    if found is None:
        return None
    who = text[:bracket].split()
    if len(who) < 3:
        return None
    time, request, status, size, rest = found.groups()
    attributes: dict[str, Any] = {}
    client, user = _client_and_user(who, attributes)
    add_request(attributes, request)
    if status != "-":
        attributes["sc-status"] = int(status)
    if size is not None and size != "-":
        attributes["sc-bytes"] = int(size)
    if rest:
        _add_rest(attributes, rest)
    return LogEvent(
        raw,
        location,
        _SOURCE,
        attributes,
        timestamp=parse_clf(time),
        action=attributes.get("cs-method"),
        host=attributes.get("cs-host"),
        user=user,
        source_address=client,
    )


def _client_and_user(who: list[str], attributes: dict[str, Any]) -> tuple[str, str | None]:
    """The client's address and the user, of the words before the time."""
    if len(who) > 3 and not _ADDRESS.match(who[0].rstrip(",")) and _ADDRESS.match(who[1].rstrip(",")):
        attributes["cs-host"] = who.pop(0).rpartition(":")[0] or who[0]
    client = who[0].strip('",')
    while len(who) > 3 and _ADDRESS.match(who[1].strip('",')):
        who.pop(0)  # a chain of proxies; the client is the first
    attributes["c-ip"] = client
    user = " ".join(who[2:])
    if user in ("-", '""', ""):
        return client, None
    attributes["cs-username"] = user
    return client, user


def add_request(attributes: dict[str, Any], request: str) -> None:
    """Put the parts of a request line into attributes; what is no request line under ``request``."""
    found = _REQUEST.match(request)
    if found is None:
        attributes["request"] = request
        return
    method, uri, version = found.groups()
    attributes["cs-method"] = method
    stem, mark, query = uri.partition("?")
    attributes["cs-uri-stem"] = stem
    if mark:
        attributes["cs-uri-query"] = query
    if version:
        attributes["cs-version"] = version


def _add_rest(attributes: dict[str, Any], rest: str) -> None:
    """Referer, agent and what follows."""
    found = _MORE.match(rest)
    if found is None:
        attributes["extra"] = rest.strip()[:_LONGEST_EXTRA]
        return
    referer, agent, extra = found.groups()
    if referer and referer != "-":
        attributes["cs-referer"] = referer
    if agent and agent != "-":
        attributes["cs-user-agent"] = agent
    extra = extra.strip()
    if extra:
        attributes["extra"] = extra[:_LONGEST_EXTRA]
