"""Linux audit events as JSON, one object an event with its records by type, as LAUREL writes them."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["LaurelMapper"]

_SOURCE: Final = LogSource("linux", "auditd")
_TYPES: Final = ("SYSCALL", "EXECVE", "PROCTITLE", "PATH", "CWD", "USER_CMD", "USER_AUTH", "USER_LOGIN", "SOCKADDR")
_user = first("SYSCALL/AUID", "SYSCALL/UID", "USER_CMD/AUID", "USER_AUTH/acct", "USER_LOGIN/acct")
_process = first("SYSCALL/exe", "SYSCALL/comm", "USER_CMD/exe", "USER_AUTH/exe")
_session = first("SYSCALL/ses", "USER_CMD/ses")


class LaurelMapper:
    """The action is the first record type, as in audit lines: SYSCALL, USER_AUTH, ...

    Source: https://github.com/threathunters-io/laurel
    """

    name = "laurel"
    matches = staticmethod(has_keys("ID", any_of=_TYPES))

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        identity = text_of(record.get("ID")) or ""
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_SOURCE,
            attributes=record,
            timestamp=parse_timestamp(identity.partition(":")[0]),
            action=next((name for name in record if name.isupper() and name not in ("ID", "NODE")), None),
            host=text_of(record.get("NODE")),
            user=text_of(_user(record)),
            process=text_of(_process(record)),
            session=text_of(_session(record)),
        )
