"""Endpoint detection products: CrowdStrike, Carbon Black, SentinelOne, and Sysinternals-like exports of others."""

from __future__ import annotations

from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys

__all__ = ["MAPPERS"]

MAPPERS: Final = (
    FieldMapper(
        name="crowdstrike-fdr",
        log_source=LogSource("crowdstrike", "fdr"),
        when=has_keys("event_simpleName"),
        timestamp=first("ContextTimeStamp", "timestamp", "event/ContextTimeStamp", "event/timestamp"),
        action=first("event_simpleName"),
        host=first("ComputerName", "event/ComputerName", "aid"),
        user=first("UserName", "event/UserName", "UserPrincipal", "UserSid", "event/UserSid"),
        source_address=first("LocalAddressIP4", "LocalAddressIP6", "event/LocalAddressIP4"),
        destination_address=first("RemoteAddressIP4", "RemoteAddressIP6", "event/RemoteAddressIP4"),
        process=first("ImageFileName", "event/ImageFileName", "ContextBaseFileName", "event/ContextBaseFileName"),
        session=first("AuthenticationId", "event/AuthenticationId"),
    ),
    FieldMapper(
        name="crowdstrike-stream",
        log_source=LogSource("crowdstrike", "eventstreams"),
        when=has_keys("event", "metadata", none_of=("@timestamp", "class_uid", "timestamp")),
        timestamp=first("event/UTCTimestamp", "metadata/eventCreationTime", "event/ProcessStartTime"),
        action=first("event/OperationName", "event/DetectName", "metadata/eventType"),
        host=first("event/ComputerName", "event/Hostname", "event/HostnameField"),
        user=first("event/UserId", "event/UserName"),
        source_address=first("event/UserIp", "event/SourceIp", "event/LocalIP"),
        process=first("event/FilePath", "event/FileName"),
    ),
    FieldMapper(
        name="crowdstrike-detection",
        log_source=LogSource("crowdstrike", "detections"),
        when=has_keys("Tactic", "Technique", any_of=("ComputerName", "SensorId", "FalconHostLink", "AgentIdString")),
        timestamp=first("ProcessStartTime", "UTCTimestamp"),
        action=first("DetectName", "Name", "Technique"),
        host=first("ComputerName", "Hostname"),
        user=first("UserName"),
        source_address=first("LocalIP", "LocalIPv4"),
        process=first("FilePath", "FileName"),
    ),
    FieldMapper(
        name="carbonblack",
        log_source=LogSource("carbonblack", "endpoint"),
        when=has_keys("org_key", any_of=("device_name", "process_guid", "device_id")),
        timestamp=first("device_timestamp", "backend_timestamp", "create_time", "first_event_time"),
        action=first("type", "reason_code"),
        host=first("device_name"),
        user=first("process_username", "device_username"),
        source_address=first("device_internal_ip", "device_external_ip", "local_ip"),
        destination_address=first("remote_ip", "netconn_remote_ip"),
        process=first("process_path", "process_name"),
        session=first("process_guid"),
        body=first("reason"),
    ),
    FieldMapper(
        name="carbonblack-audit",
        log_source=LogSource("carbonblack", "audit"),
        when=has_keys("loginName", "clientIp", any_of=("orgName", "requestUrl", "eventId")),
        timestamp=first("eventTime"),
        user=first("loginName"),
        source_address=first("clientIp"),
        body=first("description"),
    ),
    FieldMapper(
        name="sentinelone",
        log_source=LogSource("sentinelone", "activity"),
        when=has_keys(any_of=("activityType", "activitytype"), none_of=("Operation", "ActivityType", "actor")),
        timestamp=first("createdAt", "createdat"),
        action=first("activityType", "activitytype"),
        host=first("data/computerName", "data/computername", "agentId", "agentid"),
        user=first("data/username", "data/userName", "userId", "userid"),
        source_address=first("data/ipAddress", "data/ipaddress", "data/agentipv4"),
        body=first("primaryDescription", "primarydescription"),
    ),
)
