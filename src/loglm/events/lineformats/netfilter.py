"""What the Linux packet filter logs: iptables' and nftables' LOG target, as ufw and others configure it."""

from __future__ import annotations

import re
from typing import Final

from loglm.events.event import LogEvent, LogSource

__all__ = ["add_netfilter", "is_netfilter"]

_SOURCE: Final = LogSource("linux", "netfilter", "firewall")
_PREFIX = re.compile(r"(?:\[ *\d{1,10}\.\d{1,9}\] )?(.{0,128}?)\s{0,4}IN=\S{0,64} OUT=")
_FIELD = re.compile(r"\b([A-Z]{2,12})=(\S*)")
_LONGEST = 4096


def is_netfilter(message: str) -> bool:
    """Whether a message is one of the packet filter's. Cheap."""
    return " OUT=" in message and "PROTO=" in message and "SRC=" in message


def add_netfilter(event: LogEvent, message: str) -> None:
    """Fill an event from ``[UFW BLOCK] IN=eth0 OUT= MAC=... SRC=... DST=... PROTO=TCP SPT=1 DPT=22``.

    The rule's prefix (``UFW BLOCK``) is the action.
    """
    message = message[:_LONGEST]
    found = _PREFIX.match(message)
    prefix = found[1].strip(" :-[]") if found else ""
    fields = dict(_FIELD.findall(message))
    event.log_source = _SOURCE
    event.attributes.update(fields)
    event.action = prefix or "packet"
    event.process = None
    event.source_address = fields.get("SRC") or None
    event.destination_address = fields.get("DST") or None
