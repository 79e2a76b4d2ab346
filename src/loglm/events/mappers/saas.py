"""Audit logs of services: code hosting, identity, chat, files, databases, content networks, honeypots."""

from __future__ import annotations

from typing import Any, Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import FieldMapper, first, has_keys, text_of

__all__ = ["MAPPERS"]


def _is_atlassian(record: dict[str, Any]) -> bool:
    """Whether a record is of the audit log of a product (``affectedObjects``) or of an organisation's cloud."""
    if "affectedObjects" in record and "author" in record:
        return True
    attributes = record.get("attributes")
    return attributes.__class__ is dict and "action" in attributes and "actor" in attributes


def _workspace_service(record: dict[str, Any]) -> str:
    return f"google_workspace.{text_of(_application(record)) or 'activity'}"


_application = first("id/applicationName")

MAPPERS: Final = (
    FieldMapper(
        name="github",
        log_source=LogSource("github", "audit"),
        when=has_keys(
            "action", "actor", any_of=("org", "repo", "business", "_document_id", "actor_location", "org_id")
        ),
        timestamp=first("@timestamp", "created_at"),
        action=first("action"),
        user=first("actor/login", "actor"),
        source_address=first("actor_ip"),
        session=first("request_id"),
    ),
    FieldMapper(
        name="slack",
        log_source=LogSource("slack", "audit"),
        when=has_keys("action", "actor", any_of=("entity", "context", "date_create")),
        timestamp=first("date_create"),
        action=first("action"),
        user=first("actor/user/email", "actor/user/name", "actor/user/id"),
        source_address=first("context/ip_address"),
        session=first("context/session_id"),
    ),
    FieldMapper(
        name="slack-messages",
        log_source=LogSource("slack", "messages"),
        when=has_keys("ts", "text", any_of=("_channel_id", "channel", "team", "bot_id")),
        timestamp=first("ts"),
        action=first("subtype", "type"),
        user=first("user", "bot_profile/name", "username"),
        body=first("text"),
    ),
    FieldMapper(
        name="google_workspace",
        log_source=LogSource("gcp", "google_workspace"),
        when=has_keys("id", "actor", any_of=("events", "parameters", "ownerDomain"), none_of=("eventType",)),
        timestamp=first("id/time"),
        action=first("name", "events/name"),
        user=first("actor/email", "actor/profileId"),
        source_address=first("ipAddress"),
        service=_workspace_service,
    ),
    FieldMapper(
        name="onelogin",
        log_source=LogSource("onelogin", "onelogin.events"),
        when=has_keys("event_type_id"),
        timestamp=first("created_at", "event_timestamp", "p_event_time"),
        action=first("event_type_id"),
        user=first("actor_user_name", "user_name"),
        source_address=first("ipaddr"),
    ),
    FieldMapper(
        name="duo",
        log_source=LogSource("cisco", "duo"),
        when=has_keys(any_of=("access_device", "isotimestamp")),
        timestamp=first("timestamp", "isotimestamp", "ts"),
        action=first("event_type", "action"),
        user=first("user/name", "username", "email"),
        source_address=first("access_device/ip"),
        host=first("access_device/hostname"),
    ),
    FieldMapper(
        name="auth0",
        log_source=LogSource("auth0", "tenant"),
        when=has_keys("log_id", "data"),
        timestamp=first("data/date"),
        action=first("data/type", "data/description"),
        user=first("data/user_name", "data/details/request/auth/user/email", "data/user_id"),
        source_address=first("data/ip"),
        session=first("data/session_connection_id"),
    ),
    FieldMapper(
        name="1password",
        log_source=LogSource("1password", "events"),
        when=has_keys("uuid", "timestamp", any_of=("vault_uuid", "target_user", "actor_uuid", "item_uuid")),
        timestamp=first("timestamp"),
        action=first("action", "type"),
        user=first("user/email", "target_user/email", "actor_details/email", "actor_uuid"),
        source_address=first("client/ip_address", "session/ip"),
        session=first("session_uuid", "session/uuid"),
    ),
    FieldMapper(
        name="bitbucket",
        log_source=LogSource("bitbucket", "audit"),
        when=has_keys("auditType"),
        timestamp=first("timestamp"),
        action=first("auditType/action", "auditType/actionI18nKey"),
        user=first("author/name"),
        source_address=first("source"),
    ),
    FieldMapper(
        name="atlassian",
        log_source=LogSource("atlassian", "audit"),
        when=_is_atlassian,
        timestamp=first("timestamp", "attributes/time"),
        action=first("type/action", "attributes/action"),
        user=first("author/name", "attributes/actor/email", "attributes/actor/name"),
        source_address=first("source", "attributes/location/ip"),
        body=first("message/content"),
    ),
    FieldMapper(
        name="dropbox",
        log_source=LogSource("dropbox", "team"),
        when=has_keys("event_category", "event_type", "actor", none_of=("gid", "resource")),
        timestamp=first("timestamp", "p_event_time", "created_at"),
        action=first("event_type/.tag", "event_type/_tag", "details/.tag", "event_type"),
        user=first("actor/user/email", "actor/admin/email", "actor/email", "actor/name"),
        source_address=first("origin/geo_location/ip_address", "context/client_ip_address"),
    ),
    FieldMapper(
        name="box",
        log_source=LogSource("box", "events"),
        when=has_keys("event_type", "created_by"),
        timestamp=first("created_at"),
        action=first("event_type"),
        user=first("created_by/login", "created_by/name"),
        source_address=first("ip_address"),
        session=first("session_id"),
    ),
    FieldMapper(
        name="teleport",
        log_source=LogSource("teleport", "audit"),
        when=has_keys("event", "code", any_of=("ei", "uid", "sid", "cluster_name")),
        timestamp=first("time"),
        action=first("event"),
        user=first("user"),
        host=first("server_hostname", "server_id"),
        source_address=first("addr.remote", "addr/remote"),
        process=first("path", "program"),
        session=first("sid"),
    ),
    FieldMapper(
        name="snowflake",
        log_source=LogSource("snowflake", "account_usage"),
        when=has_keys(
            any_of=("GRANTEE_NAME", "QUERY_TEXT", "QUERY_TYPE", "FIRST_AUTHENTICATION_FACTOR", "CLIENT_ENVIRONMENT")
        ),
        timestamp=first("EVENT_TIMESTAMP", "START_TIME", "CREATED_ON", "p_event_time"),
        action=first("EVENT_TYPE", "QUERY_TYPE", "PRIVILEGE"),
        user=first("USER_NAME", "GRANTED_BY", "GRANTEE_NAME"),
        source_address=first("CLIENT_IP"),
        session=first("SESSION_ID"),
    ),
    FieldMapper(
        name="databricks",
        log_source=LogSource("databricks", "audit"),
        when=has_keys("serviceName", "actionName"),
        timestamp=first("timestamp", "eventTime"),
        action=first("actionName"),
        user=first("userIdentity/email"),
        source_address=first("sourceIPAddress"),
        session=first("sessionId"),
    ),
    FieldMapper(
        name="salesforce",
        log_source=LogSource("salesforce", "events"),
        when=has_keys("EVENT_TYPE", any_of=("ORGANIZATION_ID", "USER_ID", "USERNAME", "API_TYPE")),
        timestamp=first("TIMESTAMP_DERIVED", "TIMESTAMP"),
        action=first("EVENT_TYPE"),
        user=first("USERNAME", "USER_ID_DERIVED", "USER_ID"),
        source_address=first("SOURCE_IP", "CLIENT_IP"),
        session=first("SESSION_KEY"),
    ),
    FieldMapper(
        name="cloudflare-http",
        log_source=LogSource("cloudflare", "http", "webserver"),
        when=has_keys("ClientIP", any_of=("ClientRequestHost", "EdgeStartTimestamp", "RayID")),
        timestamp=first("EdgeStartTimestamp", "Datetime", "EdgeEndTimestamp"),
        action=first("Action", "ClientRequestMethod"),
        host=first("ClientRequestHost"),
        source_address=first("ClientIP"),
        destination_address=first("OriginIP"),
    ),
    FieldMapper(
        name="cloudflare-audit",
        log_source=LogSource("cloudflare", "audit"),
        when=has_keys("when", "actor", "action"),
        timestamp=first("when"),
        action=first("action/type"),
        user=first("actor/email"),
        source_address=first("actor/ip"),
    ),
    FieldMapper(
        name="honeytrap",
        log_source=LogSource("honeypot", "honeytrap"),
        when=has_keys("attack_connection"),
        timestamp=first("start_time", "@timestamp"),
        action=first("attack_connection/protocol"),
        source_address=first("attack_connection/remote_ip"),
        destination_address=first("attack_connection/local_ip"),
    ),
    FieldMapper(
        name="heralding",
        log_source=LogSource("honeypot", "heralding"),
        when=has_keys("num_auth_attempts"),
        timestamp=first("timestamp"),
        action=first("protocol"),
        user=first("auth_attempts/username"),
        source_address=first("source_ip"),
        destination_address=first("destination_ip"),
        session=first("session_id"),
    ),
)
