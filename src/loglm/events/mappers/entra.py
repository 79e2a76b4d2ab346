"""Microsoft Entra ID sign-in and audit logs, Azure's activity log: as exported, by Graph API, as workspace tables."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys, log_source, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["MAPPERS", "AzureDiagnosticMapper"]

_SIGN_IN: Final = LogSource("azure", "signinlogs")
_AUDIT: Final = LogSource("azure", "auditlogs")
_ACTIVITY: Final = LogSource("azure", "activitylogs")
_RISK: Final = LogSource("azure", "riskdetection")
_CLAIM_NAME: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
_CLAIM_UPN: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"

_user = first(
    "properties/userPrincipalName",
    "properties/initiatedBy/user/userPrincipalName",
    "properties/initiatedBy/app/displayName",
    "properties/servicePrincipalName",
    "properties/Actor/UPN",
    "properties/Actor/ApplicationName",
    ("identity", "claims", _CLAIM_UPN),
    ("identity", "claims", _CLAIM_NAME),
    "identity/claims/appid",
    "caller",
    "Caller",
    "properties/userDisplayName",
    "identity",
)
_address = first(
    "callerIpAddress", "properties/ipAddress", "properties/initiatedBy/user/ipAddress", "properties/clientIP",
    "properties/clientIp", "properties/ClientIP", "identity/claims/ipaddr",
)  # fmt: skip
_time = first("time", "timestamp", "timeStamp", "eventTimestamp", "properties/createdDateTime", "EventTimeString")
_session = first("properties/correlationId", "correlationId")


class AzureDiagnosticMapper:
    """Diagnostic-settings records: ``time``, ``category``, ``operationName``, ``properties``.

    The service is Sigma's: signinlogs, auditlogs, activitylogs, riskdetection; the category in lower case for logs of
    single resources.
    """

    name = "azure"
    matches = staticmethod(
        has_keys("category", "operationName", any_of=("resourceId", "properties", "tenantId", "operationVersion"))
    )

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_source_of(record),
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=text_of(record.get("operationName")),
            user=text_of(_user(record)),
            source_address=text_of(_address(record)),
            session=text_of(_session(record)),
        )


def _source_of(record: dict[str, Any]) -> LogSource:
    category = text_of(record.get("category")) or ""
    if category.endswith("SignInLogs"):
        return _SIGN_IN
    if category in ("RiskyUsers", "UserRiskEvents", "RiskyServicePrincipals", "ServicePrincipalRiskEvents"):
        return _RISK
    resource = record.get("resourceId")
    if category == "AuditLogs" or (resource.__class__ is str and "aadiam" in resource[-32:].lower()):
        return _AUDIT
    if category in _ACTIVITY_CATEGORIES:
        return _ACTIVITY
    return log_source("azure", category.lower())


_ACTIVITY_CATEGORIES: Final = frozenset(
    ("Administrative", "Action", "Write", "Delete", "Security", "Policy", "Alert", "Autoscale", "Recommendation",
     "ServiceHealth", "ResourceHealth")
)  # fmt: skip

MAPPERS: Final = (
    AzureDiagnosticMapper(),
    FieldMapper(
        name="entra-audit-graph",
        log_source=_AUDIT,
        when=has_keys("activityDisplayName", any_of=("initiatedBy", "targetResources", "loggedByService")),
        timestamp=first("activityDateTime"),
        action=first("activityDisplayName"),
        user=first("initiatedBy/user/userPrincipalName", "initiatedBy/app/displayName", "initiatedBy/user/displayName"),
        source_address=first("initiatedBy/user/ipAddress"),
        session=first("correlationId"),
    ),
    FieldMapper(
        name="entra-signin-graph",
        log_source=_SIGN_IN,
        when=has_keys("createdDateTime", "userPrincipalName", any_of=("appDisplayName", "appId", "status")),
        timestamp=first("createdDateTime"),
        action=first("appDisplayName"),
        user=first("userPrincipalName"),
        source_address=first("ipAddress"),
        session=first("correlationId"),
    ),
    FieldMapper(
        name="entra-signin-table",
        log_source=_SIGN_IN,
        when=has_keys("UserPrincipalName", "IPAddress", any_of=("AppDisplayName", "ConditionalAccessStatus")),
        timestamp=first("CreatedDateTime", "TimeGenerated", "TimeGenerated [UTC]"),
        action=first("OperationName", "AppDisplayName"),
        user=first("UserPrincipalName", "UserDisplayName", "ServicePrincipalName"),
        source_address=first("IPAddress"),
        session=first("CorrelationId"),
    ),
    FieldMapper(
        name="entra-audit-table",
        log_source=_AUDIT,
        when=has_keys("OperationName", any_of=("InitiatedBy", "AADTenantId", "AADOperationType")),
        timestamp=first("ActivityDateTime", "TimeGenerated"),
        action=first("OperationName", "ActivityDisplayName"),
        user=first("InitiatedBy/user/userPrincipalName", "InitiatedBy/app/displayName", "Identity"),
        source_address=first("InitiatedBy/user/ipAddress"),
        session=first("CorrelationId"),
    ),
    FieldMapper(
        name="azure-activity-table",
        log_source=_ACTIVITY,
        when=has_keys("Caller", any_of=("OperationNameValue", "CallerIpAddress", "CategoryValue", "callerIpAddress")),
        timestamp=first("EventSubmissionTimestamp", "TimeGenerated", "EventTimeString"),
        action=first("OperationNameValue", "OperationName", "EventName"),
        user=first("Caller"),
        source_address=first("CallerIpAddress", "callerIpAddress"),
        session=first("CorrelationId"),
    ),
    FieldMapper(
        name="azure-activity-api",
        log_source=_ACTIVITY,
        when=has_keys("authorization", any_of=("eventTimestamp", "event_timestamp", "operation_name", "caller")),
        timestamp=first("eventTimestamp", "event_timestamp", "submissionTimestamp", "submission_timestamp"),
        action=first("operationName/value", "operation_name/value", "operationName", "authorization/action"),
        user=first("caller", ("claims", _CLAIM_UPN), ("claims", _CLAIM_NAME)),
        source_address=first("claims/ipaddr", "httpRequest/clientIpAddress", "http_request/client_ip_address"),
        session=first("correlationId", "correlation_id"),
    ),
)
