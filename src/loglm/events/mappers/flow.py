"""Network flows as records: argus, NetFlow and IPFIX exports, flow tables of networks and honeypots."""

from __future__ import annotations

from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.fields import first, has_keys, text_of
from loglm.events.mappers.generic import address_of
from loglm.events.timestamps import parse_timestamp

__all__ = ["FlowMapper"]

_FLOW: Final = LogSource("flow", "", "flow")
_SOURCES: Final = (
    *("SrcAddr", "srcaddr", "SrcIP", "sIP", "srcip", "src_ip", "Src IP", "Source IP", "IPV4_SRC_ADDR", "SrcIp"),
    *("sourceIPv4Address", "sourceIPv6Address", "SourceIp", "id.orig_h", "sIPs", "sAddress", "sa", "saddr", "ip_src"),
    *("Src IP Addr", "source_ip", "src_addr", "SourceIP", "Source", "source_address"),
)
_DESTINATIONS: Final = (
    *("DstAddr", "dstaddr", "DestIP", "DstIP", "dIP", "dstip", "dst_ip", "dest_ip", "Dst IP", "Destination IP"),
    *("IPV4_DST_ADDR", "DestinationIp", "destinationIPv4Address", "destinationIPv6Address", "id.resp_h", "rIPs"),
    *("rAddress", "da", "daddr", "ip_dst", "Dst IP Addr", "destination_ip", "dst_addr", "DestinationIP", "DestIp"),
    *("Destination", "destination_address", "DstIp"),
)
_MEASURES: Final = (
    *(
        "TotPkts",
        "TotBytes",
        "SrcBytes",
        "Dur",
        "sPackets",
        "sBytesSum",
        "bytes",
        "packets",
        "pkts",
        "Bytes",
        "Packets",
    ),
    *(
        "IN_BYTES",
        "OUT_BYTES",
        "IN_PKTS",
        "octetDeltaCount",
        "packetDeltaCount",
        "BytesSent",
        "bytes_sent",
        "orig_bytes",
    ),
    *("Flow Duration", "Tot Fwd Pkts", "Total Fwd Packets", "Total Fwd Packet", "TotalAllowedFlows", "AllowedOutFlows"),
    *("ibyt", "ipkt", "byt", "pkt", "tot_bytes", "total_bytes", "flow_duration", "sbytes", "dbytes", "spkts", "dpkts"),
    *("Flow Bytes/s", "In Byte", "In Pkt", "flows", "flow_count", "BytesReceived", "bytes_in", "Length"),
)
_time = first(
    *("StartTime", "stime", "FlowStartTime", "startDate", "sTime", "Timestamp", "timestamp", "First", "first", "ts"),
    *(
        "Date first seen",
        "start",
        "TimeGenerated",
        "flowStartMilliseconds",
        "flowStartSeconds",
        "FLOW_START_MILLISECONDS",
    ),
    *("start_time", "Start Time", "Stime", "time", "Date", "Time"),
)
_source = first(*_SOURCES)
_destination = first(*_DESTINATIONS)
_host = first("VMName", "Computer", "exporter", "sensor")
_process = first("ProcessName")
_action = first(
    "Proto", "proto", "protocol", "Protocol", "L4Protocol", "PROTOCOL", "pr", "protocolIdentifier", "ip_proto"
)


class FlowMapper:
    """A record with a source, a destination and a measure of what went between them; the action is the protocol."""

    name = "flow"
    _has_source = staticmethod(has_keys(any_of=_SOURCES))
    _has_destination = staticmethod(has_keys(any_of=_DESTINATIONS))
    _has_measure = staticmethod(has_keys(any_of=_MEASURES))

    def matches(self, record: dict[str, Any]) -> bool:
        return self._has_source(record) and self._has_destination(record) and self._has_measure(record)

    def to_event(self, record: dict[str, Any], raw: str, location: SourceLocation) -> LogEvent:
        return LogEvent(
            raw=raw,
            location=location,
            log_source=_FLOW,
            attributes=record,
            timestamp=parse_timestamp(_time(record)),
            action=text_of(_action(record)),
            host=text_of(_host(record)),
            source_address=address_of(_source(record)),
            destination_address=address_of(_destination(record)),
            process=text_of(_process(record)),
        )
