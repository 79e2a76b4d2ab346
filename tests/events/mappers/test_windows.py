"""WindowsMapper: one event, whatever shape it comes in."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import windows_samples as samples
import windows_shapes as shapes
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.windows import WindowsMapper
from loglm.events.mappers.windows_xml import parse_event_xml

MAPPER = WindowsMapper()
WHERE = SourceLocation("x", 1)
CORE = ("EventID", "Channel", "Provider_Name", "Computer")


def event_of(record: dict[str, Any]) -> LogEvent:
    return MAPPER.to_event(copy.deepcopy(record), "raw", WHERE)


STRUCTURED = [
    shapes.as_separate_attributes,
    shapes.as_named_list,
    shapes.as_xmltodict,
    shapes.as_velociraptor,
    shapes.as_winlogbeat,
    shapes.as_dotted_winlogbeat,
    shapes.as_old_winlogbeat,
    shapes.as_splunk_json,
    shapes.as_azure_diagnostics,
]
FLAT = [
    shapes.as_nxlog,
    shapes.as_logstash,
    shapes.as_security_event,
    shapes.as_windows_event,
    shapes.as_evtxecmd,
]


@pytest.mark.parametrize("shape", STRUCTURED)
@pytest.mark.parametrize("name", samples.ALL)
def test_structured_shape_gives_the_attributes_of_evtx(name: str, shape: Callable[..., Any]) -> None:
    tree = samples.ALL[name]
    assert event_of(shape(tree)).attributes == event_of(tree).attributes


FLAT_CASES = [(name, shape) for name in samples.NAMED for shape in FLAT]
FLAT_CASES.remove(("service", shapes.as_nxlog))  # nxlog overwrites AccountName; see the test with its message


@pytest.mark.parametrize(("name", "shape"), FLAT_CASES)
def test_flat_shape_gives_the_attributes_of_evtx(name: str, shape: Callable[..., Any]) -> None:
    tree = samples.NAMED[name]
    assert event_of(shape(tree)).attributes == event_of(tree).attributes


@pytest.mark.parametrize("name", samples.ALL)
def test_xml_gives_the_attributes_of_evtx(name: str) -> None:
    tree = samples.ALL[name]
    assert event_of(parse_event_xml(shapes.as_xml(tree))).attributes == event_of(tree).attributes


@pytest.mark.parametrize("shape", [*STRUCTURED, *FLAT])
def test_shape_is_matched(shape: Callable[..., Any]) -> None:
    assert MAPPER.matches(shape(samples.PROCESS))


@pytest.mark.parametrize("shape", [*STRUCTURED, *FLAT])
def test_shape_gives_the_same_event(shape: Callable[..., Any]) -> None:
    event, expected = event_of(shape(samples.PROCESS)), event_of(samples.PROCESS)
    assert event.timestamp == pytest.approx(expected.timestamp, abs=1e-5)
    for field in ("log_source", "action", "host", "user", "process", "session", "body", "raw", "location"):
        assert getattr(event, field) == getattr(expected, field), field


def test_evtx_process_creation_is_mapped() -> None:
    event = event_of(samples.PROCESS)
    assert event.attributes == {
        "EventID": 4688,
        "Channel": "Security",
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "Computer": "ws1.example.org",
        **samples.PROCESS["Event"]["EventData"],
    }
    assert (event.action, event.host, str(event.log_source)) == (
        "4688",
        "ws1.example.org",
        "windows/security/process_creation",
    )
    assert (event.user, event.process, event.session) == (
        "EXAMPLE\\alice",
        "C:\\Windows\\System32\\cmd.exe",
        "0x10fac2",
    )
    assert event.timestamp == 1714979289.123456


def test_evtx_logon_has_the_target_as_user() -> None:
    event = event_of(samples.LOGON)
    assert (event.user, event.session, event.source_address) == ("EXAMPLE\\alice", "0x10fac2", "10.0.0.5")
    assert event.process is None


def test_sysmon_connection_has_both_addresses() -> None:
    event = event_of(samples.SYSMON_CONNECTION)
    assert (event.source_address, event.destination_address) == ("172.18.39.5", "172.18.39.102")
    assert (event.user, event.process) == ("NT AUTHORITY\\NETWORK SERVICE", "C:\\Windows\\System32\\svchost.exe")
    assert event.attributes["Initiated"] == "true"
    assert event.attributes["DestinationPort"] == "5985"


def test_sysmon_key_event_says_what_changed() -> None:
    assert str(event_of(samples.SYSMON_KEY).log_source) == "windows/sysmon/registry_delete"


def test_userdata_gives_its_leaves() -> None:
    event = event_of(samples.CLEARED)
    assert event.attributes["SubjectUserName"] == "Administrator"
    assert event.user == "WS1\\Administrator"
    assert not any("xmlns" in name for name in event.attributes)


def test_userdata_field_named_like_the_system_part_gets_a_prefix() -> None:
    tree = copy.deepcopy(samples.CLEARED)
    tree["Event"]["UserData"]["LogFileCleared"]["Channel"] = "System"
    assert event_of(tree).attributes["EventData_Channel"] == "System"
    assert event_of(tree).attributes["Channel"] == "Security"


def test_values_have_one_spelling() -> None:
    attributes = event_of(samples.LOGON).attributes
    assert attributes["TargetLogonId"] == "0x10fac2"
    assert attributes["LogonGuid"] == "{5fdb15ee-2283-f23c-e23b-5e5ddb11bb9c}"
    assert attributes["LogonProcessName"] == "NtLmSsp"
    assert attributes["LogonType"] == "3"
    assert attributes["ProcessName"] == "-"
    assert "TargetOutboundUserName" not in attributes


def test_binary_and_empty_values_are_left_out() -> None:
    assert set(event_of(samples.STATE).attributes) == {*CORE, "param1", "param2"}
    assert "RuleName" not in event_of(samples.SYSMON_PROCESS).attributes


def test_script_block_is_kept_whole() -> None:
    event = event_of(samples.SCRIPT)
    assert event.attributes["ScriptBlockText"].endswith("DownloadString('http://10.0.0.9/a')\nWrite-Host x")
    assert str(event.log_source) == "windows/powershell/ps_script"
    assert event.user == "NT AUTHORITY\\SYSTEM"


def test_module_event_has_the_fields_of_its_context() -> None:
    event = event_of(samples.MODULE)
    assert event.attributes["HostApplication"].endswith("powershell.exe -nop -w hidden")
    assert event.attributes["ContextInfo"].startswith("Severity = Informational\nHost Name = ConsoleHost")
    assert event.attributes["HostId"] == "{cc12ff5d-35d0-494b-b5cf-68b53f233298}"
    assert (event.user, event.process) == (
        "EXAMPLE\\alice",
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
    )


def test_classic_event_has_the_fields_of_its_blob() -> None:
    event = event_of(samples.CLASSIC)
    assert event.attributes["Data"].startswith("Available\nNone\nNewEngineState=Available\nPreviousEngineState=None\n")
    assert event.attributes["EngineVersion"] == "5.1.17763.1"
    assert event.process == "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
    assert str(event.log_source) == "windows/powershell-classic/ps_classic_start"


def test_sysmon_fields_moved_to_ecs_come_back() -> None:
    record = shapes.as_winlogbeat(samples.SYSMON_PROCESS)
    data = record["winlog"]["event_data"]
    record["process"] = {
        "executable": data.pop("Image"),
        "pid": int(data.pop("ProcessId")),
        "entity_id": data.pop("ProcessGuid"),
        "command_line": data.pop("CommandLine"),
        "parent": {"executable": data.pop("ParentImage")},
    }
    domain, _, name = data.pop("User").partition("\\")
    record["user"] = {"domain": domain, "name": name}
    assert event_of(record).attributes == event_of(samples.SYSMON_PROCESS).attributes


NXLOG_LINES = {
    # real events of nxlog's plain JSON output, cut: ProcessID and EventType are nxlog's own
    "sysmon-1": rb'{"EventTime":"2020-08-01 05:46:46","Hostname":"win-dc.attackrange.local","Keywords":-9223372036854775808,"EventType":"INFO","SeverityValue":2,"Severity":"INFO","EventID":1,"SourceName":"Microsoft-Windows-Sysmon","ProviderGuid":"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}","Version":5,"Task":1,"OpcodeValue":0,"RecordNumber":1075,"ProcessID":2740,"ThreadID":3440,"Channel":"Microsoft-Windows-Sysmon/Operational","Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":"Process Create:\r\nRuleName: \r\nUtcTime: 2020-08-01 05:46:35.164\r\nProcessGuid: {A837DB8D-01BB-5F25-0000-00100E6D0200}\r\nProcessId: 2968\r\nImage: C:\\Windows\\servicing\\TrustedInstaller.exe\r\nUser: NT AUTHORITY\\SYSTEM\r\nLogonId: 0x3E7","Category":"Process Create (rule: ProcessCreate)","Opcode":"Info","UtcTime":"2020-08-01 05:46:35.164","ProcessGuid":"{A837DB8D-01BB-5F25-0000-00100E6D0200}","Image":"C:\\Windows\\servicing\\TrustedInstaller.exe","User":"NT AUTHORITY\\SYSTEM","LogonId":"0x3e7","EventReceivedTime":"2020-08-01 05:46:47","SourceModuleName":"eventlog","SourceModuleType":"im_msvistalog"}',  # noqa: E501
    "sysmon-12": rb'{"EventTime":"2020-08-01 05:50:40","Hostname":"win-dc.attackrange.local","EventType":"INFO","SeverityValue":2,"Severity":"INFO","EventID":12,"SourceName":"Microsoft-Windows-Sysmon","Version":2,"Task":12,"OpcodeValue":0,"RecordNumber":4024,"ProcessID":2740,"ThreadID":3440,"Channel":"Microsoft-Windows-Sysmon/Operational","Domain":"NT AUTHORITY","AccountName":"SYSTEM","UserID":"S-1-5-18","AccountType":"User","Message":"Registry object added or deleted:\r\nRuleName: -\r\nEventType: DeleteValue\r\nUtcTime: 2020-08-01 05:50:40.710\r\nProcessGuid: {A837DB8D-02A5-5F25-0000-001050FE0500}\r\nProcessId: 4532\r\nImage: C:\\Windows\\WMIADAP.EXE\r\nTargetObject: HKLM\\System\\First Counter","Category":"Registry object added or deleted (rule: RegistryEvent)","Opcode":"Info","RuleName":"-","UtcTime":"2020-08-01 05:50:40.710","ProcessGuid":"{A837DB8D-02A5-5F25-0000-001050FE0500}","Image":"C:\\Windows\\WMIADAP.EXE","TargetObject":"HKLM\\System\\First Counter","EventReceivedTime":"2020-08-01 05:50:42","SourceModuleName":"eventlog","SourceModuleType":"im_msvistalog"}',  # noqa: E501
}


def test_nxlog_fields_lost_to_its_own_come_back_from_the_message() -> None:
    event = event_of(orjson.loads(NXLOG_LINES["sysmon-1"]))
    assert event.attributes == {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Provider_Name": "Microsoft-Windows-Sysmon",
        "Computer": "win-dc.attackrange.local",
        "UtcTime": "2020-08-01 05:46:35.164",
        "ProcessGuid": "{a837db8d-01bb-5f25-0000-00100e6d0200}",
        "ProcessId": "2968",
        "Image": "C:\\Windows\\servicing\\TrustedInstaller.exe",
        "User": "NT AUTHORITY\\SYSTEM",
        "LogonId": "0x3e7",
    }
    assert event.timestamp == 1596260795.164  # UtcTime; EventTime has no zone


def test_nxlog_event_type_of_sysmon_comes_back_from_the_message() -> None:
    event = event_of(orjson.loads(NXLOG_LINES["sysmon-12"]))
    assert (event.attributes["EventType"], event.attributes["ProcessId"]) == ("DeleteValue", "4532")
    assert event.log_source.category == "registry_delete"


def test_nxlog_service_account_comes_back_from_the_message() -> None:
    record = shapes.as_nxlog(samples.SERVICE) | {
        "AccountName": "alice",
        "Domain": "EXAMPLE",
        "Message": "A service was installed.\r\n\r\nService Name:  updater\r\nService Account:  LocalSystem",
    }
    event = event_of(record)
    assert event.attributes == event_of(samples.SERVICE).attributes
    assert event.user == "EXAMPLE\\alice"


def test_connection_process_id_has_the_name_of_evtx() -> None:
    record = shapes.as_logstash(samples.CONNECTION)
    record["ProcessId"] = record.pop("ProcessID")
    assert event_of(record).attributes == event_of(samples.CONNECTION).attributes


def test_flat_values_with_escapes_of_xml_are_undone() -> None:
    record = shapes.as_logstash(samples.PROCESS)
    record["CommandLine"] = "cmd.exe /c echo &quot;a &amp; b&quot; &gt; c:\\x.txt"
    assert event_of(record).attributes["CommandLine"] == samples.PROCESS["Event"]["EventData"]["CommandLine"]


def test_message_without_data_is_the_body() -> None:
    record = {
        "EventID": 102,
        "Channel": "Application",
        "SourceName": "ESENT",
        "Hostname": "dc1",
        "@timestamp": "2023-07-19T09:03:40.710Z",
        "Message": "NTDS (600,P,98) NTDSA: The database engine started.",
    }
    event = event_of(record)
    assert event.body == record["Message"]
    assert set(event.attributes) == set(CORE)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"TimeCreated": "2023-07-19T09:03:40.710Z", "EventTime": "2001-01-01 00:00:00"}, 1689757420.710),
        ({"TimeCreated": "2020-10-18 10:56:18.799"}, 1603018578.799),
        ({"@timestamp": "2020-06-10T02:50:56.537Z", "EventTime": "2020-06-09 22:50:54"}, 1591757456.537),
        ({"TimeCreated": "/Date(1603018578799)/"}, 1603018578.799),
        ({"EventTime": "nonsense"}, None),
    ],
)
def test_timestamp_of_flat_shapes(record: dict[str, Any], expected: float | None) -> None:
    assert event_of({"EventID": 1, "Channel": "System", **record}).timestamp == expected


@pytest.mark.parametrize(
    "record",
    [
        {"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com"},
        {"Event": "login"},
        {"event": {"original": "plain text"}},
        {"EventId": 7, "message": "an application's own"},
        {"_raw": "Jan  1 00:00:00 host sshd[1]: x", "sourcetype": "linux_secure"},
        {"properties": {"userPrincipalName": "a@b"}, "category": "SignInLogs"},
        {},
    ],
)
def test_other_records_are_not_matched(record: dict[str, Any]) -> None:
    assert not MAPPER.matches(record)


@pytest.mark.parametrize(
    "record",
    [
        {"Event": {"System": {}, "EventData": "text"}},
        {"Event": {"System": {"EventID": {"#text": "x"}, "Provider": "p", "TimeCreated": 5, "Channel": 3}}},
        {"Event": {"System": {"EventID": -1}, "EventData": [[1], {"Name": 5}, None]}},
        {"System": {"EventID": True}, "UserData": {"a": {"b": {"c": None}}}},
        {"winlog": {"event_id": None, "event_data": "text", "user": []}, "event": "text"},
        {"winlog.event_data": 5, "winlog.event_data.Image": "x", "winlog.channel": "Security"},
        {"event_id": 1, "log_name": {}, "source_name": None, "event_data": 7},
        {"EventID": "abc", "Channel": None, "Message": {"a": 1}, "EventData": "<broken"},
        {"EventID": 4104, "Channel": "Security", "EventData": "{broken", "Payload": "{", "ChunkNumber": 1},
        {"EventID": 1e400, "Channel": "x" * 10_000},
        {"_raw": "<Event>broken", "EventCode": 1},
        {"_raw": "01/14/2021 11:41:39 PM\nEventCode=x\nMessage", "LogName": 1},
        {"properties": {"RawXml": "<Event><System/></Event>"}},
    ],
)
def test_odd_records_give_an_event(record: dict[str, Any]) -> None:
    event = event_of(record)
    assert event.log_source.product == "windows"
    assert event.user is None
    orjson.dumps(event.attributes)


NAMES = """
    Event System EventData UserData RenderingInfo Message Data Name text #text #attributes EventID Channel Provider
    TimeCreated SystemTime Computer Security UserID winlog winlog.channel winlog.event_data.Image event event.code
    event_data user_data user identifier name event_id log_name source_name provider_guid Hostname SourceName EventType
    EventCode LogName Type AccountType Domain AccountName ProcessId ProcessID SeverityValue Severity Payload ChunkNumber
    ContextInfo InsertionStrings _raw properties RawXml original process User TargetUserName IpAddress @timestamp
