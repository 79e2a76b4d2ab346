"""EventData out of rendered messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from growth import assert_linear
from loglm.errors import SourceLocation
from loglm.events.mappers.windows import WindowsMapper
from loglm.events.mappers.windows_messages import lost_fields, parse_message

SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
SUBJECT = (
    "Subject:\n\tSecurity ID:\t\tS-1-5-18\n\tAccount Name:\t\tDC1$\n"
    "\tAccount Domain:\t\tEXAMPLE\n\tLogon ID:\t\t0x3E7\n"
)
SUBJECT_FIELDS = {
    "SubjectUserSid": "S-1-5-18",
    "SubjectUserName": "DC1$",
    "SubjectDomainName": "EXAMPLE",
    "SubjectLogonId": "0x3E7",
}

LOGON = f"""An account was successfully logged on.

{SUBJECT}
Logon Information:
	Logon Type:		3
	Virtual Account:		No
	Elevated Token:		Yes

Impersonation Level:		Delegation

New Logon:
	Security ID:		NT AUTHORITY\\SYSTEM
	Account Name:		alice
	Account Domain:		EXAMPLE
	Logon ID:		0x8F0F
	Logon GUID:		{{00000000-0000-0000-0000-000000000000}}

Process Information:
	Process ID:		0x358
	Process Name:		C:\\Windows\\System32\\services.exe

Network Information:
	Workstation Name:	WS1
	Source Network Address:	10.0.0.5
	Source Port:		50100

Detailed Authentication Information:
	Logon Process:		Kerberos
	Package Name (NTLM only):	-
	Key Length:		0

This event is generated when a logon session is created.

The logon type field indicates the kind of logon. The most common types are 2 and 3.
	- Logon GUID is a unique identifier that can be used to correlate this event.
