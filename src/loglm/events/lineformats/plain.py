"""Any other line: a message, perhaps with a time, a level and addresses."""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lineformats.addresses import addresses_in
from loglm.events.lineformats.auth import detail_of
from loglm.events.lineformats.cisco import add_cisco
from loglm.events.lineformats.leading_time import leading_time, time_near_start
from loglm.events.lineformats.netfilter import add_netfilter, is_netfilter
from loglm.events.lineformats.users import user_in

__all__ = ["Plain"]

_SOURCE: Final = LogSource("unknown", "text")
_LEVEL = re.compile(
    r"(?<![\w/.-])(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|ALERT|EMERG|info|warn|warning|error|debug|fatal)"
    r"(?![\w/.=-])"
)
_SSHD_WORDS = ("Failed ", "Accepte", "Invalid", "Disconn", "Connect", "Receive")
_SSHD: Final = LogSource("linux", "sshd")
_LEVEL_WITHIN = 160
_CODE_WITHIN = 120


class Plain:
    """Takes every line. The time at or near its start, a level and IP addresses are found; the rest is the body."""

    name = "plain"

    def parse(self, line: str, location: SourceLocation) -> LogEvent:
        time, end = leading_time(line)
        message = line[end:]
        if not end:
            time = time_near_start(line)
        attributes: dict[str, Any] = {}
        level = _LEVEL.search(message, 0, _LEVEL_WITHIN)
        if level:
            attributes["level"] = level[1]
        source, destination = addresses_in(message)
        event = LogEvent(
            line,
            location,
            _SOURCE,
            attributes,
            body=message,
            timestamp=time,
            action=level[1] if level else None,
            user=user_in(message),
            source_address=source,
            destination_address=destination,
        )
        if is_netfilter(message):
            add_netfilter(event, message)
        elif "%" in line[:_CODE_WITHIN]:
            add_cisco(event, line)
        elif not end and message.lstrip()[:7].startswith(_SSHD_WORDS):
            _add_sshd(event, message.lstrip())
        return event


def _add_sshd(event: LogEvent, message: str) -> None:
    """What sshd's own wording says, in a line that has lost its header."""
    detail = detail_of("sshd", message)
    if detail is None or detail.user is None:
        return
    event.log_source, event.action = _SSHD, detail.action
    event.user, event.source_address = detail.user, detail.source_address
    event.attributes.update(detail.fields)
