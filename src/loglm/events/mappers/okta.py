"""Okta's System Log."""

from __future__ import annotations

from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys

__all__ = ["OKTA"]

OKTA: Final = FieldMapper(
    name="okta",
    log_source=LogSource("okta", "okta"),
    when=has_keys("eventType", "actor", any_of=("published", "legacyEventType", "debugContext", "outcome")),
    timestamp=first("published"),
    action=first("eventType"),
    user=first("actor/alternateId", "actor/displayName", "actor/id"),
    source_address=first("client/ipAddress", "request/ipChain/ip"),
    session=first("authenticationContext/externalSessionId"),
    body=first("displayMessage"),
)
"""Source: https://developer.okta.com/docs/reference/api/system-log/"""
