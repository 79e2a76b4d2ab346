"""LogEvent: one record of any log, with what every source has in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from loglm.errors import SourceLocation

__all__ = ["LogEvent", "LogSource"]


@dataclass(frozen=True, slots=True)
class LogSource:
    """What wrote an event, in Sigma's words. Readers share instances; do not build one per event."""

    product: str
    """windows, linux, aws, zeek, suricata, apache, okta, ... or ``unknown``."""
    service: str = ""
    """The channel or stream: security, sysmon, sshd, cloudtrail, conn, access, ..."""
    category: str = ""
    """Kind of event where the source fixes one: process_creation, webserver, flow, ..."""

    def __str__(self) -> str:
        return "/".join(part for part in (self.product, self.service, self.category) if part)

    @property
    def label(self) -> str:
        """What reports call it: as `str`, but ``webserver/access`` where only the category tells what wrote it.

        Sigma's rules name such sources by their category alone; models know them by `str`.
        """
        if self.product == "unknown" and self.category:
            return f"{self.category}/{self.service}" if self.service else self.category
        return str(self)


@dataclass(slots=True)
class LogEvent:
    """One log record. Names follow OpenTelemetry's log data model; ``raw`` is ECS ``event.original``.

    The source's own field names stay in ``attributes``; the fields after ``action`` are copies of the
    few values by which events of different sources are grouped, None where the record has none.
    """

    raw: str
    """The record as it stands in the source, decoded (undecodable bytes as U+FFFD)."""
    location: SourceLocation
    log_source: LogSource
    attributes: dict[str, Any] = field(default_factory=dict)
    """The source's fields under their own names; values are JSON values, possibly nested."""
    body: str | None = None
    """The free-text message, without the header it was taken from; None for purely structured records."""
    timestamp: float | None = None
    """When it happened: POSIX seconds, UTC."""
    action: str | None = None
    """What happened, in the source's own word or number: ``4624``, ``ConsoleLogin``, ``sshd``."""
    host: str | None = None
    user: str | None = None
    source_address: str | None = None
    """IP address (or host name where only that is known) of the initiator."""
    destination_address: str | None = None
    process: str | None = None
    """Image path or name of the acting process."""
    session: str | None = None
    """Log-on id, connection uid or session id."""

    @property
    def time(self) -> datetime | None:
        """``timestamp`` as an aware datetime in UTC; None where the record has no usable time."""
        return None if self.timestamp is None else datetime.fromtimestamp(self.timestamp, UTC)

    @property
    def entity(self) -> tuple[str, str]:
        """(kind, value) of whose behaviour this event is part of; see `loglm.events.entities`."""
        from loglm.events.entities import primary_entity

        return primary_entity(self)
