"""What the mappers are made of: field access, guessing, envelopes, hints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from growth import assert_linear
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers import map_record
from loglm.events.mappers.fields import first, has_keys, log_source, text_of
from loglm.events.mappers.generic import address_of
from loglm.events.mappers.hints import source_of_hint

AT = SourceLocation("log", 1)
ISO = "2021-02-03T04:05:06Z"
FEB_3 = 1612325106.0


def mapped(record: dict[str, Any]) -> LogEvent:
    return map_record(record, json.dumps(record), AT)


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ({"a": {"b": 1}}, 1),
        ({"a": [{"b": 2}, {"b": 3}]}, 2),
        ({"a": '{"b": 4}'}, 4),
        ({"a": '[{"b": 5}]'}, 5),
        ({"a": {"b": ""}, "c": 6}, 6),
        ({"a": {"b": "-"}, "c": 7}, 7),
        ({"a": "text", "c": 8}, 8),
        ({"a": "{broken", "c": 9}, 9),
        ({"a": [], "c": 10}, 10),
        ({"a": None}, None),
        ({}, None),
    ],
)
def test_first_takes_the_first_value_that_is_set(record: dict[str, Any], value: object) -> None:
    assert first("a/b", "c")(record) == value


def test_first_takes_keys_with_slashes_from_tuples() -> None:
    assert first(("a", "http://x/y"), "b/c")({"a": {"http://x/y": "upn"}}) == "upn"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((" ann ", "ann"), ("", None), ("-", None), ("N/A", None), ("(null)", None), (12, "12"), (True, None)),
        *(
            (["ann", "bob"], "ann"),
            ([], None),
            ([["ann"]], None),
            ({"a": 1}, None),
            (None, None),
            ("x" * 900, "x" * 512),
        ),
    ],
)
def test_text_of_gives_names_only(value: object, text: str | None) -> None:
    assert text_of(value) == text


def test_has_keys_combines_its_conditions() -> None:
    test = has_keys("a", any_of=("b", "c"), none_of=("d",))
    assert test({"a": 1, "c": 2})
    assert not any(test(record) for record in ({"a": 1}, {"b": 1}, {"a": 1, "b": 1, "d": 1}))


def test_log_source_is_shared_and_bounded() -> None:
    assert log_source("a", "b") is log_source("a", "b")
    assert len(log_source("a" * 999, "b" * 999).service) == 64


@pytest.mark.parametrize(
    ("value", "address"),
    [
        *(("192.0.2.7", "192.0.2.7"), ("192.0.2.7:443", "192.0.2.7"), ("2001:db8::1", "2001:db8::1")),
        *(
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("fe80::1%eth0", "fe80::1%eth0"),
            ("web1.corp.example", "web1.corp.example"),
        ),
        *(("two words", None), ("12", None), (None, None), ({"ip": 1}, None)),
    ],
)
def test_address_of_drops_ports_and_refuses_text(value: object, address: str | None) -> None:
    assert address_of(value) == address


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"ts": FEB_3, "client_ip": "192.0.2.7", "msg": "a"},
            {"timestamp": FEB_3, "source_address": "192.0.2.7", "body": "a"},
        ),
        ({"request": {"remote_ip": "192.0.2.7", "host": "h"}}, {"source_address": "192.0.2.7"}),
        ({"remote": "10.0.0.1:52702"}, {"source_address": "10.0.0.1"}),
        ({"client": "python"}, {"source_address": None}),
        ({"actor": {"email": "a@b.example", "name": "A"}, "ip": "192.0.2.7"}, {"user": "a@b.example"}),
        ({"device": {"hostname": "pc1"}}, {"host": "pc1"}),
        ({"date": "2021-02-03", "time": "04:05:06"}, {"timestamp": FEB_3}),
        ({"time": 35, "created_at": ISO}, {"timestamp": FEB_3}),
        ({"instant": {"epochSecond": int(FEB_3), "nanoOfSecond": 0}}, {"timestamp": FEB_3}),
        ({"vectra_timestamp": "1612325106"}, {"timestamp": FEB_3}),
        (
            {"dst_ip": "10.0.0.2", "session_id": "s1", "process_name": "sh"},
            {"destination_address": "10.0.0.2", "session": "s1", "process": "sh"},
        ),
        ({"event_type": "login", "action": "deny", "name": "n"}, {"action": "deny"}),
        ({"event_type": "x" * 200}, {"action": None}),
        ({"user": "{'type': 'AWSAccount'}"}, {"user": None}),
        ({"a": {"b": {"c": {"d": {"user_name": "deep"}}}}}, {"user": None}),
    ],
)
def test_generic_mapper_guesses_from_names(record: dict[str, Any], expected: dict[str, Any]) -> None:
    event = mapped(record)
    assert {name: getattr(event, name) for name in expected} == expected


def test_generic_mapper_prefers_names_near_the_top() -> None:
    assert mapped({"inner": {"username": "deep"}, "user": "top"}).user == "top"


def test_generic_mapper_takes_linear_time_on_huge_records() -> None:
    def record(size: int) -> dict[str, Any]:
        return {f"key{n}": {f"inner{m}": {"user_name": m} for m in range(20)} for n in range(size)}

    assert_linear(lambda record: map_record(record, "{}", AT), record, 20_000)


INNER = {"eventVersion": "1.08", "eventName": "GetUser", "eventSource": "iam.amazonaws.com", "eventTime": ISO}
SYSLOG = "Feb  3 04:05:06 web1 sshd[12]: Accepted publickey for root from 192.0.2.7 port 22 ssh2"


@pytest.mark.parametrize(
    "wrapped",
    [
        {"_index": "logs", "_id": "1", "_score": 1, "_source": INNER},
        {"preview": False, "result": INNER},
        {"time": FEB_3, "host": "h", "sourcetype": "aws:cloudtrail", "event": INNER},
        {"time": FEB_3, "host": "h", "sourcetype": "aws:cloudtrail", "event": json.dumps(INNER)},
        {"_raw": json.dumps(INNER), "_time": ISO, "host": "h", "index": "main"},
        {"preview": False, "result": {"_raw": json.dumps(INNER), "_time": ISO}},
        {"_event_time": ISO, "_ingest_time": ISO, "data": INNER, "_meta": {"source": "aws"}},
        {"log_type": "AWS.CloudTrail", "rule_id": "r", "techniques": ["T1078"], "log": INNER},
        {
            "version": "0",
            "detail-type": "AWS API Call via CloudTrail",
            "source": "aws.iam",
            "time": ISO,
            "detail": INNER,
        },
        {
            "EventId": "1",
            "EventName": "GetUser",
            "EventTime": ISO,
            "EventSource": "iam",
            "CloudTrailEvent": json.dumps(INNER),
        },
        {"log": json.dumps(INNER) + "\n", "stream": "stdout", "time": ISO},
        {"@timestamp": ISO, "message": json.dumps(INNER), "agent": {"hostname": "h"}, "tags": ["a"]},
        {"id": "1", "timestamp": 1612325106000, "message": json.dumps(INNER)},
        {"@timestamp": ISO, "json": INNER, "tags": []},
    ],
)
def test_map_record_takes_off_what_shippers_put_around_a_record(wrapped: dict[str, Any]) -> None:
    event = mapped(wrapped)
    assert (str(event.log_source), event.action, event.timestamp) == ("aws/cloudtrail", "GetUser", FEB_3)
    assert event.attributes == INNER
    assert json.loads(event.raw) == wrapped


@pytest.mark.parametrize(
    "wrapped",
    [
        {"log": SYSLOG + "\n", "stream": "stderr", "time": ISO},
        {"_raw": SYSLOG, "_time": ISO, "sourcetype": "linux_secure"},
        {"@timestamp": ISO, "message": SYSLOG, "host": {"name": "h"}, "input": {"type": "log"}},
        {"event": {"original": SYSLOG}, "tags": ["preserve_original_event"]},
    ],
)
def test_map_record_reads_lines_of_known_formats_inside_records(wrapped: dict[str, Any]) -> None:
    event = mapped(wrapped)
    assert (event.log_source.product, event.host, event.process) == ("linux", "web1", "sshd")
    assert json.loads(event.raw) == wrapped


@pytest.mark.parametrize(
    ("record", "source", "body"),
    [
        ({"log": "just text\n", "stream": "stdout", "time": ISO}, "docker/container", "just text\n"),
        ({"_raw": "just text", "_time": ISO, "sourcetype": "acme:app"}, "acme/app", "just text"),
        ({"timestamp": ISO, "severity": "INFO", "message": "just text"}, "unknown/json", "just text"),
    ],
)
def test_map_record_keeps_the_record_around_plain_text(record: dict[str, Any], source: str, body: str) -> None:
    event = mapped(record)
    assert (str(event.log_source), event.body, event.timestamp, event.attributes) == (source, body, FEB_3, record)


def test_map_record_takes_time_and_host_of_an_envelope_for_a_record_that_has_none() -> None:
    event = mapped({"time": FEB_3, "host": "web1", "sourcetype": "acme:app", "event": {"user": "ann"}})
    assert (event.timestamp, event.host, str(event.log_source)) == (FEB_3, "web1", "acme/app")


def test_map_record_prefers_the_record_to_its_envelope() -> None:
    event = mapped({"time": 1, "host": "outer", "sourcetype": "x", "event": {"time": ISO, "hostname": "inner"}})
    assert (event.timestamp, event.host) == (FEB_3, "inner")


def test_map_record_opens_a_bounded_number_of_envelopes() -> None:
    record: dict[str, Any] = {"a": 1}
    for _ in range(100):
        record = {"_index": "i", "_source": record}
    assert "_source" in mapped(record).attributes


@pytest.mark.parametrize(
    ("wrapped", "source", "action"),
    [
        (
            {"category": "kube-audit", "operationName": "x", "resourceId": "/S", "time": ISO,
             "properties": {"log": '{"auditID": "1", "verb": "list", "objectRef": {"resource": "secrets"}}'}},
            "kubernetes/audit/application",
            "list secrets",
        ),
        (
            {"category": "AdvancedHunting-DeviceEvents", "operationName": "Publish", "time": ISO,
             "_TimeReceivedBySvc": ISO,
             "properties": {"ActionType": "UsbDriveMounted", "DeviceName": "pc1"}},
            "m365/defender",
            "UsbDriveMounted",
        ),
        (
            {"SyslogMessage": "type=EXECVE msg=audit(1612325106.000:12): argc=1 a0=\"id\"", "EventTime": ISO},
            "linux/auditd",
            "EXECVE",
        ),
        (
            {"SyslogMessage": '<Event><System><Provider Name="Linux-Sysmon"/><EventID>5</EventID>'
             "<Channel>Linux-Sysmon/Operational</Channel></System><EventData/></Event>", "EventTime": ISO},
            "linux/sysmon/process_termination",
            "5",
        ),
    ],
)  # fmt: skip
def test_map_record_opens_tables_and_exports_of_azure(wrapped: dict[str, Any], source: str, action: str) -> None:
    event = mapped(wrapped)
    assert (str(event.log_source), event.action, event.timestamp) == (source, action, FEB_3)


def test_map_record_tells_windows_events_in_raw_text_from_other_lines_with_the_same_keys() -> None:
    xml = (
        '<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event"><System>'
        '<Provider Name="Microsoft-Windows-Sysmon"/>'
        "<EventID>1</EventID><Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>pc1</Computer></System>"
        "<EventData/></Event>"
    )
    first_event = mapped({"_raw": SYSLOG, "_time": ISO})
    windows = mapped({"_raw": xml, "_time": ISO})
    again = mapped({"_raw": SYSLOG, "_time": ISO})
    assert [event.log_source.product for event in (first_event, windows, again)] == ["linux", "windows", "linux"]


@pytest.mark.parametrize(
    ("hint", "source"),
    [
        ("AWS.VPCFlow", "aws/vpcflow/flow"),
        ("linux_secure", "linux/auth"),
        ("cisco:asa", "cisco/asa/firewall"),
        ("WinEventLog:Security", "windows/security"),
        ("Microsoft365.Audit.Exchange", "m365/audit.exchange"),
        ("acme", "acme"),
        ("", "unknown"),
        ("x" * 1000, "x" * 64),
    ],
)
def test_source_of_hint_reads_sourcetypes_and_schemas(hint: str, source: str) -> None:
    assert str(source_of_hint(hint)) == source
