"""The parts of the Windows mapper: values, log sources, PowerShell's blobs, actors, XML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import assert_linear
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.windows_actors import fill_actors
from loglm.events.mappers.windows_powershell import classic_parts_of_message, split_classic, split_context
from loglm.events.mappers.windows_record import account_name, number_of
from loglm.events.mappers.windows_sources import canonical_channel, windows_log_source
from loglm.events.mappers.windows_splunk import split_splunk_text
from loglm.events.mappers.windows_values import (
    clean_lines,
    clean_text,
    clean_value,
    fill_attributes,
    leaves,
    parse_system_time,
)
from loglm.events.mappers.windows_xml import ParseError, parse_event_xml

# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0x1FFFFF", "0x1fffff"),
        ("0X3E7", "0x3e7"),
        ("0xnot a number at all, but text", "0xnot a number at all, but text"),
        ("6A910B9D-498A-5EE0-C903-000000000400", "{6a910b9d-498a-5ee0-c903-000000000400}"),
        ("{6a910b9d-498a-5ee0-c903-000000000400}", "{6a910b9d-498a-5ee0-c903-000000000400}"),
        ("6A910B9D-498A-5EE0-C903-00000000040Z", "6A910B9D-498A-5EE0-C903-00000000040Z"),
        ("%{bf967a86-0de6-11d0-a285-00aa003049e2}", "%{bf967a86-0de6-11d0-a285-00aa003049e2}"),
        ("2022-08-31T20:39:06.1395432Z", "2022-08-31T20:39:06.139543Z"),
        ("2022-08-31T20:39:06.139543200Z", "2022-08-31T20:39:06.139543Z"),
        ("2022-08-31T20:39:06Z", "2022-08-31T20:39:06.000000Z"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("Advapi  ", "Advapi"),
        ("-", "-"),
        (" \t\r\n", ""),
    ],
)
def test_clean_text_gives_one_spelling(text: str, expected: str) -> None:
    assert clean_text(text) == expected
    assert clean_value(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-1, "-1"),
        (1.5, "1.5"),
        (["a", None, " b "], "a\nb"),
        ({"#text": " a "}, "a"),
        ({"x": 1, "y": None}, "x: 1"),
        ([[[[[[[[[[["deep"]]]]]]]]]]], ""),
    ],
)
def test_clean_value_takes_any_json_value(value: Any, expected: str) -> None:
    assert clean_value(value) == expected


@given(st.text())
def test_clean_text_is_idempotent(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.booleans() | st.none(), max_size=8))
def test_fill_attributes_cleans_each_value(data: dict[str, Any]) -> None:
    attributes: dict[str, Any] = {}
    fill_attributes(attributes, data)
    assert attributes == {name: text for name, value in data.items() if (text := clean_value(value))}


def test_leaves_joins_values_of_one_name() -> None:
    element = {
        "a": {"#attributes": {"x": 1}, "Name": "one"},
        "b": {"Name": "two"},
        "Name_1": "three",
        "Other_1": "four",
    }
    assert leaves(element) == {"Name": "one\ntwo\nthree", "Other_1": "four"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2022-08-31T20:39:06.139543Z", 1661978346.139543),
        ("2022-08-31T20:39:06.1395432Z", 1661978346.1395432),
        ("2022-08-31T20:39:06Z", 1661978346.0),
        ("2022-08-31T22:39:06+02:00", 1661978346.0),
        ("2022-08-31 20:39:06.139", 1661978346.139),
        (1661978346.5, 1661978346.5),
        ("1601-01-01T00:00:00.000000Z", None),
        ("2022-13-31T20:39:06Z", None),
        ("2022-08-31T20:39:nanZ", None),
        ("", None),
        (None, None),
        ({}, None),
    ],
)
def test_parse_system_time(value: Any, expected: float | None) -> None:
    assert parse_system_time(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (4624, 4624),
        ("4624", 4624),
        ({"#text": 7045, "#attributes": {}}, 7045),
        ({"Value": 1}, 1),
        ({"text": "15457", "Qualifiers": "16384"}, 15457),
        (4624.0, 4624),
        (True, None),
        (-5, None),
        (float("nan"), None),
        (float("inf"), None),
        ("²", None),
        ("9" * 5000, None),
        ({}, None),
        ([], None),
    ],
)
def test_number_of_reads_wrapped_event_ids(value: Any, expected: int | None) -> None:
    assert number_of(value) == expected


def test_account_name_prefers_names_over_sids() -> None:
    assert account_name("EX", "alice", "S-1-5-21-1") == "EX\\alice"
    assert account_name("-", "alice", None) == "alice"
    assert account_name(None, None, "S-1-5-18") == "NT AUTHORITY\\SYSTEM"
    assert account_name(None, "-", "S-1-5-21-1") == "S-1-5-21-1"
    assert account_name(1, 2, 3) is None


# --- log sources -------------------------------------------------------------------------------------------------


def test_services_are_those_of_pysigma() -> None:
    from sigma.pipelines.common import windows_logsource_mapping

    renamed = {"ldap_debug": "ldap", "servicebus-client": "microsoft-servicebus-client"}
    for service, channels in windows_logsource_mapping.items():
        for channel in channels if isinstance(channels, list) else [channels]:
            assert windows_log_source(channel, None).service == renamed.get(service, service)


@pytest.mark.parametrize(
    ("channel", "event_id", "event_type", "expected"),
    [
        ("Security", 4624, "", "windows/security"),
        ("Security", 4688, "", "windows/security/process_creation"),
        ("security", 4688, "", "windows/security/process_creation"),
        ("Microsoft-Windows-Sysmon/Operational", 10, "", "windows/sysmon/process_access"),
        ("Microsoft-Windows-Sysmon/Operational", 12, "CreateKey", "windows/sysmon/registry_add"),
        ("Microsoft-Windows-Sysmon/Operational", 12, "DeleteKey", "windows/sysmon/registry_delete"),
        ("Microsoft-Windows-Sysmon/Operational", 12, "", "windows/sysmon/registry_event"),
        ("Linux-Sysmon/Operational", 1, "", "linux/sysmon/process_creation"),
        ("Microsoft-Windows-PowerShell/Operational", 4104, "", "windows/powershell/ps_script"),
        ("PowerShellCore/Operational", 4103, "", "windows/powershell/ps_module"),
        ("Windows PowerShell", 400, "", "windows/powershell-classic/ps_classic_start"),
        ("Microsoft-Windows-Foo/Admin", 1, "", "windows/microsoft-windows-foo/admin"),
        ("", None, "", "windows"),
    ],
)
def test_log_source_of_channel_and_id(channel: str, event_id: int | None, event_type: str, expected: str) -> None:
    assert str(windows_log_source(channel, event_id, event_type)) == expected


def test_log_sources_are_shared() -> None:
    assert windows_log_source("Security", 4624) is windows_log_source("Security", 4624)


def test_canonical_channel_restores_the_case() -> None:
    assert canonical_channel("security") == "Security"
    assert canonical_channel("My Channel") == "My Channel"


# --- PowerShell --------------------------------------------------------------------------------------------------

CLASSIC_400 = (
    "Engine state is changed from None to Available. \r\n\r\nDetails: \r\n\tNewEngineState=Available\r\n"
    "\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=285\r\n\r\n\tHostName=Default Host\r\n"
    "\tHostApplication=powershell -c a\r\nb=c\r\n\tEngineVersion=5.1\r\n\tCommandLine="
)
CLASSIC_600 = (
    'Provider "Environment" is Started. \r\n\r\nDetails: \r\n\tProviderName=Environment\r\n'
    "\tNewProviderState=Started\r\n\r\n\tSequenceNumber=1425\r\n\r\n\tHostName=Default Host\r\n"
)
CLASSIC_800 = (
    "Pipeline execution details for command line: $d = get-date. \r\n\r\nContext Information: \r\n"
    "\tDetailSequence=1\r\n\tDetailTotal=1\r\n\r\n\tUserId=EX\\alice\r\n\tHostApplication=C:\\ps.exe\r\n"
    "\tCommandLine=$d = get-date \r\n\r\n"
    'Details: \r\nCommandInvocation(Get-Date): "Get-Date"\r\n'
)


@pytest.mark.parametrize(
    ("message", "first"),
    [
        (CLASSIC_400, ["Available", "None"]),
        (CLASSIC_600, ["Environment", "Started"]),
        (CLASSIC_800, ["$d = get-date"]),
    ],
)
def test_classic_message_gives_the_data_elements(message: str, first: list[str]) -> None:
    parts = classic_parts_of_message(message)
    assert parts[: len(first)] == first
    assert "HostName" in parts[-1] or "CommandInvocation" in parts[-1]


def test_classic_fields_may_span_lines() -> None:
    fields = split_classic({"Data": classic_parts_of_message(CLASSIC_400)})
    assert fields["HostApplication"] == "powershell -c a\nb=c"
    assert fields["EngineVersion"] == "5.1"
    assert fields["Data"].startswith("Available\nNone\nNewEngineState=Available")


def test_classic_pipeline_event_is_split() -> None:
    fields = split_classic({"Data": classic_parts_of_message(CLASSIC_800)})
    assert (fields["UserId"], fields["CommandLine"]) == ("EX\\alice", "$d = get-date")
    assert fields["Data"].endswith('CommandInvocation(Get-Date): "Get-Date"')


def test_numbered_params_are_the_data_elements() -> None:
    fields = split_classic({"param1": "Certificate", "param2": "Started", "param3": "\tProviderName=Certificate\n"})
    assert fields == {"Data": "Certificate\nStarted\nProviderName=Certificate", "ProviderName": "Certificate"}


def test_other_text_is_no_classic_message() -> None:
    assert classic_parts_of_message("Le moteur est passé de None à Available.") == []


def test_context_in_another_language_is_told_by_its_order() -> None:
    values = ["Informational", "ConsoleHost", "5.1", "id", "powershell.exe", "5.1", "r", "31", "Get-Help"]
    values += ["Cmdlet", "", "", "54", "EX\\ivan", "", "Microsoft.PowerShell"]
    fields = split_context("\r\n".join(f"        Имя {number} = {value}" for number, value in enumerate(values)))
    assert (fields["HostApplication"], fields["CommandName"], fields["User"]) == (
        "powershell.exe",
        "Get-Help",
        "EX\\ivan",
    )


def test_context_value_may_span_lines() -> None:
    fields = split_context("Host Application = powershell -c {\r\n a = b\r\n}\r\nEngine Version = 5.1")
    assert fields == {"HostApplication": "powershell -c {\na = b\n}", "EngineVersion": "5.1"}


def test_clean_lines_drops_blanks() -> None:
    assert clean_lines("\r\n\ta = b \r\n\r\n  c\r\n") == "a = b\nc"


@pytest.mark.parametrize(
    "unit", ["\tHostName=", "\n", "=", "Details: \n", "\tProviderName=x\nDetails:", "Host Name = ", "Host Name = \na\n"]
)
@pytest.mark.parametrize(
    "split",
    [classic_parts_of_message, lambda text: split_classic({"Data": text}), split_context],
    ids=["message", "data", "context"],
)
def test_adversarial_blobs_take_linear_time(split: Callable[[str], object], unit: str) -> None:
    assert_linear(split, lambda size: unit * (size // len(unit)), 1_200_000)


# --- actors ------------------------------------------------------------------------------------------------------


def _acted(channel: str, event_id: int, attributes: dict[str, str], system_user: str | None = None) -> LogEvent:
    source = windows_log_source(channel, event_id)
    event = LogEvent(raw="", location=SourceLocation("x"), log_source=source, attributes=dict(attributes))
    fill_actors(event, event_id, system_user)
    return event


@pytest.mark.parametrize(
    ("event_id", "attributes", "user"),
    [
        (4624, {"TargetUserName": "a", "TargetDomainName": "D", "SubjectUserName": "S"}, "D\\a"),
        (4625, {"TargetUserName": "-", "SubjectUserName": "S", "SubjectDomainName": "-"}, "S"),
        (4648, {"TargetUserName": "a", "SubjectUserName": "S", "SubjectDomainName": "D"}, "D\\S"),
        (4720, {"TargetUserName": "new", "SubjectUserName": "adm", "SubjectDomainName": "D"}, "D\\adm"),
        (4769, {"TargetUserName": "a@D.ORG", "TargetDomainName": "D.ORG"}, "D.ORG\\a"),
        (4778, {"AccountName": "a", "AccountDomain": "D"}, "D\\a"),
        (4688, {"SubjectUserName": "-", "SubjectDomainName": "-"}, None),
    ],
)
def test_security_user_is_the_account_that_acts(event_id: int, attributes: dict[str, str], user: str | None) -> None:
    assert _acted("Security", event_id, attributes, "S-1-5-18").user == user


@pytest.mark.parametrize(
    ("address", "expected"),
    [("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1", "fe80::1"), ("-", None), ("::1", "::1"), ("LOCAL", None)],
)
def test_address_is_cleaned(address: str, expected: str | None) -> None:
    assert _acted("Security", 4624, {"IpAddress": address}).source_address == expected


def test_workstation_stands_for_the_address_of_a_validation() -> None:
    assert _acted("Security", 4776, {"Workstation": "WS9"}).source_address == "WS9"


def test_session_is_the_log_on_that_acts() -> None:
    both = {"SubjectLogonId": "0x3e7", "TargetLogonId": "0x10"}
    assert _acted("Security", 4624, both).session == "0x10"
    assert _acted("Security", 4688, both).session == "0x3e7"
    assert _acted("Security", 4688, {"SubjectLogonId": "0x0"}).session is None


def test_sysmon_user_is_never_that_of_its_service() -> None:
    assert _acted("Microsoft-Windows-Sysmon/Operational", 5, {}, "NT AUTHORITY\\SYSTEM").user is None


def test_process_access_is_by_the_source() -> None:
    event = _acted(
        "Microsoft-Windows-Sysmon/Operational",
        10,
        {"SourceImage": "a.exe", "TargetImage": "b.exe", "SourceUser": "D\\u"},
    )
    assert (event.process, event.user) == ("a.exe", "D\\u")


def test_remote_desktop_log_on_has_user_and_address() -> None:
    channel = "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational"
    event = _acted(channel, 1149, {"Param1": "alice", "Param2": "EX", "Param3": "10.0.0.9"})
    assert (event.user, event.source_address) == ("EX\\alice", "10.0.0.9")


@pytest.mark.parametrize(
    ("command", "program"),
    [
        ('"C:\\Program Files\\a b.exe" -x', "C:\\Program Files\\a b.exe"),
        ("C:\\Program Files\\PowerShell\\7\\pwsh.exe -c x", "C:\\Program Files\\PowerShell\\7\\pwsh.exe"),
        ("powershell -enc AAA", "powershell"),
        ('"', '"'),
    ],
)
def test_program_of_a_command_line(command: str, program: str) -> None:
    assert _acted("Windows PowerShell", 400, {"HostApplication": command}).process == program


# --- XML and Splunk's text ---------------------------------------------------------------------------------------


def test_xml_control_characters_become_replacement_characters() -> None:
    text = "<Event><EventData><Data Name='a'>x\x01y&#x0;z&#31;&amp;</Data></EventData></Event>"
    assert parse_event_xml(text) == {"Event": {"EventData": {"a": "x\ufffdy\ufffdz\ufffd&"}}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "<Event>",
        "<Event>&unknown;</Event>",
        "<Event></Event><Event></Event>",
        '<!DOCTYPE Event [<!ENTITY a "b">]><Event>&a;</Event>',
        '<?xml version="1.0"?><!DOCTYPE Event SYSTEM "file:///etc/passwd"><Event/>',
    ],
)
def test_xml_that_is_not_one_element_is_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        parse_event_xml(text)


def test_xml_depth_is_bounded() -> None:
    tree: Any = parse_event_xml("<Event>" + "<a>" * 20_000 + "x" + "</a>" * 20_000 + "</Event>")
    depth = 0
    while isinstance(tree, dict) and tree:
        tree, depth = next(iter(tree.values())), depth + 1
    assert depth < 40


def test_splunk_text_is_split() -> None:
    text = "01/14/2021 11:41:39 PM\r\nLogName=Security\r\nEventCode=4688\r\nMessage=A\r\n\r\nB=c\r\n"
    assert split_splunk_text(text) == {
        "_time": "01/14/2021 11:41:39 PM",
        "LogName": "Security",
        "EventCode": "4688",
        "Message": "A\n\nB=c",
    }


@pytest.mark.parametrize(
    "text", ["", "01/14/2021 11:41:39 PM", "x\nEventCode=1", "01/14/2021 11:41:39 PM\nnot a field\nEventCode=1"]
)
def test_other_text_is_not_splunks(text: str) -> None:
    assert split_splunk_text(text) is None
