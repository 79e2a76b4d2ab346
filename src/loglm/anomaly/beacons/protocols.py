"""Application protocols: what the logs say is spoken, and the ports that it is spoken on."""

from __future__ import annotations

from typing import Final

from loglm.anomaly.beacons.connections import HANDSHAKE, REQUEST, WEB_PORTS, kind_of
from loglm.events.event import LogEvent
from loglm.events.mappers.fields import first, text_of

__all__ = ["ENCRYPTED", "PORTS", "TLS_PORTS", "WEB", "protocols_of"]

_TEXT_CHARS: Final = 255
_protocol_told: Final = first("service", "app_proto", "network/protocol", "network.protocol")
_ALIASES: Final = {"ssl": "tls", "https": "tls", "krb": "kerberos", "krb_tcp": "kerberos", "http2": "http"}
TLS_PORTS: Final = frozenset({443, 465, 636, 853, 989, 990, 993, 995, 5061, 5223, 5228, 8443, 8883})
ENCRYPTED: Final = frozenset({"tls", "quic"})
"""Names of `protocols_of` whose content is hidden."""
WEB: Final = frozenset({"http", *ENCRYPTED})
"""Those that the web is spoken in."""
PORTS: Final = {
    **dict.fromkeys(WEB, WEB_PORTS | TLS_PORTS),
    "dns": frozenset({53, 853, 5353}),
    "ftp": frozenset({20, 21}),
    "imap": frozenset({143, 993}),
    "irc": frozenset({194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 6697, 7000}),
    "kerberos": frozenset({88, 464}),
    "ldap": frozenset({389, 636, 3268, 3269}),
    "mqtt": frozenset({1883, 8883}),
    "mysql": frozenset({3306}),
    "ntp": frozenset({123}),
    "pop3": frozenset({110, 995}),
    "rdp": frozenset({3389}),
    "sip": frozenset({5060, 5061}),
    "smb": frozenset({139, 445}),
    "smtp": frozenset({25, 465, 587, 2525}),
    "snmp": frozenset({161, 162}),
    "ssh": frozenset({22}),
    "syslog": frozenset({514, 6514}),
    "telnet": frozenset({23, 992}),
}
"""Ports that a protocol is used on, of IANA's registry and common practice."""


def protocols_of(event: LogEvent) -> set[str]:
    """Application protocols that an event says are spoken: of HTTP and TLS logs their own, of flows what is recognised.

    Zeek names several with commas, SSL for TLS, and with a minus those that it took back.
    """
    kind = kind_of(event.log_source)
    told = text_of(_protocol_told(event.attributes)) or ""
    names = {_ALIASES.get(name, name) for name in told[:_TEXT_CHARS].lower().split(",")}
    own = {HANDSHAKE: "quic" if event.log_source.service == "quic" else "tls", REQUEST: "http"}.get(kind)
    return {name for name in (*names, own) if name and name[0].isalpha()}
