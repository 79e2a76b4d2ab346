"""AWS CloudTrail records, as delivered to S3 (``Records``), by EventBridge or by ``lookup-events``."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["CLOUDTRAIL_TABLE", "CloudTrailMapper", "principal_of"]

_SOURCE: Final = LogSource("aws", "cloudtrail")


class CloudTrailMapper:
    """Actor is the user's or the role's name, not the session's, so that one role's behaviour stays together.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
    """

    name = "cloudtrail"
    matches = staticmethod(has_keys("eventName", "eventSource", any_of=("userIdentity", "awsRegion", "eventVersion")))

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        identity = record.get("userIdentity")
        if identity.__class__ is not dict:
            identity = {}
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_SOURCE,
            attributes=record,
            timestamp=parse_timestamp(record.get("eventTime") or record.get("@timestamp")),
            action=text_of(record.get("eventName")),
            user=principal_of(identity),
            source_address=text_of(record.get("sourceIPAddress")),
            session=text_of(identity.get("accessKeyId")),
        )


def principal_of(identity: dict[str, Any]) -> str | None:
    """The name of a user, role or service of a ``userIdentity``; account or principal id where it has no name."""
    arn = identity.get("arn")
    if arn.__class__ is str:
        kind, _, name = arn.rpartition(":")[2].partition("/")
        if kind in ("assumed-role", "federated-user"):
            return text_of(name.partition("/")[0])
        if name:
            return text_of(name.rpartition("/")[2])
        if kind == "root":
            return "root"
    for key in ("userName", "invokedBy", "principalId", "accountId", "type"):
        known = text_of(identity.get(key))
        if known is not None and known != "HIDDEN_DUE_TO_SECURITY_REASONS":
            return known
    return None


CLOUDTRAIL_TABLE: Final = FieldMapper(
    name="cloudtrail-table",
    log_source=_SOURCE,
    when=has_keys("EventName", "EventSource", any_of=("SourceIpAddress", "UserIdentityArn", "UserIdentityType")),
    timestamp=first("EventTime", "TimeGenerated"),
    action=first("EventName"),
    user=first("UserIdentityUserName", "SessionIssuerUserName", "UserIdentityPrincipalid", "UserIdentityAccountId"),
    source_address=first("SourceIpAddress"),
    session=first("UserIdentityAccessKeyId"),
)
"""CloudTrail in a workspace table, one column a field."""
