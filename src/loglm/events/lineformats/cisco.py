"""Cisco's messages: ``%ASA-6-302013: Built inbound TCP connection ...`` of firewalls, switches and routers."""

from __future__ import annotations

import re

from loglm.events.event import LogEvent
from loglm.events.lineformats.addresses import addresses_in
from loglm.events.lineformats.leading_time import leading_time
from loglm.events.lineformats.users import user_in
from loglm.events.mappers.fields import log_source

__all__ = ["add_cisco"]

_CODE = re.compile(r"%([A-Z][A-Z0-9_]{1,32})-(?:[A-Za-z0-9_]{1,16}-)?([0-7])-([A-Z0-9_]{2,48})(?![^\s:])")
_FIREWALLS = frozenset(("ASA", "PIX", "FTD", "FWSM"))
_IP = r"((?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:]{2,36})"
_PEER = rf"(?:faddr )?(?:[\w.-]{{1,64}}:)?{_IP}(?:[/(]|\s|$)"
_FROM = re.compile(rf"\b(?:for|from|src) {_PEER}")
_TO = re.compile(rf"\b(?:to|dst|laddr) {_PEER}")
_PREFIX = re.compile(r"(?:<\d{1,3}>)?(?:\d{1,10}: )?(?:([\w.-]{1,128}): )?[*.]?(?=[A-Z][a-z]{2} )")
_WITHIN = 160


def add_cisco(event: LogEvent, text: str) -> bool:
    """Fill an event from a message whose code stands near the start of a text; whether there is one.

    The action is facility and mnemonic: ``ASA-302013``, ``SEC_LOGIN-LOGIN_FAILED``.
    """
    found = _CODE.search(text, 0, _WITHIN)
    if found is None:
        return False
    facility, level, mnemonic = found.groups()
    is_firewall = facility in _FIREWALLS
    event.log_source = log_source(
        "cisco", facility.lower() if is_firewall else "ios", "firewall" if is_firewall else ""
    )
    event.action = f"{facility}-{mnemonic}"
    event.attributes["level"] = level
    event.process = None
    message = text[found.end() :].lstrip(": ")
    event.body = message
    if event.host is None and event.timestamp is None:
        prefix = _PREFIX.match(text)
        if prefix:
            event.host = prefix[1]
            event.timestamp = leading_time(text[prefix.end() :])[0]
    event.source_address, event.destination_address = _peers(message)
    event.user = user_in(message)
    return True


def _peers(message: str) -> tuple[str | None, str | None]:
    """(initiator, destination); ``Built outbound ... for A to B`` names the destination first."""
    message = message[:1000]
    source, destination = _FROM.search(message), _TO.search(message)
    if source is None or destination is None:
        return addresses_in(message)
    if message.startswith("Built outbound"):
        return destination[1], source[1]
    return source[1], destination[1]
