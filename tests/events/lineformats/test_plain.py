from __future__ import annotations

import pytest

from loglm.errors import SourceLocation
from loglm.events.lineformats.addresses import addresses_in
from loglm.events.lineformats.leading_time import leading_time
from loglm.events.lineformats.plain import Plain
from loglm.events.lineformats.users import user_in

PLACE = SourceLocation("app.log", 1)
FLOW = (None, "1.2.3.4", "5.6.7.8")


@pytest.mark.parametrize(
    "time",
    [
        "2021-10-11 22:14:15",
        "2021-10-11T22:14:15Z",
        "2021-10-12T00:14:15+02:00",
        "[2021-10-11 22:14:15,000]",
        "2021/10/11 22:14:15",
        "[11/Oct/2021:22:14:15 +0000]",
        "11-Oct-2021 22:14:15.000",
        "Mon Oct 11 22:14:15 2021",
        "Oct 11, 2021 10:14:15 PM",
        "10/11/2021 22:14:15",
        "211011 221415",
        "21/10/11 22:14:15",
        "1633990455",
        "1633990455.000",
        "1633990455000",
        "- 1633990455",
        "<13>2021-10-11 22:14:15",
    ],
)
def test_leading_time_reads_many_forms(time: str) -> None:
    text = f"{time} INFO it began"
    seconds, end = leading_time(text)
    assert (seconds, text[end:]) == (1633990455.0, "INFO it began")


@pytest.mark.parametrize(
    "text", ["", "INFO x", "12 monkeys", "1.2.3.4 - -", "2021-10 x", "Octopus 11", "99999999999999999"]
)
def test_leading_time_leaves_other_beginnings(text: str) -> None:
    assert leading_time(text) == (None, 0)


@pytest.mark.parametrize(
    ("text", "source", "destination"),
    [
        ("Failed for x from 1.2.3.4 port 22", "1.2.3.4", None),
        ("to 5.6.7.8 from 1.2.3.4", "1.2.3.4", "5.6.7.8"),
        ("Receiving block src: /1.2.3.4:54106 dest: /5.6.7.8:50010", "1.2.3.4", "5.6.7.8"),
        ("drop 1.2.3.4 -> 5.6.7.8", "1.2.3.4", "5.6.7.8"),
        ("Login failed from IP `2001:db8::b6d3`", "2001:db8::b6d3", None),
        ("remote_addr=1.2.3.4 version 1.2.3.4-5", "1.2.3.4", None),
        ("::ffff:1.2.3.4 connected", "1.2.3.4", None),
        ("mac aa:bb:cc:dd:ee:ff at 12:34:56", None, None),
        ("version 999.1.2.3 of 1.2.3", None, None),
    ],
)
def test_addresses_in_tells_initiator_from_destination(text: str, source: str | None, destination: str | None) -> None:
    assert addresses_in(text) == (source, destination)


def test_plain_finds_time_level_and_address() -> None:
    event = Plain().parse("2021-10-11 22:14:15 [main] WARN auth - denied for client 1.2.3.4", PLACE)
    assert (event.timestamp, event.action, event.source_address) == (1633990455.0, "WARN", "1.2.3.4")
    assert event.body == "[main] WARN auth - denied for client 1.2.3.4"
    assert str(event.log_source) == "unknown/text"


@pytest.mark.parametrize(
    "line",
    [
        "nova-api.log.1 2021-10-11 22:14:15.000 25746 INFO nova",
        "(W) 2021-10-11T22:14:15 - WebAPI login failure",
        "12.3 [11/Oct/2021 22:14:15] admin",
        "web,443,[11/Oct/2021:22:14:15 +0000],200",
    ],
)
def test_plain_finds_a_time_that_stands_later(line: str) -> None:
    event = Plain().parse(line, PLACE)
    assert (event.timestamp, event.body) == (1633990455.0, line)


def test_plain_knows_cisco_and_the_packet_filter() -> None:
    cisco = Plain().parse("%ASA-6-605004: Login denied from 1.2.3.4/56332 to outside:5.6.7.8/ssh for user bob", PLACE)
    assert (str(cisco.log_source), cisco.action, cisco.user) == ("cisco/asa/firewall", "ASA-605004", "bob")
    packet = Plain().parse("DROP IN=eth0 OUT=eth1 SRC=1.2.3.4 DST=5.6.7.8 PROTO=UDP", PLACE)
    assert (str(packet.log_source), packet.action) == ("linux/netfilter/firewall", "DROP")


def test_plain_takes_a_line_of_nothing_known() -> None:
    event = Plain().parse("hello", PLACE)
    assert (event.raw, event.body, event.timestamp, event.attributes) == ("hello", "hello", None, {})


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("login failed user=bob ip=1", "bob"),
        ('denied, username: "bob@example.com"', "bob@example.com"),
        ("Login failed for user `bob` from x", "bob"),
        ("rejected for user bob.", "bob"),
        ("for invalid user CORP\\bob port 2", "CORP\\bob"),
        ("user account is locked", None),
        ("user=- x", None),
        ("the userland is large", None),
        ("nothing", None),
    ],
)
def test_user_in_finds_named_accounts_only(text: str, user: str | None) -> None:
    assert user_in(text) == user


@pytest.mark.parametrize(
    ("line", "host", "source", "destination"),
    [
        (
            "%ASA-6-302013: Built inbound TCP connection 1 for out:1.2.3.4/5 (1.2.3.4/5) to in:5.6.7.8/2 (5.6.7.8/2)",
            *FLOW,
        ),
        ("%ASA-6-302013: Built outbound TCP connection 1 for out:5.6.7.8/80 (9.9.9.9/80) to in:1.2.3.4/5 (1/5)", *FLOW),
        ("%ASA-4-106023: Deny tcp src out:1.2.3.4/5 dst in:5.6.7.8/2 by access-group", *FLOW),
        (
            "%ASA-session-5-106100: access-list x permitted tcp inside/1.2.3.4(22) -> outside/5.6.7.8(20) hit-cnt 1",
            *FLOW,
        ),
        (
            "SW1: Mar 6 2023 08:04:45.866 CET: %SEC-6-IPACCESSLOGP: list x denied tcp 1.2.3.4(5) -> 5.6.7.8(2)",
            "SW1",
            *FLOW[1:],
        ),
    ],
)
def test_plain_reads_the_peers_of_cisco_messages(line: str, host: str | None, source: str, destination: str) -> None:
    event = Plain().parse(line, PLACE)
    assert (event.host, event.source_address, event.destination_address) == (host, source, destination)
