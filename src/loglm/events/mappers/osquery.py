"""Results of osquery's scheduled queries: differential and snapshot lines."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["OsqueryMapper"]

_SOURCE: Final = LogSource("osquery", "results")
_time = first("unixTime", "calendarTime", "columns/time")
_user = first("columns/username", "columns/user", "decorations/username", "snapshot/username")
_host = first("hostIdentifier", "decorations/hostname", "decorations/host_uuid", "hostname")
_process = first("columns/path", "columns/name")
_source = first("columns/local_address", "columns/host")
_destination = first("columns/remote_address")


class OsqueryMapper:
    """The action is the query's name and what became of its row: ``pack_x_processes added``."""

    name = "osquery"
    matches = staticmethod(
        has_keys("name", "action", any_of=("columns", "snapshot", "hostIdentifier", "diffResults", "decorations"))
    )

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        name, change = text_of(record.get("name")), text_of(record.get("action"))
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_SOURCE,
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=" ".join(part for part in (name, change) if part) or None,
            host=text_of(_host(record)),
            user=text_of(_user(record)),
            source_address=text_of(_source(record)),
            destination_address=text_of(_destination(record)),
            process=text_of(_process(record)),
        )
