"""Events in the Open Cybersecurity Schema Framework, as in Amazon Security Lake."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, log_source, message_of, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["OcsfMapper"]

_CLASSES: Final = {
    1001: "file_activity", 1003: "kernel_activity", 1004: "memory_activity", 1005: "module_activity",
    1006: "scheduled_job_activity", 1007: "process_activity", 2001: "security_finding", 2004: "detection_finding",
    3001: "account_change", 3002: "authentication", 3003: "authorize_session", 3004: "entity_management",
    3005: "user_access", 3006: "group_management", 4001: "network_activity", 4002: "http_activity",
    4003: "dns_activity", 4004: "dhcp_activity", 4005: "rdp_activity", 4006: "smb_activity", 4007: "ssh_activity",
    4008: "ftp_activity", 4009: "email_activity", 6003: "api_activity",
}  # fmt: skip
_time = first("time", "time_dt", "metadata/original_time", "start_time")
_action = first("api/operation", "activity_name", "type_name", "finding_info/title", "activity_id")
_user = first(
    "actor/user/name", "actor/user/email_addr", "actor/user/uid", "user/name", "user/email_addr",
    "actor/session/issuer", "actor/invoked_by",
)  # fmt: skip
_host = first("device/hostname", "device/name", "device/instance_uid", "src_endpoint/instance_uid")
_source = first("src_endpoint/ip", "src_endpoint/hostname", "device/ip")
_destination = first("dst_endpoint/ip", "dst_endpoint/hostname", "dst_endpoint/svc_name")
_process = first("actor/process/file/path", "actor/process/name", "process/file/path", "process/name")
_session = first("session/uid", "actor/session/uid", "connection_info/uid")


class OcsfMapper:
    """``ocsf/<class>``: ``ocsf/network_activity``, ...; the action is the API operation or the activity's name.

    Source: https://schema.ocsf.io
    """

    name = "ocsf"
    matches = staticmethod(has_keys("class_uid", any_of=("category_uid", "activity_id", "metadata", "type_uid")))

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_source_of(record),
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=text_of(_action(record)),
            host=text_of(_host(record)),
            user=text_of(_user(record)),
            source_address=text_of(_source(record)),
            destination_address=text_of(_destination(record)),
            process=text_of(_process(record)),
            session=text_of(_session(record)),
            body=message_of(record.get("message")),
        )


def _source_of(record: dict[str, Any]) -> LogSource:
    number = record.get("class_uid")
    name = _CLASSES.get(number) if number.__class__ is int else None
    if name is None:
        name = (text_of(record.get("class_name")) or "").lower().replace(" ", "_")
    return log_source("ocsf", name)
