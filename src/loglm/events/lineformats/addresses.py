"""IP addresses in free text, and which of them is the initiator."""

from __future__ import annotations

import re

__all__ = ["addresses_in"]

_V4 = re.compile(r"(?<![\w.-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_V6 = re.compile(
    r"(?<![\w:.])(?:(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?=[0-9a-fA-F:]{0,36}::)[0-9a-fA-F:]{3,39})(?![\w:]|\.\d)"
)
_LOOK_BACK = 24
_LONGEST = 2000
_MOST = 8

_INITIATOR = frozenset(
    name
    for names in (
        ("from", "by", "client", "clientip", "client_ip", "src", "source", "srcip", "src_ip", "saddr", "rhost"),
        ("rip", "remote", "remote_addr", "remote_ip", "remote_address", "peer", "attacker"),
    )
    for name in names
)
_DESTINATION = frozenset(
    ("to", "dst", "dest", "destination", "dstip", "dst_ip", "daddr", "lip", "server", "upstream", "->", "=>")
)
_BETWEEN = " =\"'`([{</:"
_NEUTRAL = ("ip", "address", "host")


def addresses_in(text: str) -> tuple[str | None, str | None]:
    """(initiator, destination) among the addresses of a text, told apart by the word before each.

    Where no word tells, the first one is the initiator and a second, other one the destination. Text past the
    first 2,000 characters and the ninth address is not looked at.
    """
    if text.count(".") < 3 and "::" not in text and text.count(":") < 7:
        return None, None
    text = text[:_LONGEST]
    source = destination = None
    others = []
    for start, address in _addresses(text):
        word = _word_before(text, start)
        if destination is None and word in _DESTINATION:
            destination = address
        elif source is None and word in _INITIATOR:
            source = address
        else:
            others.append(address)
    if source is None and others:
        source = others.pop(0)
        if destination is None:
            destination = next((address for address in others if address != source), None)
    return source, destination


def _word_before(text: str, start: int) -> str:
    """The last word before a place, ``IP`` and the like passed over, in lower case."""
    before = text[max(0, start - _LOOK_BACK) : start].lower().rstrip(_BETWEEN)
    for neutral in _NEUTRAL:
        if before.endswith(" " + neutral):
            before = before[: -len(neutral)].rstrip(_BETWEEN)
    before = before[before.rfind(" ") + 1 :]
    return before[max(before.rfind(mark) for mark in ",;[(\"'{") + 1 :]


def _addresses(text: str) -> list[tuple[int, str]]:
    found = []
    for match in _V4.finditer(text):
        address = match.group()
        if all(int(octet) < 256 for octet in address.split(".")):
            found.append((match.start(), address))
        if len(found) == _MOST:
            break
    if "::" in text or text.count(":") >= 7:
        for match in _V6.finditer(text):
            found.append((match.start(), match.group()))
            if len(found) >= 2 * _MOST:
                break
        found.sort()
    return found
