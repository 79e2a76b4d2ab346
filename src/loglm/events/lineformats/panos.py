"""Palo Alto Networks' PAN-OS logs: comma-separated columns, bare or as a syslog message.

Source: PAN-OS administrator's guide, "Syslog field descriptions" (10.1).
"""

from __future__ import annotations

import csv
import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.fields import log_source
from loglm.events.timestamps import parse_timestamp

__all__ = ["Panos", "panos_event"]

_LINE = re.compile(
    r"(?:<\d{1,3}>)?[^,]{0,32},[^,]{8,40},[^,]{0,32},"
    r"(TRAFFIC|THREAT|SYSTEM|CONFIG|USERID|GLOBALPROTECT|HIPMATCH|AUTHENTICATION|DECRYPTION|CORRELATION|IPTAG),"
)
_HEAD: Final = " receive_time serial type subtype  time_generated"
_FLOW: Final = (
    " src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset  sessionid repeatcnt"
    " sport dport natsport natdport flags proto action"
)
_COLUMNS: Final = {
    "TRAFFIC": _FLOW + " bytes bytes_sent bytes_received packets start elapsed category",
    "THREAT": _FLOW + " misc threatid category severity direction seqno",
    "SYSTEM": " vsys eventid object   module severity opaque",
    "CONFIG": " host vsys cmd admin client result path",
    "USERID": " vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource datasourcetype",
    "GLOBALPROTECT": " vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip public_ipv6",
    "HIPMATCH": " srcuser vsys machinename os src matchname repeatcnt matchtype",
    "AUTHENTICATION": " vsys ip user normalize_user object policy repeatcnt authid vendor logset profile desc",
}
"""By PAN-OS's names, after the columns that all kinds have; two spaces stand for a column without a use."""
_NAMES: Final = {kind: (_HEAD + columns).split(" ") for kind, columns in _COLUMNS.items()}
_DEVICE_NAME: Final = {"TRAFFIC": 52, "THREAT": 59, "SYSTEM": 22}
"""The column of the firewall's own name, counted from 0."""
_MOST_COLUMNS = 128


class Panos:
    """Lines of PAN-OS: ``1,2021/10/11 22:14:15,0131,TRAFFIC,end,...``.

    Attributes have the names of PAN-OS's own fields (``src``, ``natsrc``, ``rule``, ``srcuser``, ``app``, ...);
    columns that have no name here are left in the line.
    """

    name = "panos"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        return panos_event(line, line, location)


def panos_event(text: str, raw: str, location: SourceLocation) -> LogEvent | None:
    """The event of a text that is such columns; None where it is not."""
    found = _LINE.match(text)
    if found is None:
        return None
    kind = found[1]
    names = _NAMES.get(kind) or _HEAD.split(" ")
    columns = _columns(text)
    fields: dict[str, Any] = {
        name: value.strip() for name, value in zip(names, columns, strict=False) if name and value
    }
    device = _DEVICE_NAME.get(kind, _MOST_COLUMNS)
    return LogEvent(
        raw,
        location,
        log_source("paloalto", kind.lower(), "firewall" if kind in ("TRAFFIC", "THREAT") else ""),
        fields,
        body=fields.get("opaque") or fields.get("desc"),
        timestamp=parse_timestamp(fields.get("time_generated")) or parse_timestamp(fields.get("receive_time")),
        host=(columns[device] if device < len(columns) else None) or fields.get("machinename"),
        action=fields.get("action") or fields.get("eventid") or fields.get("cmd") or fields.get("subtype"),
        user=fields.get("srcuser") or fields.get("user") or fields.get("admin"),
        source_address=fields.get("src") or fields.get("public_ip") or fields.get("ip") or fields.get("client"),
        destination_address=fields.get("dst"),
        session=fields.get("sessionid"),
    )


def _columns(text: str) -> list[str]:
    try:
        return next(csv.reader([text.replace("\n", " ").replace("\r", " ")]))[:_MOST_COLUMNS]
    except csv.Error:
        return text.split(",", _MOST_COLUMNS)
