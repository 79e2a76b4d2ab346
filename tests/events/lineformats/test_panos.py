from __future__ import annotations

import pytest

from loglm.errors import SourceLocation
from loglm.events.lineformats.panos import Panos
from loglm.events.reading import parse_line

TRAFFIC = (
    "1,2012/10/30 09:46:42,0160,TRAFFIC,end,1,2012/10/30 09:46:40,1.2.3.4,5.6.7.8,0.0.0.0,0.0.0.0,rule1,corp\\bob,,"
    "web-browsing,vsys1,trust,untrust,ethernet1/2,ethernet1/1,fwd,2012/10/30 09:46:42,25149,1,59309,80,0,0,0x2,tcp,"
    "allow,1024,512,512,10,2012/10/30 09:46:00,10,any"
)


@pytest.mark.parametrize(
    "prefix", ["", "<14>", "Oct 30 09:46:42 ", "<14>Oct 30 09:46:42 fw1 ", "<14>1 2012-10-30T09:46:42Z fw1 - - - - "]
)
def test_panos_reads_traffic_behind_any_header(prefix: str) -> None:
    event = parse_line(prefix + TRAFFIC, SourceLocation("pan.log", 1))
    assert str(event.log_source) == "paloalto/traffic/firewall"
    assert (event.source_address, event.destination_address, event.user) == ("1.2.3.4", "5.6.7.8", "corp\\bob")
    assert (event.action, event.timestamp, event.session) == ("allow", 1351590400, "25149")
    assert (event.attributes["dport"], event.attributes["app"], event.attributes["bytes"]) == (
        "80",
        "web-browsing",
        "1024",
    )
    assert event.host == ("fw1" if "fw1" in prefix else None)


def test_panos_reads_quoted_columns() -> None:
    line = (
        '1,2012/10/30 09:46:42,0160,SYSTEM,auth,1,2012/10/30 09:46:40,,auth-fail,obj,0,0,general,medium,"failed, bob"'
    )
    event = Panos().parse(line, SourceLocation("pan.log", 1))
    assert event is not None
    assert (str(event.log_source), event.action, event.body) == ("paloalto/system", "auth-fail", "failed, bob")


@pytest.mark.parametrize("line", ["", "a,b,c,d", "1,2012/10/30 09:46:42,0160,NOTHING,end,1"])
def test_panos_refuses_other_lines(line: str) -> None:
    assert Panos().parse(line, SourceLocation("x")) is None
