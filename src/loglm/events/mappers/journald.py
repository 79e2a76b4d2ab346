"""Entries of the systemd journal as ``journalctl -o json`` writes them."""

from __future__ import annotations

from typing import Any

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.fields import first, has_keys, log_source, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["JournaldMapper"]

_time = first("__REALTIME_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP")
_name = first("SYSLOG_IDENTIFIER", "_COMM", "_SYSTEMD_UNIT", "_TRANSPORT")
_process = first("_EXE", "_COMM", "SYSLOG_IDENTIFIER")
_session = first("_AUDIT_SESSION", "_SYSTEMD_SESSION")


class JournaldMapper:
    """``linux/<identifier>``: ``linux/sshd``, ``linux/sudo``; the action is the identifier, the body ``MESSAGE``.

    Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
    """

    name = "journald"
    matches = staticmethod(has_keys("__REALTIME_TIMESTAMP", any_of=("MESSAGE", "_TRANSPORT", "PRIORITY", "__CURSOR")))

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        name = text_of(_name(record))
        return LogEvent(
            raw=raw,
            location=location,
            log_source=log_source("linux", (name or "journald").lower()),
            attributes=record,
            body=_message(record.get("MESSAGE")),
            timestamp=parse_timestamp(_time(record)),
            action=name,
            host=text_of(record.get("_HOSTNAME")),
            process=text_of(_process(record)),
            session=text_of(_session(record)),
        )


def _message(value: Any) -> str | None:
    """The message; journald writes one that is not UTF-8 text as a list of byte values."""
    if value.__class__ is list:
        try:
            return bytes(value[:65_536]).decode(errors="replace") or None
        except (TypeError, ValueError):
            return None
    return value if value.__class__ is str and value else None
