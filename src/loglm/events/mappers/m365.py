"""Microsoft 365: the unified audit log and Defender's advanced hunting tables."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys, log_source, message_of, text_of
from loglm.events.mappers.generic import address_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["DEFENDER", "M365AuditMapper"]

_SERVICES: Final = {
    "exchange": "exchange",
    "securitycompliancecenter": "threat_management",
    "threatintelligence": "threat_detection",
    "azureactivedirectory": "audit",
    "": "audit",
}
_workload = first("Workload", "OfficeWorkload", "workload")
_operation = first("Operation", "operation")
_time = first("CreationTime", "TimeGenerated", "creationtime", "creationTime", "@timestamp")
_user = first("UserId", "userid", "UserKey", "MailboxOwnerUPN")
_address = first("ClientIP", "ClientIPAddress", "Client_IPAddress", "clientip", "ActorIpAddress", "clientipaddress")
_session = first("SessionId", "DeviceProperties/SessionId", "InterSystemsId", "AppAccessContext/AADSessionId")


class M365AuditMapper:
    """Unified audit records, also with lower-case keys and as the ``OfficeActivity`` table.

    Source: https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema
    """

    name = "m365"
    _upper = staticmethod(
        has_keys("Operation", any_of=("Workload", "OfficeWorkload", "RecordType", "OrganizationId", "UserId"))
    )
    _lower = staticmethod(has_keys("operation", "recordtype", any_of=("workload", "userid", "organizationid")))

    def matches(self, record: dict[str, Any]) -> bool:
        return self._upper(record) or self._lower(record)

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        workload = (text_of(_workload(record)) or "").lower()
        return LogEvent(
            raw=raw,
            location=location,
            log_source=log_source("m365", _SERVICES.get(workload, workload)),
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=text_of(_operation(record)),
            user=text_of(_user(record)),
            source_address=address_of(_address(record), names=False),
            session=text_of(_session(record)),
            body=message_of(record.get("Message")),
        )


DEFENDER: Final = FieldMapper(
    name="defender",
    log_source=LogSource("m365", "defender"),
    when=has_keys(
        any_of=("ActionType", "InitiatingProcessFileName", "InitiatingProcessName", "CreatedProcessName"),
        none_of=("winlog", "Event", "ActionResult"),
    ),
    timestamp=first("Timestamp", "TimeGenerated", "ReportTime", "CreatedProcessCreationTime"),
    action=first("ActionType"),
    host=first("DeviceName", "ComputerDnsName", "MachineId"),
    user=first(
        "AccountUpn", "AccountName", "AccountDisplayName", "CreatedProcessAccountName", "InitiatingProcessAccountName"
    ),
    source_address=first("IPAddress", "LocalIP"),
    destination_address=first("RemoteIP"),
    process=first(
        "InitiatingProcessFolderPath", "InitiatingProcessFileName", "InitiatingProcessName", "CreatedProcessFilePath"
    ),
    session=first("LogonId", "InitiatingProcessLogonId"),
)
"""Source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-schema-tables"""
