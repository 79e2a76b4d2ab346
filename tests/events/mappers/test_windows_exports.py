"""Windows events exported by PowerShell and Event Viewer, most of them without a channel."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from loglm.errors import SourceLocation
from loglm.events import LogEvent, read_events
from loglm.events.mappers.windows import WindowsMapper
from loglm.events.mappers.windows_sources import channel_of_provider

LOG_ON = """An account was successfully logged on.

Subject:
	Security ID:		S-1-5-18
	Account Name:		WS01$
	Account Domain:		CORP
	Logon ID:		0x3E7

Logon Information:
	Logon Type:		10

New Logon:
	Security ID:		S-1-5-21-1-2-3-1104
	Account Name:		noah.reed
	Account Domain:		CORP
	Logon ID:		0x3E8

Network Information:
	Workstation Name:	WS01
	Source Network Address:	10.0.0.5
	Source Port:		50000
"""
PROCESS = (
    "Process Create:\nRuleName: -\nImage: C:\\Windows\\System32\\cmd.exe\nCommandLine: cmd /c whoami\nUser: CORP\\eva"
)
COLUMNS = {
    "event-viewer": "Keywords,Date and Time,Source,Event ID,Task Category",
    "get-winevent": (
        "Message,Id,Version,Qualifiers,Level,Task,Opcode,Keywords,RecordId,ProviderName,ProviderId,ProcessId,ThreadId,"
        "MachineName,UserId,TimeCreated,ActivityId,RelatedActivityId,ContainerLog,MatchedQueryIds,Bookmark,"
        "LevelDisplayName,OpcodeDisplayName,TaskDisplayName,KeywordsDisplayNames,Properties"
    ),
    "get-winevent-select": "TimeCreated,Id,ProviderName,Message",
    "get-eventlog": (
        "EventID,MachineName,Data,Index,Category,CategoryNumber,EntryType,Message,Source,ReplacementStrings,InstanceId,"
        "TimeGenerated,TimeWritten,UserName,Site,Container"
    ),
    "own-columns": "TimeCreated,EventID,Provider,Computer,Message",
}
TIME = "3/17/2026 8:01:54 AM"


def export(kind: str, tmp_path: Path, provider: str, event_id: int, message: str) -> LogEvent:
    """The event of a table in the export's columns, with an object's name in those that PowerShell cannot write."""
    header = COLUMNS[kind].split(",")
    known = {
        **dict.fromkeys(("Id", "EventID", "Event ID", "InstanceId"), event_id),
        **dict.fromkeys(("ProviderName", "Source", "Provider"), provider),
        **dict.fromkeys(("TimeCreated", "TimeGenerated", "TimeWritten", "Date and Time"), TIME),
        **dict.fromkeys(("MachineName", "Computer"), "WS01.corp.example"),
        **dict.fromkeys(("ActivityId", "RelatedActivityId", "UserName", "Site", "Container", "UserId"), ""),
        **dict.fromkeys(("ProcessId", "ThreadId", "Version", "Level", "Task", "Index"), 4),
        "Message": message,
    }
    row = [known.get(name, "System.Object[]") for name in header] + ([message] if kind == "event-viewer" else [])
    path = tmp_path / "export.csv"
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        stream.write("#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\r\n" if "winevent" in kind else "")
        csv.writer(stream, quoting=csv.QUOTE_MINIMAL if kind == "event-viewer" else csv.QUOTE_ALL).writerows(
            [header, row]
        )
    [event] = read_events([path])
    return event


@pytest.mark.parametrize("kind", COLUMNS)
def test_export_without_channel_is_read_as_the_events_of_its_provider(kind: str, tmp_path: Path) -> None:
    event = export(kind, tmp_path, "Microsoft-Windows-Security-Auditing", 4624, LOG_ON)
    assert (str(event.log_source), event.action, event.user) == ("windows/security", "4624", "CORP\\noah.reed")
    assert (event.timestamp, event.source_address) == (1773734514.0, "10.0.0.5")
    assert event.attributes["Channel"] == "Security"
    assert (event.attributes["LogonType"], event.attributes["TargetUserName"]) == ("10", "noah.reed")
    assert event.body is None


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_of_the_export_are_no_fields_of_the_event(kind: str, tmp_path: Path) -> None:
    event = export(kind, tmp_path, "Microsoft-Windows-Sysmon", 1, PROCESS)
    assert str(event.log_source) == "windows/sysmon/process_creation"
    system = {"EventID", "Channel", "Provider_Name", "Computer"}
    assert set(event.attributes) - system == {"RuleName", "Image", "CommandLine", "User"}


def test_provider_of_several_channels_gives_windows_alone(tmp_path: Path) -> None:
    event = export("event-viewer", tmp_path, "Contoso Agent", 7, "Something happened.")
    assert (str(event.log_source), event.body) == ("windows", "Something happened.")


def test_fields_chosen_by_the_user_stay() -> None:
    record = {
        **{"TimeCreated": TIME, "Id": 4688, "ProviderName": "Microsoft-Windows-Security-Auditing"},
        **{"ProcessId": 7, "NewProcessName": "C:\\a.exe"},
    }
    event = WindowsMapper().to_event(record, "", SourceLocation("export.json", 1))
    assert (event.attributes["NewProcessName"], event.attributes["ProcessId"]) == ("C:\\a.exe", "7")


@pytest.mark.parametrize(
    "keys",
    [
        ("Id", "Source", "Message"),
        ("EventID", "Provider", "Message"),
        ("Id", "TimeCreated", "Source"),
        ("ProviderName", "TimeCreated", "AlertName"),
    ],
    ids=",".join,
)
def test_other_records_are_not_taken_for_an_export(keys: tuple[str, ...]) -> None:
    assert not WindowsMapper().matches(dict.fromkeys(keys, "1"))


@pytest.mark.parametrize(
    ("provider", "event_id", "channel"),
    [
        ("Microsoft-Windows-Eventlog", 1102, "Security"),
        ("Microsoft-Windows-Eventlog", 104, "System"),
        ("SERVICE CONTROL MANAGER", 7045, "System"),
        ("PowerShell", 400, "Windows PowerShell"),
        ("Microsoft-Windows-PowerShell", 4104, "Microsoft-Windows-PowerShell/Operational"),
        ("Microsoft-Windows-Windows Defender", 1116, "Microsoft-Windows-Windows Defender/Operational"),
        ("Application Error", 1000, "Application"),
        ("Contoso Agent", None, ""),
    ],
)
def test_channel_of_provider(provider: str, event_id: int | None, channel: str) -> None:
    assert channel_of_provider(provider, event_id) == channel
