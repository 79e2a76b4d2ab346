"""Zeek logs as JSON, with or without ``_path``; the names of Zeek's streams for the TSV reader, too."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import has_keys, log_source, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["LATEST", "ZeekMapper", "action_field", "guess_path", "zeek_source"]

_ACTION_FIELDS: Final = {"notice": "note", "weird": "name"}
_USER_FIELDS: Final = ("user", "username", "client", "cookie")
_USER_PATHS: Final = frozenset(("ftp", "socks", "radius", "ntlm", "http", "kerberos", "rdp", "mysql", "ldap"))

# The first rule whose keys a record holds names its stream; rarer keys before commoner ones.
_SHAPES: Final = (
    ("conn", frozenset(("conn_state",))),
    ("conn", frozenset(("orig_pkts", "resp_pkts"))),
    ("dns", frozenset(("qtype", "qclass"))),
    ("dns", frozenset(("rejected", "query"))),
    ("dns", frozenset(("AA", "RD"))),
    ("notice", frozenset(("note", "actions"))),
    ("notice", frozenset(("note", "msg"))),
    ("weird", frozenset(("name", "notice"))),
    ("x509", frozenset(("certificate.serial",))),
    ("x509", frozenset(("fingerprint", "certificate.version"))),
    ("files", frozenset(("fuid", "seen_bytes"))),
    ("files", frozenset(("fuid", "mime_type"))),
    ("smb_files", frozenset(("action", "name", "size"))),
    ("smb_mapping", frozenset(("share_type",))),
    ("dce_rpc", frozenset(("endpoint", "operation"))),
    ("kerberos", frozenset(("request_type", "service"))),
    ("kerberos", frozenset(("request_type", "client"))),
    ("ntlm", frozenset(("server_nb_computer_name",))),
    ("ntlm", frozenset(("domainname", "hostname"))),
    ("ssh", frozenset(("auth_attempts",))),
    ("ssh", frozenset(("client", "server", "version"))),
    ("ssl", frozenset(("cipher", "resumed"))),
    ("ssl", frozenset(("ssl_history",))),
    ("ssl", frozenset(("resumed", "established"))),
    ("quic", frozenset(("server_name", "client_initial_dcid"))),
    ("sip", frozenset(("request_from",))),
    ("sip", frozenset(("request_path", "method"))),
    ("smtp", frozenset(("helo",))),
    ("smtp", frozenset(("mailfrom",))),
    ("smtp", frozenset(("last_reply", "trans_depth"))),
    ("http", frozenset(("trans_depth", "request_body_len"))),
    ("http", frozenset(("trans_depth", "method"))),
    ("ftp", frozenset(("command", "reply_code"))),
    ("ftp", frozenset(("data_channel.passive",))),
    ("rdp", frozenset(("cookie", "result"))),
    ("rdp", frozenset(("cert_count",))),
    ("rfb", frozenset(("client_major_version",))),
    ("snmp", frozenset(("community",))),
    ("socks", frozenset(("bound.host",))),
    ("syslog", frozenset(("facility", "severity", "message"))),
    ("tunnel", frozenset(("tunnel_type",))),
    ("dhcp", frozenset(("msg_types",))),
    ("dhcp", frozenset(("client_addr", "mac"))),
    ("dpd", frozenset(("analyzer", "failure_reason"))),
    ("analyzer", frozenset(("analyzer_kind",))),
    ("ntp", frozenset(("stratum",))),
    ("modbus", frozenset(("func",))),
    ("dnp3", frozenset(("fc_request",))),
    ("mqtt_connect", frozenset(("connect_status",))),
    ("mqtt_publish", frozenset(("topic", "payload"))),
    ("mqtt_subscribe", frozenset(("topics",))),
    ("ocsp", frozenset(("certStatus",))),
    ("pe", frozenset(("machine", "is_exe"))),
    ("software", frozenset(("software_type",))),
    ("packet_filter", frozenset(("filter", "init"))),
    ("capture_loss", frozenset(("percent_lost",))),
    ("known_hosts", frozenset(("ts", "host"))),
)

_UNIX_SECONDS = (int, float)
LATEST: Final = 1e11
"""Seconds; a time after the year 5138 is none."""


class ZeekMapper:
    """The stream is ``_path`` or what the fields are those of; ``unknown`` where neither says."""

    name = "zeek"
    _has_addresses = staticmethod(has_keys(any_of=("id.orig_h", "id_orig_h")))
    _has_path = staticmethod(has_keys("_path", any_of=("ts", "_write_ts", "uid")))
    _has_time = staticmethod(has_keys("ts"))

    def matches(self, record: dict[str, Any]) -> bool:
        if self._has_addresses(record) or self._has_path(record):
            return True
        identity = record.get("id")
        if self._has_time(record) and identity.__class__ is dict and "orig_h" in identity:
            return True
        return self._has_time(record) and guess_path(record) in _WITHOUT_ADDRESSES

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        path = record.get("_path")
        if path.__class__ is not str or not path:
            path = guess_path(record) or "unknown"
        seconds = record.get("ts")
        if seconds.__class__ not in _UNIX_SECONDS:
            seconds = parse_timestamp(seconds if seconds is not None else record.get("@timestamp"))
        source, destination = _addresses(record)
        user = None
        if path in _USER_PATHS:
            user = next((text_of(record[name]) for name in _USER_FIELDS if name in record), None)
        return LogEvent(
            raw=raw,
            location=location,
            log_source=zeek_source(path),
            attributes=record,
            timestamp=float(seconds) if seconds is not None and 0 <= seconds < LATEST else None,
            action=text_of(record.get(action_field(path))) or path[:64],
            user=user,
            source_address=source,
            destination_address=destination,
            session=text_of(record.get("uid") or record.get("uids") or record.get("conn_uids")),
        )


def zeek_source(path: str) -> LogSource:
    """``zeek/<path>``, with Sigma's category where a stream has one."""
    return log_source("zeek", path)


def action_field(path: str) -> str:
    """The field that says what happened in a stream that names its events; ``_path`` in the others."""
    return _ACTION_FIELDS.get(path, "_path")


def guess_path(record: dict[str, Any]) -> str | None:
    """The stream that a record without ``_path`` is from, by its fields; None where they fit none."""
    keys = record.keys()
    for path, needed in _SHAPES:
        if needed <= keys:
            return path
    return None


_WITHOUT_ADDRESSES: Final = frozenset(
    ("dhcp", "files", "x509", "pe", "ocsp", "software", "packet_filter", "weird", "notice", "capture_loss")
)
"""Streams whose records may lack the connection's addresses."""


def _addresses(record: dict[str, Any]) -> tuple[str | None, str | None]:
    source = record.get("id.orig_h")
    if source is not None:
        return text_of(source), text_of(record.get("id.resp_h"))
    identity = record.get("id")
    if identity.__class__ is dict:
        return text_of(identity.get("orig_h")), text_of(identity.get("resp_h"))
    for source_key, destination_key in (
        ("id_orig_h", "id_resp_h"),
        ("client_addr", "server_addr"),
        ("requested_addr", "server_addr"),
        ("tx_hosts", "rx_hosts"),
        ("src", "dst"),
        ("host", ""),
    ):
        source = text_of(record.get(source_key))
        if source is not None:
            return source, text_of(record.get(destination_key))
    return None, None