"""

CASES: dict[str, tuple[str, int, str, dict[str, str]]] = {
    "4624": (
        "Security",
        4624,
        LOGON,
        SUBJECT_FIELDS
        | {
            "LogonType": "3",
            "VirtualAccount": "%%1843",
            "ElevatedToken": "%%1842",
            "ImpersonationLevel": "%%1840",
            "TargetUserSid": "S-1-5-18",
            "TargetUserName": "alice",
            "TargetDomainName": "EXAMPLE",
            "TargetLogonId": "0x8F0F",
            "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
            "ProcessId": "0x358",
            "ProcessName": "C:\\Windows\\System32\\services.exe",
            "WorkstationName": "WS1",
            "IpAddress": "10.0.0.5",
            "IpPort": "50100",
            "LogonProcessName": "Kerberos",
            "LmPackageName": "-",
            "KeyLength": "0",
        },
    ),
    "4625": (
        "Security",
        4625,
        "An account failed to log on.\n\nAccount For Which Logon Failed:\n\tAccount Name:\t\tbob\n\n"
        "Failure Information:\n"
        "\tFailure Reason:\t\tUnknown user name or bad password.\n\tStatus:\t\t\t0xC000006D\n"
        "\tSub Status:\t\t0xC000006A\n",
        {"TargetUserName": "bob", "FailureReason": "%%2313", "Status": "0xC000006D", "SubStatus": "0xC000006A"},
    ),
    "4648": (
        "Security",
        4648,
        "A logon was attempted using explicit credentials.\n\nAccount Whose Credentials Were Used:\n"
        "\tAccount Name:\t\tadm\n"
        "\tLogon GUID:\t\t{1}\n\nTarget Server:\n\tTarget Server Name:\tdc1\n\tAdditional Information:\tRPCSS/dc1\n",
        {"TargetUserName": "adm", "TargetLogonGuid": "{1}", "TargetServerName": "dc1", "TargetInfo": "RPCSS/dc1"},
    ),
    "4672": (
        "Security",
        4672,
        f"Special privileges assigned to new logon.\n\n{SUBJECT}\nPrivileges:\t\tSeDebugPrivilege\n"
        f"\t\t\tSeTcbPrivilege",
        SUBJECT_FIELDS | {"PrivilegeList": "SeDebugPrivilege\n\t\t\tSeTcbPrivilege"},
    ),
    "4688": (
        "Security",
        4688,
        f"A new process has been created.\n\nCreator {SUBJECT}\nProcess Information:\n\tNew Process ID:\t\t0x10\n"
        "\tNew Process Name:\tC:\\a.exe\n\tToken Elevation Type:\tTokenElevationTypeDefault (1)\n"
        "\tMandatory Label:\t\tMandatory Label\\High Mandatory Level\n\tCreator Process ID:\t0xef0\n"
        "\tProcess Command Line:\ta.exe -x:1\n\nToken Elevation Type indicates the type of token.",
        SUBJECT_FIELDS
        | {
            "NewProcessId": "0x10",
            "NewProcessName": "C:\\a.exe",
            "TokenElevationType": "%%1936",
            "MandatoryLabel": "S-1-16-12288",
            "ProcessId": "0xef0",
            "CommandLine": "a.exe -x:1",
        },
    ),
    "4697": (
        "Security",
        4697,
        "A service was installed in the system.\n\nService Information:\n\tService Name: \t\tx\n"
        "\tService File Name:\tC:\\x.exe\n",
        {"ServiceName": "x", "ServiceFileName": "C:\\x.exe"},
    ),
    "4698": (
        "Security",
        4698,
        "A scheduled task was created.\n\nTask Information:\n\tTask Name: \t\t\\x\n"
        '\tTask Content: \t\t<?xml version="1.0"?>\n'
        '<Task xmlns="http://schemas.microsoft.com">\n  <Exec>a:b</Exec>\n</Task>\n\nOther Information:\n\tFQDN: \t0\n',
        {
            "TaskName": "\\x",
            "TaskContent": '<?xml version="1.0"?>\n'
            '<Task xmlns="http://schemas.microsoft.com">\n  <Exec>a:b</Exec>\n</Task>',
        },
    ),
    "4720": (
        "Security",
        4720,
        "A user account was created.\n\nNew Account:\n\tSecurity ID:\t\tS-1-5-21-1\n\tAccount Name:\t\teve\n\n"
        "Attributes:\n"
        "\tSAM Account Name:\teve\n\tOld UAC Value:\t\t0x0\n",
        {"TargetSid": "S-1-5-21-1", "TargetUserName": "eve", "SamAccountName": "eve", "OldUacValue": "0x0"},
    ),
    "4732": (
        "Security",
        4732,
        "A member was added.\n\nMember:\n\tSecurity ID:\t\tS-1-5-21-2\n\tAccount Name:\t\tCN=eve\n\nGroup:\n"
        "\tSecurity ID:\t\tBUILTIN\\Administrators\n\tGroup Name:\t\tAdministrators\n\tGroup Domain:\t\tBuiltin\n",
        {
            "MemberSid": "S-1-5-21-2",
            "MemberName": "CN=eve",
            "TargetSid": "S-1-5-32-544",
            "TargetUserName": "Administrators",
            "TargetDomainName": "Builtin",
        },
    ),
    "4768": (
        "Security",
        4768,
        "A Kerberos ticket was requested.\n\nAccount Information:\n\tAccount Name:\t\talice\n"
        "\tSupplied Realm Name:\tEX\n"
        "\tUser ID:\t\t\tS-1-5-21-3\n\nNetwork Information:\n\tClient Address:\t\t::ffff:10.0.0.1\n\n"
        "Additional Information:\n"
        "\tTicket Options:\t\t0x40810010\n\tResult Code:\t\t0x0\n\tPre-Authentication Type:\t2\n",
        {
            "TargetUserName": "alice",
            "TargetDomainName": "EX",
            "TargetSid": "S-1-5-21-3",
            "IpAddress": "::ffff:10.0.0.1",
            "TicketOptions": "0x40810010",
            "Status": "0x0",
            "PreAuthType": "2",
        },
    ),
    "4776": (
        "Security",
        4776,
        "The computer attempted to validate the credentials.\n\nAuthentication Package:\tMSV1\nLogon Account:\tbob\n"
        "Source Workstation:\tWS9\nError Code:\t0xC0000064\n",
        {"PackageName": "MSV1", "TargetUserName": "bob", "Workstation": "WS9", "Status": "0xC0000064"},
    ),
    "5145": (
        "Security",
        5145,
        "A share was checked.\n\nNetwork Information:\t\n\tObject Type:\t\tFile\n\tSource Address:\t\t10.0.0.7\n"
        "\tSource Port:\t\t47020\n\n"
        "Share Information:\n\tShare Name:\t\t\\\\*\\IPC$\n\tRelative Target Name:\tsrvsvc\n\n"
        "Access Request Information:\n"
        "\tAccess Mask:\t\t0x3\n\tAccesses:\t\tReadData (or ListDirectory)\n\t\t\t\tWriteData (or AddFile)\n",
        {
            "ObjectType": "File",
            "IpAddress": "10.0.0.7",
            "IpPort": "47020",
            "ShareName": "\\\\*\\IPC$",
            "RelativeTargetName": "srvsvc",
            "AccessMask": "0x3",
            "AccessList": "%%4416\n\t\t\t\t%%4417",
        },
    ),
    "5156": (
        "Security",
        5156,
        "The Windows Filtering Platform has permitted a connection.\n\nApplication Information:\n"
        "\tProcess ID:\t\t3428\n"
        "\tApplication Name:\t\\device\\x.exe\n\nNetwork Information:\n\tDirection:\t\tOutbound\n"
        "\tSource Address:\t\t10.0.0.1\n"
        "\tDestination Address:\t10.0.0.2\n\tDestination Port:\t\t80\n\nFilter Information:\n"
        "\tLayer Name:\t\tConnect\n",
        {
            "ProcessID": "3428",
            "Application": "\\device\\x.exe",
            "Direction": "%%14593",
            "SourceAddress": "10.0.0.1",
            "DestAddress": "10.0.0.2",
            "DestPort": "80",
            "LayerName": "%%14611",
        },
    ),
    "7045": (
        "System",
        7045,
        "A service was installed in the system.\n\nService Name:  x\nService File Name:  C:\\x.exe\n"
        "Service Type:  user mode service\n"
        "Service Start Type:  demand start\nService Account:  LocalSystem",
        {
            "ServiceName": "x",
            "ImagePath": "C:\\x.exe",
            "ServiceType": "user mode service",
            "StartType": "demand start",
            "AccountName": "LocalSystem",
        },
    ),
    "7036": (
        "System",
        7036,
        "The Netlogon service entered the running state.",
        {"param1": "Netlogon", "param2": "running"},
    ),
    "sysmon": (
        SYSMON,
        1,
        "Process Create:\nRuleName: -\nImage: C:\\a.exe\nCommandLine: a.exe one\ntwo: three\nUser: EX\\alice",
        {"RuleName": "-", "Image": "C:\\a.exe", "CommandLine": "a.exe one\ntwo: three", "User": "EX\\alice"},
    ),
    "4104": (
        POWERSHELL,
        4104,
        "Creating Scriptblock text (1 of 2):\nGet-Item\n\nScriptBlock ID: no\n\nScriptBlock ID: 5a4f\nPath: C:\\x.ps1",
        {
            "MessageNumber": "1",
            "MessageTotal": "2",
            "ScriptBlockText": "Get-Item\n\nScriptBlock ID: no",
            "ScriptBlockId": "5a4f",
            "Path": " C:\\x.ps1",
        },
    ),
    "4103": (
        POWERSHELL,
        4103,
        'CommandInvocation(a): "a"\n\n\nContext:\n        Severity = Informational\n        User = EX\\a\n\n\n'
        "User Data:\n\n",
        {
            "Payload": 'CommandInvocation(a): "a"\n\n',
            "ContextInfo": "        Severity = Informational\n        User = EX\\a",
        },
    ),
    "wmi": (
        "Microsoft-Windows-WMI-Activity/Operational",
        5858,
        "Id = {1}; ClientMachine = WS6; User = NT AUTHORITY\\SYSTEM; Operation = Start - SELECT a WHERE b = 'c'; "
        "ResultCode = 0x8",
        {
            "Id": "{1}",
            "ClientMachine": "WS6",
            "User": "NT AUTHORITY\\SYSTEM",
            "Operation": "Start - SELECT a WHERE b = 'c'",
            "ResultCode": "0x8",
        },
    ),
    "wmi-provider": (
        "Microsoft-Windows-WMI-Activity/Operational",
        5857,
        "CIMWin32 provider started with result code 0x0. HostProcess = wmiprvse.exe; ProcessID = 3548; "
        "ProviderPath = x.dll",
        {
            "ProviderName": "CIMWin32",
            "Code": "0x0",
            "HostProcess": "wmiprvse.exe",
            "ProcessID": "3548",
            "ProviderPath": "x.dll",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_message_gives_the_fields_of_event_data(name: str, line_end: str) -> None:
    channel, event_id, message, expected = CASES[name]
    assert parse_message(channel, event_id, message.replace("\n", line_end)) == expected


@pytest.mark.parametrize(
    ("channel", "event_id", "message"),
    [
        ("Application", 1, "Subject:\n\tAccount Name:\tx"),
        ("System", 7036, "Le service Netlogon est entré dans l'état : en cours d'exécution."),
        (
            "Security",
            4624,
            "L'ouverture de session d'un compte s'est correctement déroulée.\n\nSujet :\n\tNom du compte :\tx",
        ),
        (POWERSHELL, 4104, "text without a header"),
        (POWERSHELL, 40961, "PowerShell console is starting up"),
        (SYSMON, 1, ""),
    ],
)
def test_unknown_layout_gives_nothing(channel: str, event_id: int, message: str) -> None:
    assert parse_message(channel, event_id, message) == {}


def test_creator_process_id_is_not_the_new_one() -> None:
    message = CASES["4688"][2].replace("\n", "\r\n")
    assert lost_fields("Security", 4688, {"NewProcessId": "0x10"}, message) == {"ProcessId": "0xef0"}


def test_fields_that_are_there_are_not_looked_for() -> None:
    assert lost_fields("Security", 4688, {"ProcessId": "0x1"}, CASES["4688"][2]) == {}


@pytest.mark.parametrize("channel", ["Security", SYSMON, POWERSHELL, "Windows PowerShell", "System", "x"])
@pytest.mark.parametrize(
    "unit", ["a", "\t", "\n", "\t:\n", "Subject:\n", "x = ", "; a = ", "(1 of 2):\n", "\n\nScriptBlock ID: ", "="]
)
def test_adversarial_messages_take_linear_time(channel: str, unit: str) -> None:
    def parse(message: str) -> None:
        for event_id in (4104, 4103, 4672, 7036, 5857):
            parse_message(channel, event_id, message)
            lost_fields(channel, event_id, {"x": 1}, message)

    assert_linear(parse, lambda size: unit * (size // len(unit)), 200_000)


def test_real_messages_give_the_fields_beside_them(shared_data: Path) -> None:
    """Security and Sysmon events that have both: what the message gives is what the fields hold."""
    mapper, compared, differing = WindowsMapper(), 0, 0
    name = "atomic/windows/credential_access/host/cmd_dumping_ntds_dit_file_ntdsutil.json.zst"
    with (shared_data / "attack/security-datasets" / name).open("rb") as stream:
        lines = zstandard.ZstdDecompressor().stream_reader(stream).read().split(b"\n")
    for line in lines[:8000:4]:
        record: dict[str, Any] = orjson.loads(line) if line else {}
        if record.get("EventID") not in (1, 3, 7, 10, 11, 12, 13, 4624, 4658, 4663, 4672, 4688, 4689, 5156, 5158):
            continue
        expected = mapper.to_event(record, "", SourceLocation("x")).attributes
        system = ("EventID", "Channel", "SourceName", "Hostname", "TimeCreated", "Message")
        parsed = mapper.to_event({key: record[key] for key in system}, "", SourceLocation("x")).attributes
        compared += len(parsed)
        differing += sum(expected.get(field) != value for field, value in parsed.items())
    assert compared > 5000
    assert differing < compared / 500
