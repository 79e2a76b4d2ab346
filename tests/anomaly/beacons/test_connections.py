"""Connections out of events of many sources, and what is none."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path

import pytest

from loglm.anomaly.beacons.connections import FLOW, HANDSHAKE, LOOKUP, REQUEST, Connection, connection_of
from loglm.events import read_events

PLACE = {"ts": 1_700_000_000.5, "uid": "C1", "id.orig_h": "10.0.0.5", "id.resp_h": "93.1.2.3", "id.resp_p": 443}
CONN = {"_path": "conn", **PLACE, "proto": "tcp", "orig_bytes": 640, "resp_bytes": 410, "duration": 0.25}


def one(tmp_path: Path, record: dict[str, object] | str) -> Connection | None:
    path = tmp_path / "x.log"
    path.write_text(record if isinstance(record, str) else json.dumps(record) + "\n")
    [event] = read_events([path])
    return connection_of(event)


def test_zeek_flow_has_addresses_port_sizes_and_duration(tmp_path: Path) -> None:
    assert one(tmp_path, CONN) == Connection(
        1_700_000_000.5, "10.0.0.5", "93.1.2.3", 443, FLOW, "", "", "C1", 640.0, 410.0, 0.25
    )


def test_zeek_tls_and_http_name_the_destination_and_the_client(tmp_path: Path) -> None:
    tls = one(tmp_path, {"_path": "ssl", **PLACE, "server_name": "CDN.Example.com", "ja3": "abc"})
    assert tls is not None and (tls.kind, tls.name, tls.client) == (HANDSHAKE, "cdn.example.com", "abc")
    http = one(tmp_path, {"_path": "http", **PLACE, "host": "a.example:8080", "user_agent": "curl/8", "trans_depth": 1})
    assert http is not None and (http.kind, http.name, http.client) == (REQUEST, "a.example", "curl/8")


def test_an_address_as_http_host_is_no_name(tmp_path: Path) -> None:
    http = one(tmp_path, {"_path": "http", **PLACE, "host": "93.1.2.3", "trans_depth": 1})
    assert http is not None and (http.name, http.destination) == ("", "93.1.2.3")


@pytest.mark.parametrize(
    ("query", "domain"),
    [("a.b.example.com", "example.com"), ("x.y.example.co.uk", "example.co.uk"), ("db.local", None)],
)
def test_look_ups_go_to_the_registered_domain(tmp_path: Path, query: str, domain: str | None) -> None:
    found = one(tmp_path, {"_path": "dns", **PLACE, "id.resp_p": 53, "query": query, "qtype": 1, "qclass": 1})
    assert (found and (found.kind, found.name, found.destination)) == (domain and (LOOKUP, domain, ""))


@pytest.mark.parametrize(
    "change",
    [
        {"id.resp_h": "239.255.255.250"},
        {"id.resp_h": "ff02::1"},
        {"id.resp_h": "255.255.255.255"},
        {"id.resp_h": "127.0.0.1"},
        {"proto": "icmp"},
        {"ts": "-"},
        {"id.orig_h": "198.51.100.9", "id.resp_h": "10.0.0.5"},
        {"id.orig_h": "8.8.8.8", "local_orig": False, "local_resp": True},
        {"id.resp_p": 53},
    ],
)
def test_what_cannot_be_a_call_home_is_left_out(tmp_path: Path, change: dict[str, object]) -> None:
    assert one(tmp_path, CONN | change) is None


def test_other_sources(tmp_path: Path) -> None:
    sysmon = {
        "EventID": 3,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "UtcTime": "2024-03-01 10:00:00.123",
        "Computer": "WS1",
        "SourceIp": "10.0.0.5",
        "DestinationIp": "93.1.2.3",
        "DestinationPort": 443,
        "DestinationHostname": "c2.example",
        "Image": "C:\\x.exe",
        "Protocol": "tcp",
    }
    found = one(tmp_path, sysmon)
    assert found is not None
    assert (found.source, found.destination, found.port, found.name) == ("10.0.0.5", "93.1.2.3", 443, "c2.example")
    assert found.client == "C:\\x.exe" and isnan(found.bytes_out)
    suricata = {
        "timestamp": "2024-03-01T10:00:00.000000+0000",
        "event_type": "flow",
        "src_ip": "10.0.0.5",
        "dest_ip": "93.1.2.3",
        "dest_port": 8443,
        "proto": "TCP",
        "flow": {"bytes_toserver": 100, "bytes_toclient": 200},
    }
    found = one(tmp_path, suricata)
    assert found is not None and (found.port, found.bytes_out, found.bytes_in) == (8443, 100.0, 200.0)


def test_argus_flows_of_a_table(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,TotPkts,TotBytes,SrcBytes\n"
        "2019/04/04 16:23:00.35,1.5,tcp,10.8.0.69,48009,   ->,31.13.83.2,443,SPA,26,5723,1621\n",
    )
    assert found is not None
    assert (found.source, found.destination, found.port, found.bytes_out) == ("10.8.0.69", "31.13.83.2", 443, 1_621.0)


def test_a_log_of_other_things_has_no_connections(tmp_path: Path) -> None:
    assert (
        one(tmp_path, "Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 1 ssh2\n")
        is None
    )