""".split()
NUMBERS = st.integers() | st.floats() | st.sampled_from([1, 3, 12, 400, 1102, 4103, 4104, 4624, 4688, 5156, 7045])
TEXTS = st.text() | st.sampled_from(
    [
        "Security",
        "Windows PowerShell",
        "System",
        "Microsoft-Windows-Sysmon/Operational",
        "S-1-5-18",
        "<Event>",
        "<a/>",
        "{}",
        "-",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=30,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12))
def test_any_record_gives_an_event_with_text_attributes(record: dict[str, Any]) -> None:
    MAPPER.matches(record)
    event = event_of(record)
    assert all(isinstance(value, str) and value for name, value in event.attributes.items() if name != "EventID")
    assert isinstance(event.attributes.get("EventID", 0), int)
    for value in (
        event.user,
        event.process,
        event.session,
        event.source_address,
        event.destination_address,
        event.host,
    ):
        assert value is None or value


def test_deeply_nested_userdata_is_cut() -> None:
    value: dict[str, Any] = {"leaf": "x"}
    for _ in range(100):
        value = {"inner": value}
    tree = copy.deepcopy(samples.CLEARED)
    tree["Event"]["UserData"] = value
    assert set(event_of(tree).attributes) >= set(CORE)


def _real_lines(path: Path, count: int, step: int) -> list[dict[str, Any]]:
    with path.open("rb") as stream:
        data = zstandard.ZstdDecompressor().stream_reader(stream).read()
    lines = [line for line in data.split(b"\n") if line.startswith(b"{") and line.endswith(b"}")]
    return [orjson.loads(line) for line in lines[: count * step : step]]


def test_real_winlogbeat_events_equal_their_xml(shared_data: Path) -> None:
    folder = shared_data / "logs/corpus/elastic_integrations/windows"
    compared = 0
    for record in _real_lines(folder / "forwarded.log.zst", 400, 1):
        original = record.get("event", {}).get("original", "")
        if original.startswith("<Event") and original.count("<Event ") == 1:
            assert event_of(record).attributes == event_of(parse_event_xml(original)).attributes
            compared += 1
    assert compared > 100


@pytest.mark.parametrize(
    "path",
    [
        "attack/splunk-attack-data/T1027/attack_data.txt.zst",
        "attack/security-datasets/atomic/windows/collection/host/msf_record_mic_2020-06-09225055.json.zst",
        "attack/security-datasets/atomic/windows/credential_access/host/cmd_dumping_ntds_dit_file_ntdsutil.json.zst",
        "attack/security-datasets/atomic/windows/defense_evasion/host/empire_enable_rdp_2019-05-18203650.json.zst",
    ],
)
def test_real_events_have_no_fields_of_their_shippers(shared_data: Path, path: str) -> None:
    names: set[str] = set()
    for record in _real_lines(shared_data / path, 300, 7):
        assert MAPPER.matches(record)
        event = event_of(record)
        assert event.timestamp is not None
        assert event.host
        names |= set(event.attributes) - set(CORE)
    shippers = "Keywords Task Opcode ThreadID RecordNumber ProviderGuid ActivityID Message EventReceivedTime Level"
    shippers += " SourceModuleName @version host port tags AccountType UserID SeverityValue type beat"
    assert not names & set(shippers.split())


def test_real_xp_rules_events_have_the_keys_of_evtx(shared_data: Path) -> None:
    records = _real_lines(shared_data / "attack/open-xp-rules/normalization/Microsoft.Windows.txt.zst", 300, 1)
    events = [event_of(record) for record in records if MAPPER.matches(record)]
    assert len(events) > 250
    assert all(event.timestamp and event.host and event.action for event in events)
    logons = [event for event in events if event.action == "4624" and "TargetUserName" in event.attributes]
    assert logons
    assert all(set(event.attributes) >= {*CORE, "LogonType", "SubjectLogonId"} for event in logons)
