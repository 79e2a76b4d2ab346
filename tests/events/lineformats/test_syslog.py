from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.syslog_rfc3164 import SyslogRfc3164
from loglm.events.lineformats.syslog_rfc5424 import SyslogRfc5424

PLACE = SourceLocation("auth.log", 7)


def bsd(line: str) -> LogEvent:
    event = SyslogRfc3164().parse(line, PLACE)
    assert event is not None
    return event


def ietf(line: str) -> LogEvent:
    event = SyslogRfc5424().parse(line, PLACE)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("line", "host", "program", "pid", "body"),
    [
        ("Oct 11 22:14:15 web1 app[12]: did it", "web1", "app", "12", "did it"),
        ("<34>Oct 11 22:14:15 web1 app: did it", "web1", "app", None, "did it"),
        ("Oct  1 22:14:15 app[12]: did it", None, "app", "12", "did it"),
        ("Oct 11 22:14:15.123456 10.0.0.1 a/b-c.d[1]: x: y", "10.0.0.1", "a/b-c.d", "1", "x: y"),
        ("2021-10-11T22:14:15.1+02:00 web1 app[12]: did it", "web1", "app", "12", "did it"),
        ("Mar 19 23:50:03 <auth.info> web1 app[12]: did it", "web1", "app", "12", "did it"),
        ("Jul  1 09:00:55 mac com.apple.x[1] (com.apple.y[2]): gone", "mac", "com.apple.x", "1", "gone"),
        ("Jul  1 09:00:55 mac Google Chrome[9]: gone", "mac", "Google Chrome", "9", "gone"),
        ("Oct 11 22:14:15 web1 last message repeated 3 times", "web1", None, None, "last message repeated 3 times"),
        ("web1 app[12]: without a time", "web1", "app", "12", "without a time"),
        ("Oct 11 22:14:15 web1 kernel:[    0.1] boot", "web1", "kernel", None, "[    0.1] boot"),
    ],
)
def test_rfc3164_takes_the_header_apart(
    line: str, host: str | None, program: str | None, pid: str | None, body: str
) -> None:
    event = bsd(line)
    assert (event.host, event.attributes.get("program"), event.attributes.get("pid"), event.body) == (
        host,
        program,
        pid,
        body,
    )
    assert (event.raw, event.location) == (line, PLACE)


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Oct 11 2005 22:14:15", "2005-10-11T22:14:15"),
        ("2021-10-11T22:14:15+02:00", "2021-10-11T20:14:15"),
        ("Oct 11 2005 22:14:15.250", "2005-10-11T22:14:15.250000"),
    ],
)
def test_rfc3164_keeps_a_year_that_is_written(date: str, time: str) -> None:
    assert bsd(f"{date} web1 app[1]: x").time == datetime.fromisoformat(time).replace(tzinfo=UTC)


@pytest.mark.parametrize("date", ["Oct 32 22:14:15", "Foo 11 22:14:15", "Oct 11 25:14:15", "Oct 11 22:61:15"])
def test_rfc3164_keeps_a_line_whose_date_does_not_exist(date: str) -> None:
    event = bsd(f"{date} web1 app[1]: x")
    assert (event.host, event.timestamp) == ("web1", None)


@pytest.mark.parametrize(
    "line",
    [
        "2021-10-11T22:14:15Z INFO main: started",
        "2021-10-11 22:14:15 ERROR [main] foo.Bar: x",
        "no header: at all",
        "10/Oct/2000:13:55:36 web1 app: x",
    ],
)
def test_rfc3164_leaves_application_logs_to_others(line: str) -> None:
    assert SyslogRfc3164().parse(line, PLACE) is None


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("Oct 11 22:14:15 h sshd[1]: x", "linux/sshd"),
        ("Oct 11 22:14:15 h sshd(pam_unix)[1]: x", "linux/sshd"),
        ("Oct 11 22:14:15 h sudo: x", "linux/sudo"),
        ("Oct 11 22:14:15 h CRON[1]: x", "linux/cron"),
        ("Oct 11 22:14:15 h /usr/sbin/cron[1]: x", "linux/cron"),
        ("Oct 11 22:14:15 h su: x", "linux/auth"),
        ("Oct 11 22:14:15 h postfix/smtpd[1]: x", "linux/syslog"),
        ("Oct 11 22:14:15 h com.apple.xpc[1]: x", "macos/syslog"),
        ("Oct 11 22:14:15 fw %ASA-6-302013: Built", "cisco/asa/firewall"),
        ("<166>Mar 10 2021 10:00:00: %ASA-6-302013: Built", "cisco/asa/firewall"),
        ("Oct 11 22:14:15 sw 123: %SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: x] [Source: 1.2.3.4]", "cisco/ios"),
    ],
)
def test_rfc3164_names_the_log_source(line: str, source: str) -> None:
    assert str(bsd(line).log_source) == source


