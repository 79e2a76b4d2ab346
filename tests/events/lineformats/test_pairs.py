from __future__ import annotations

from typing import Any

import pytest

from loglm.errors import SourceLocation
from loglm.events.lineformats.cef import Cef
from loglm.events.lineformats.key_value import KeyValue
from loglm.events.lineformats.leef import Leef

PLACE = SourceLocation("fw.log", 1)


def test_cef_reads_header_and_extension() -> None:
    event = Cef().parse(
        r"CEF:0|Trend Micro|Deep\|Sec|1.0|100|worm \\ stopped|10|src=10.0.0.1 dst=2.1.2.2 msg=two words\=x\nline "
        r"suser=bob rt=1633990455000 cs1=a b cs1Label=Label request=http://x/?a=b&c=d dvchost=web1",
        PLACE,
    )
    assert event is not None
    assert event.attributes == {
        "deviceVendor": "Trend Micro",
        "deviceProduct": "Deep|Sec",
        "deviceVersion": "1.0",
        "deviceEventClassId": "100",
        "name": "worm \\ stopped",
        "severity": "10",
        "src": "10.0.0.1",
        "dst": "2.1.2.2",
        "msg": "two words=x\nline",
        "suser": "bob",
        "rt": "1633990455000",
        "cs1": "a b",
        "cs1Label": "Label",
        "request": "http://x/?a=b&c=d",
        "dvchost": "web1",
    }
    assert str(event.log_source) == "trend_micro/deep_sec"
    assert (event.timestamp, event.host, event.user, event.action) == (1633990455, "web1", "bob", "worm \\ stopped")
    assert (event.source_address, event.destination_address) == ("10.0.0.1", "2.1.2.2")


@pytest.mark.parametrize(
    "prefix", ["2021-10-11T22:14:15Z web1 ", "<34>2021-10-11 22:14:15 web1 ", "[11/Oct/2021:22:14:15 +0000] web1 "]
)
def test_cef_takes_time_and_host_from_what_precedes_it(prefix: str) -> None:
    event = Cef().parse(f"{prefix}CEF:0|V|P|1|id|name|3|", PLACE)
    assert event is not None
    assert (event.timestamp, event.host) == (1633990455, "web1")


@pytest.mark.parametrize("line", ["", "CEF:", "CEF:0|a|b", "CEF:x|a|b|c|d|e|f|", "a" * 300 + "CEF:0|V|P|1|id|name|3|"])
def test_cef_refuses_other_lines(line: str) -> None:
    assert Cef().parse(line, PLACE) is None


@pytest.mark.parametrize(
    "line",
    [
        "LEEF:1.0|Micro Soft|MSExchange|4.0|15345|src=1.2.3.4\tdst=5.6.7.8\tusrName=bob\tmsg=a=b c",
        "LEEF:2.0|Micro Soft|MSExchange|4.0|15345|^|src=1.2.3.4^dst=5.6.7.8^usrName=bob^msg=a=b c",
        "LEEF:2.0|Micro Soft|MSExchange|4.0|15345|x5E|src=1.2.3.4^dst=5.6.7.8^usrName=bob^msg=a=b c",
        "LEEF:2.0|Micro Soft|MSExchange|4.0|15345||src=1.2.3.4\tdst=5.6.7.8\tusrName=bob\tmsg=a=b c",
    ],
)
def test_leef_reads_pairs_by_their_delimiter(line: str) -> None:
    event = Leef().parse(line, PLACE)
    assert event is not None
    assert event.attributes == {
        "vendor": "Micro Soft",
        "product": "MSExchange",
        "version": "4.0",
        "EventID": "15345",
        "src": "1.2.3.4",
        "dst": "5.6.7.8",
        "usrName": "bob",
        "msg": "a=b c",
    }
    assert (str(event.log_source), event.user, event.action) == ("micro_soft/msexchange", "bob", "15345")


@pytest.mark.parametrize("line", ["", "LEEF:", "LEEF:1.0|a|b", "LEEF:3.0|a|b|c|d|"])
def test_leef_refuses_other_lines(line: str) -> None:
    assert Leef().parse(line, PLACE) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'date=2019-05-10 time=11:50:48 devname="fw" devid="X" logid="1" vd="root" srcip=1.2.3.4 dstip=5.6.7.8 '
            'action="accept" user="bob"',
            {"timestamp": 1557489048.0, "user": "bob", "action": "accept", "destination_address": "5.6.7.8"},
        ),
        (
            't=2020-10-19T18:44:33+0200 lvl=eror msg="Invalid username or \\"password\\"" remote_addr=1.2.3.4',
            {"timestamp": 1603125873.0, "body": 'Invalid username or \\"password\\"'},
        ),
        ("2020-10-19 16:44:33 src=1.2.3.4, dst=5.6.7.8, act=deny", {"timestamp": 1603125873.0}),
        (
            "date=2020-10-19,time=16:44:33,src=1.2.3.4,list=a,b,action=deny",
            {"timestamp": 1603125873.0, "action": "deny"},
        ),
        ('<13> [wabaudit] action="edit" user="bob" client_ip="1.2.3.4"', {"user": "bob", "action": "edit"}),
        ("time=1603125873|src=1.2.3.4|action=Accept|rule name=x y", {"timestamp": 1603125873.0, "action": "Accept"}),
    ],
)
def test_key_value_finds_entities_by_the_names_of_keys(line: str, expected: dict[str, Any]) -> None:
    event = KeyValue().parse(line, PLACE)
    assert event is not None
    assert {name: getattr(event, name) for name in expected} == expected
    assert event.source_address == "1.2.3.4"


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("devid=X logid=1 vd=root srcip=1.2.3.4", "fortinet/fortigate/firewall"),
        ("id=firewall sn=00 fw=1.2.3.4 m=1", "sonicwall/firewall/firewall"),
        ('[action:"Accept"; ifdir:"inbound"; origin:"1.1.1.1"; src:"1.2.3.4"]', "checkpoint/firewall/firewall"),
        ('device="SFW" src_ip=1.2.3.4 log_id=1', "sophos/firewall/firewall"),
        ("src=1.2.3.4 dst=5.6.7.8 n=1", "unknown/key_value/firewall"),
        ("a=1 b=2 c=3", "unknown/key_value"),
    ],
)
def test_key_value_names_the_firewalls_that_it_knows(line: str, source: str) -> None:
    event = KeyValue().parse(line, PLACE)
    assert event is not None
    assert str(event.log_source) == source


@pytest.mark.parametrize("line", ["", "a=1 b=2", "text first a=1 b=2 c=3", "a=1 b=2 c=3 " + "then a lot of text " * 5])
def test_key_value_refuses_lines_that_are_mostly_text(line: str) -> None:
    assert KeyValue().parse(line, PLACE) is None
