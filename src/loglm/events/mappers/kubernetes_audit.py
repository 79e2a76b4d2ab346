"""Kubernetes audit events of the API server."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["KubernetesAuditMapper"]

_SOURCE: Final = LogSource("kubernetes", "audit", "application")
_time = first("requestReceivedTimestamp", "stageTimestamp", "timestamp")


class KubernetesAuditMapper:
    """The action is verb and resource: ``create pods/exec``; the actor is the impersonated user's principal.

    Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
    """

    name = "kubernetes_audit"
    matches = staticmethod(has_keys("verb", any_of=("auditID", "objectRef", "requestURI", "impersonatedUser")))

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        user = record.get("user")
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_SOURCE,
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=_action(record),
            user=text_of(user.get("username")) if user.__class__ is dict else None,
            source_address=text_of(record.get("sourceIPs")),
        )


def _action(record: dict[str, Any]) -> str | None:
    verb = text_of(record.get("verb"))
    target = record.get("objectRef")
    if verb is None or target.__class__ is not dict:
        return verb
    resource, part = text_of(target.get("resource")), text_of(target.get("subresource"))
    return " ".join((verb, "/".join(name for name in (resource, part) if name))).strip()[:256]