def test_rfc3164_reads_priority_as_facility_and_severity() -> None:
    attributes = bsd("<34>Oct 11 22:14:15 h su: x").attributes
    assert (attributes["facility"], attributes["severity"]) == (4, 2)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"event_type": "alert", "src_ip": "1.2.3.4", "dest_ip": "5.6.7.8"}', {"source_address": "1.2.3.4"}),
        ('@cee: {"src_ip": "1.2.3.4"}', {"source_address": "1.2.3.4"}),
        ("CEF:0|V|P|1|id|Logon|3|src=1.2.3.4 suser=bob", {"source_address": "1.2.3.4", "user": "bob"}),
        ("LEEF:1.0|V|P|1|id|src=1.2.3.4\tusrName=bob", {"source_address": "1.2.3.4", "user": "bob"}),
        ('type=USER_LOGIN msg=audit(1.5:3): acct="bob" addr=1.2.3.4', {"source_address": "1.2.3.4", "user": "bob"}),
        (
            '1.2.3.4 - bob [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
            {"source_address": "1.2.3.4", "user": "bob"},
        ),
        ("srcip=1.2.3.4 dstip=5.6.7.8 user=bob action=deny", {"source_address": "1.2.3.4", "user": "bob"}),
        (
            "[1.5] [UFW BLOCK] IN=eth0 OUT= MAC= SRC=1.2.3.4 DST=5.6.7.8 PROTO=TCP SPT=1 DPT=22",
            {"source_address": "1.2.3.4", "destination_address": "5.6.7.8", "action": "UFW BLOCK"},
        ),
        (
            "<Event><System><Provider Name='Linux-Sysmon'/><EventID>1</EventID>"
            "<Channel>Linux-Sysmon/Operational</Channel></System>"
            "<EventData><Data Name='Image'>/bin/id</Data></EventData></Event>",
            {"process": "/bin/id", "action": "1"},
        ),
        ("connect from 1.2.3.4", {"source_address": "1.2.3.4"}),
    ],
)
def test_rfc3164_hands_on_messages_in_other_formats(body: str, expected: dict[str, Any]) -> None:
    event = bsd(f"Oct 11 22:14:15 web1 prog[1]: {body}")
    assert {name: getattr(event, name) for name in expected} == expected
    assert event.host == "web1"
    assert event.timestamp is not None


def test_rfc5424_takes_all_parts_apart() -> None:
    event = ietf(
        "<165>1 2003-10-11T22:14:15.003Z web1 evntslog 111 ID47 "
        '[ex@32473 iut="3" a="b\\"c\\]\\\\"][two x="1"] \ufeffmessage'
    )
    assert event.attributes == {
        "facility": 20,
        "severity": 5,
        "msgid": "ID47",
        "structured_data": {"ex@32473": {"iut": "3", "a": 'b"c]\\'}, "two": {"x": "1"}},
        "hostname": "web1",
        "program": "evntslog",
        "pid": "111",
    }
    assert (event.body, event.host, event.action) == ("message", "web1", "evntslog")
    assert event.time == datetime(2003, 10, 11, 22, 14, 15, 3000, tzinfo=UTC)


def test_rfc5424_leaves_out_what_is_nil() -> None:
    event = ietf("<34>1 - - - - - -")
    assert (event.host, event.timestamp, event.body) == (None, None, "")
    assert event.attributes == {"facility": 4, "severity": 2}


def test_rfc5424_leaves_broken_structured_data_in_the_message() -> None:
    assert ietf('<34>1 2003-10-11T22:14:15Z h a 1 - [x y="1" message').body == '[x y="1" message'


def test_rfc5424_reads_ssh_messages() -> None:
    event = ietf("<38>1 2003-10-11T22:14:15Z h sshd 1 - - Accepted password for bob from 1.2.3.4 port 5 ssh2")
    assert (str(event.log_source), event.user, event.source_address) == ("linux/sshd", "bob", "1.2.3.4")


@pytest.mark.parametrize("line", ["<34>2 2003-10-11T22:14:15Z h a 1 - - x", "1 2", "<34>Oct 11 22:14:15 h a: x", ""])
def test_rfc5424_refuses_other_lines(line: str) -> None:
    assert SyslogRfc5424().parse(line, PLACE) is None
