"""From events of many sources to connections: who called whom, when, how much went each way, with what client."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from math import inf, nan
from typing import Any, Final, NamedTuple

from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, text_of

__all__ = ["FLOW", "HANDSHAKE", "LOOKUP", "REQUEST", "Connection", "connection_of", "is_private"]

FLOW: Final = 0
"""A connection with its bytes: Zeek's conn, NetFlow, firewalls, Sysmon's event 3."""
REQUEST: Final = 1
"""What was asked inside of one: HTTP, proxies. It names the destination of the flow of the same uid."""
HANDSHAKE: Final = 2
"""TLS or QUIC: one of each connection; it names the destination too."""
LOOKUP: Final = 3
"""A DNS query; its destination is the registered domain."""

_NAME_CHARS: Final = 255
_SKIPPED_PROTOCOLS: Final = frozenset({"icmp", "icmp6", "ipv6-icmp", "igmp", "arp"})
_REQUESTS: Final = frozenset({"http", "access", "proxy"})
_HANDSHAKES: Final = frozenset({"ssl", "tls", "quic"})
_ZEEK_FLOWS: Final = frozenset({"conn"})
_SECOND_LEVEL: Final = frozenset({"ac", "co", "com", "edu", "gob", "gov", "go", "mil", "ne", "net", "or", "org"})


_INNER: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
        *("fc00::/7", "fe80::/10", "::1/128"),
    )
)
"""RFC 1918, 4193, 6598, link-local and loopback."""


class Connection(NamedTuple):
    """One connection, request or look-up."""

    time: float
    """POSIX seconds, UTC: when it began."""
    source: str
    destination: str
    """Address; empty where the log names a host alone."""
    port: int
    """Of the destination; 0 where not known."""
    kind: int
    """`FLOW`, `REQUEST`, `HANDSHAKE` or `LOOKUP`."""
    name: str = ""
    """Host name that was asked for (SNI, HTTP host, DNS domain), in lower case."""
    client: str = ""
    """JA3 or JA4, user agent, or the process that connected."""
    uid: str = ""
    """What the logs of one connection share."""
    bytes_out: float = nan
    bytes_in: float = nan
    duration_s: float = nan


def connection_of(event: LogEvent) -> Connection | None:
    """The connection that an event tells of.

    Returns:
        None where the event has no time, no source or no destination; where it is multicast, broadcast, loopback or
        ICMP; and where it was opened from outside (``local_orig`` false and ``local_resp`` true in Zeek's words, or
        from a public to a private address): command and control is called from inside.
    """
    if event.timestamp is None or not 0 <= event.timestamp < inf:
        return None
    found = _zeek(event) if event.log_source.product == "zeek" else _generic(event)
    if found is None or not found.source or not (found.destination or found.name):
        return None
    if found.destination and not _is_unicast(found.destination):
        return None
    if found.destination and is_private(found.destination) and not is_private(found.source):
        return found if event.attributes.get("local_orig") is True else None
    return found


def _zeek(event: LogEvent) -> Connection | None:
    record, service = event.attributes, event.log_source.service
    if service in _ZEEK_FLOWS:
        return _zeek_flow(event, record)
    if service == "dns":
        return _lookup(event, text_of(record.get("query")), record.get("uid"))
    if service not in _REQUESTS and service not in _HANDSHAKES:
        return None
    name = text_of(record.get("server_name") or record.get("host")) or ""
    client = text_of(record.get("ja3") or record.get("ja4") or record.get("user_agent")) or ""
    sizes = _number(record.get("request_body_len")), _number(record.get("response_body_len"))
    kind = REQUEST if service in _REQUESTS else HANDSHAKE
    return _connection(event, _port(record.get("id.resp_p")), kind, name, client, record.get("uid"), *sizes)


def _zeek_flow(event: LogEvent, record: dict[str, Any]) -> Connection | None:
    if record.get("proto") in _SKIPPED_PROTOCOLS:
        return None
    if record.get("local_orig") is False and record.get("local_resp") is True:
        return None
    if record.get("service") == "dns" or record.get("id.resp_p") == 53:
        return None  # look-ups are told apart by name, in dns.log; all of a resolver's together are no beacon
    sizes = _number(record.get("orig_bytes")), _number(record.get("resp_bytes"))
    uid, duration = record.get("uid"), _number(record.get("duration"))
    return _connection(event, _port(record.get("id.resp_p")), FLOW, "", "", uid, *sizes, duration)


_port_of: Final = first(
    *("id/resp_p", "id_resp_p", "Dport", "dest_port", "DestinationPort", "dstport", "DstPort", "dst_port", "dpt"),
    *("destination/port", "destination.port", "cs-uri-port", "dport", "s-port"),
)
_out_of: Final = first(
    *("orig_bytes", "flow/bytes_toserver", "SrcBytes", "BytesSent", "bytes_sent", "sentbyte", "cs-bytes", "sbytes"),
    *("source/bytes", "source.bytes", "request_body_len", "bytes_out"),
)
_in_of: Final = first(
    *("resp_bytes", "flow/bytes_toclient", "DstBytes", "BytesReceived", "bytes_received", "rcvdbyte", "sc-bytes"),
    *("destination/bytes", "destination.bytes", "response_body_len", "bytes_in", "dbytes", "bytes", "http/length"),
)
_duration_of: Final = first("duration", "Dur", "flow/age", "Duration", "time-taken", "elapsed")
_name_of: Final = first(
    *("server_name", "tls/sni", "quic/sni", "http/hostname", "DestinationHostname", "cs-host", "dest_name"),
    *("destination/domain", "destination.domain", "url/domain", "url.domain", "sni"),
)
_url_of: Final = first("url", "request", "uri", "cs-uri")
_query_of: Final = first("dns/rrname", "query", "QueryName", "dns/question/name", "dns.question.name")
_client_of: Final = first(
    *("ja3", "tls/ja3/hash", "ja4", "tls/ja4", "user_agent", "http/http_user_agent", "cs(User-Agent)", "userAgent"),
    *("user_agent/original", "user_agent.original", "Image"),
)
_uid_of: Final = first("uid", "flow_id", "ProcessGuid")
_protocol_of: Final = first("proto", "Proto", "Protocol", "protocol", "network/transport")


def _generic(event: LogEvent) -> Connection | None:
    record, source = event.attributes, event.log_source
    protocol = text_of(_protocol_of(record))
    if (protocol or "").lower() in _SKIPPED_PROTOCOLS:
        return None
    if source.category == "dns" or source.service == "dns":
        return _lookup(event, text_of(_query_of(record)), _uid_of(record))
    if source.product == "suricata" and source.service == "alert":
        return None
    name, port = _clean_name(text_of(_name_of(record))), _port(_port_of(record))
    if not name:
        name, port = _of_url(text_of(_url_of(record)) or "", port)
    kind, client = _kind(source), text_of(_client_of(record)) or ""
    if not event.destination_address and (not name or kind == FLOW or source.category == "webserver"):
        return None
    if port == 53:
        return None
    sizes = _number(_out_of(record)), _number(_in_of(record))
    return _connection(event, port, kind, name, client, _uid_of(record), *sizes, _number(_duration_of(record)))


def _kind(source: LogSource) -> int:
    if source.service in _HANDSHAKES:
        return HANDSHAKE
    return REQUEST if source.service in _REQUESTS or source.category == "proxy" else FLOW


def _connection(
    event: LogEvent, port: int, kind: int, name: str, client: str, uid: Any, *measures: float
) -> Connection:
    source = event.source_address or event.host or event.user or ""
    assert event.timestamp is not None  # noqa: S101 - connection_of looked
    about = (event.destination_address or "", port, kind, _clean_name(name), client, str(uid or ""))
    return Connection(event.timestamp, source, *about, *measures)


def _lookup(event: LogEvent, query: str | None, uid: Any) -> Connection | None:
    domain = _domain(query or "")
    source = event.source_address or event.host or ""
    if not domain or event.timestamp is None:
        return None
    return Connection(event.timestamp, source, "", 53, LOOKUP, domain, "", str(uid or ""), float(len(query or "")))


@lru_cache(maxsize=65_536)
def _domain(query: str) -> str:
    """The registered domain, by the rule of thumb that ``co.uk`` and its like have one label more."""
    labels = query.lower().rstrip(".")[-_NAME_CHARS:].split(".")
    if len(labels) < 2 or labels[-1] in ("arpa", "local", "lan", "internal"):
        return ""
    is_deep = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3 if is_deep else -2 :])


@lru_cache(maxsize=65_536)
def _clean_name(name: str | None) -> str:
    """A host name in lower case, without the port that HTTP puts behind it; an address is no name."""
    if not name:
        return ""
    host, colon, port = name[:_NAME_CHARS].lower().rstrip(".").rpartition(":")
    name = host if colon and port.isdecimal() else name[:_NAME_CHARS].lower().rstrip(".")
    return "" if _address(name) is not None else name


def _of_url(url: str, port: int) -> tuple[str, int]:
    """Host and port of an absolute URL, or of the ``host:port`` that CONNECT asks for."""
    scheme, found, rest = url[:2_048].partition("://")
    if not found and not url[:_NAME_CHARS].rpartition(":")[2].isdecimal():
        return "", port
    host, colon, number = (rest if found else url).split("/", 1)[0].rpartition("@")[2].rpartition(":")
    if not colon:
        host = number
    default = {"http": 80, "https": 443}.get(scheme.lower(), port) if found else port
    return _clean_name(host), _port(number) if colon and number.isdecimal() else default


def _number(value: Any) -> float:
    """A measure of a record; NaN for what is none."""
    if value.__class__ is float or value.__class__ is int:
        return float(value) if 0 <= value < 1e15 else nan
    if value.__class__ is str and value[:1].isdigit() and len(value) < 20:
        try:
            return float(value)
        except ValueError:
            return nan
    return nan


def _port(value: Any) -> int:
    if value.__class__ is str and value.isascii() and value.isdecimal() and len(value) < 6:
        value = int(value)
    return value if value.__class__ is int and 0 <= value <= 65_535 else 0


@lru_cache(maxsize=262_144)
def _address(text: str) -> Any:
    try:
        return ip_address(text)
    except ValueError:
        return None


@lru_cache(maxsize=262_144)
def is_private(text: str) -> bool:
    """Whether an address is of an inner network; a name without a dot counts as one.

    Ranges for documentation and benchmarks count as outside, where examples and laboratories put the Internet.
    """
    address = _address(text)
    if address is None:
        return "." not in text and ":" not in text
    return any(address.version == network.version and address in network for network in _INNER)


@lru_cache(maxsize=262_144)
def _is_unicast(text: str) -> bool:
    address = _address(text)
    if address is None:
        return bool(text)
    is_broadcast = address.version == 4 and text.endswith(".255")
    is_own = address.is_multicast or address.is_loopback or address.is_unspecified or address.is_link_local
    return not (is_own or is_broadcast)
