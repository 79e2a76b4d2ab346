"""Suricata's EVE records."""

from __future__ import annotations

from typing import Any

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.fields import has_keys, log_source, text_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["SuricataMapper"]


class SuricataMapper:
    """The service is the event type: alert, flow, dns, http, tls, ...

    Source: https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
    """

    name = "suricata"
    matches = staticmethod(
        has_keys(
            "event_type",
            "timestamp",
            any_of=("flow_id", "alert", "stats", "engine", "in_iface", "pcap_cnt"),
            none_of=("event_simpleName", "ecs"),
        )
    )

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        kind = text_of(record.get("event_type")) or "unknown"
        flow = record.get("flow_id")
        return LogEvent(
            raw=raw,
            location=location,
            log_source=log_source("suricata", kind),
            attributes=record,
            timestamp=parse_timestamp(record.get("timestamp")),
            action=kind[:64],
            host=text_of(record.get("host")),
            source_address=text_of(record.get("src_ip")),
            destination_address=text_of(record.get("dest_ip")),
            session=None if flow is None else text_of(flow),
        )
