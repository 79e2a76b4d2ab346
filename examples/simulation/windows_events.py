"""Windows events as nxlog ships them: flat JSON with the provider's header and the event's own fields.

Field names and fixed values (provider, task, keywords) are those of real events of the same ids; the rendered
``Message`` is left out, as shippers often do to save space.
"""

from __future__ import annotations

import hashlib
from typing import Any

from simulation.story import Mark, Story, stamp

DOMAIN = "CORP"
DOMAIN_SID = "S-1-5-21-2034215581-1179045312-3347120904"
ADDRESSES = {"WS01": "10.20.1.21", "WS02": "10.20.1.22", "FS01": "10.20.0.12", "DC01": "10.20.0.10"}
SIDS = {"emma.clark": 1131, "noah.reed": 1132, "adm.olsen": 1108, "WS01$": 1120, "WS02$": 1121, "FS01$": 1122}

_SYSMON = "Microsoft-Windows-Sysmon/Operational"
_POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
_PROVIDERS = {
    "Security": ("Microsoft-Windows-Security-Auditing", "{54849625-5478-4994-A5BA-3E3B0328C30D}"),
    "System": ("Service Control Manager", "{555908D1-A6D7-4695-8E1E-26931D2012F4}"),
    _SYSMON: ("Microsoft-Windows-Sysmon", "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"),
    _POWERSHELL: ("Microsoft-Windows-PowerShell", "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}"),
}
_KEYWORDS = {
    "Security": -9214364837600034816,
    "System": -9187343239835811840,
    _SYSMON: -9223372036854775808,
    _POWERSHELL: 0,
}
_TASKS = {
    4624: (12544, 2, "Logon"),
    4625: (12544, 0, "Logon"),
    4634: (12545, 0, "Logoff"),
    4648: (12544, 0, "Logon"),
    4662: (14080, 0, "Directory Service Access"),
    4672: (12548, 0, "Special Logon"),
    4688: (13312, 2, "Process Creation"),
    4698: (12804, 1, "Other Object Access Events"),
    4720: (13824, 0, "User Account Management"),
    4732: (13826, 0, "Security Group Management"),
    4768: (14339, 0, "Kerberos Authentication Service"),
    4769: (14337, 0, "Kerberos Service Ticket Operations"),
    5140: (12808, 1, "File Share"),
    5145: (12811, 0, "Detailed File Share"),
    4104: (2, 1, "Execute a Remote Command"),
    1: (1, 5, "Process Create (rule: ProcessCreate)"),
    3: (3, 5, "Network connection detected (rule: NetworkConnect)"),
    10: (10, 3, "Process accessed (rule: ProcessAccess)"),
    11: (11, 2, "File created (rule: FileCreate)"),
    13: (13, 2, "Registry value set (rule: RegistryEvent)"),
    17: (17, 1, "Pipe Created (rule: PipeEvent)"),
    22: (22, 5, "Dns query (rule: DnsQuery)"),
}


def sid(user: str) -> str:
    return "S-1-5-18" if user == "SYSTEM" else f"{DOMAIN_SID}-{SIDS[user]}"


class Domain:
    """Writes the events of the machines of one domain into a story."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self._running: dict[tuple[str, str], tuple[str, int]] = {}
        self._logons: dict[tuple[str, str], str] = {}

    def event(
        self, time: float, host: str, channel: str, event_id: int, fields: dict[str, Any], mark: Mark | None = None
    ) -> None:
        """One event: the header that each has, then its own fields."""
        source, guid = _PROVIDERS[channel]
        task, version, category = _TASKS.get(event_id, (0, 0, ""))
        failed = event_id == 4625
        kind = ("AUDIT_FAILURE" if failed else "AUDIT_SUCCESS") if channel == "Security" else "INFO"
        header = {
            "EventTime": stamp(time, "%Y-%m-%d %H:%M:%S"),
            "Hostname": f"{host}.corp.example",
            "Keywords": -9218868437227405312 if failed else _KEYWORDS[channel],
            "EventType": kind,
            "SeverityValue": 4 if failed else 2,
            "Severity": "ERROR" if failed else "INFO",
            "EventID": event_id,
            "SourceName": source,
            "ProviderGuid": guid,
            "Version": version,
            "Task": task,
            "OpcodeValue": 0,
            "RecordNumber": 0,
            "ExecutionProcessID": 4 if event_id in (4688, 5140, 5145) else 704,
            "ThreadID": 4 * self.story.rng.randrange(300, 2000),
            "Channel": channel,
            **({"Category": category} if category else {}),
        }
        footer = {
            "EventReceivedTime": stamp(time + 1, "%Y-%m-%d %H:%M:%S"),
            "SourceModuleName": "eventlog",
            "SourceModuleType": "im_msvistalog",
            "@timestamp": stamp(time, "%Y-%m-%dT%H:%M:%S.") + f"{int(time * 1000) % 1000:03d}Z",
        }
        self.story.add(time, header | fields | footer, mark)

    def security(self, time: float, host: str, event_id: int, fields: dict[str, Any], mark: Mark | None = None) -> None:
        self.event(time, host, "Security", event_id, fields, mark)

    def sysmon(
        self, time: float, host: str, event_id: int, image: str, fields: dict[str, Any], mark: Mark | None = None
    ) -> None:
        """A Sysmon event; the acting process is the one of that image that started last."""
        first = {"RuleName": "-", "UtcTime": stamp(time, "%Y-%m-%d %H:%M:%S.") + f"{int(time * 1000) % 1000:03d}"}
        guid, pid = self._running.setdefault((host, image), self._new_process())
        actor = {"ProcessGuid": guid, "ProcessId": str(pid), "Image": image} if image else {}
        self.event(time, host, _SYSMON, event_id, first | actor | fields, mark)

    def script(self, time: float, host: str, user: str, text: str, mark: Mark | None = None) -> None:
        """A PowerShell script block, 4104."""
        block = {"MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": text, "ScriptBlockId": self.story.uuid()}
        who = {"Path": "", "Domain": DOMAIN, "AccountName": user, "UserID": sid(user), "AccountType": "User"}
        self.event(time, host, _POWERSHELL, 4104, block | who, mark)

    def service(self, time: float, host: str, event_id: int, fields: dict[str, Any], mark: Mark | None = None) -> None:
        """An event of the Service Control Manager."""
        self.event(time, host, "System", event_id, fields, mark)

    def process(
        self, time: float, host: str, user: str, image: str, command: str, parent: str, mark: Mark | None = None
    ) -> None:
        """A process starts: Sysmon 1, and 4688 on servers, which audit it."""
        account = "NT AUTHORITY\\SYSTEM" if user == "SYSTEM" else f"{DOMAIN}\\{user}"
        file = image.rsplit("\\", 1)[1]
        parent_guid, parent_pid = self._running.setdefault((host, parent), self._new_process())
        self._running[host, image] = self._new_process()
        digest = hashlib.sha256(image.encode()).hexdigest().upper()
        details = {
            "FileVersion": "10.0.20348.1 (WinBuild.160101.0800)",
            "OriginalFileName": file,
            "CommandLine": command,
            "CurrentDirectory": "C:\\Windows\\system32\\",
            "User": account,
            "LogonId": self.logon_id(host, user),
            "TerminalSessionId": "0" if user == "SYSTEM" else "1",
            "IntegrityLevel": "System" if user == "SYSTEM" else "Medium",
            "Hashes": f"SHA256={digest},IMPHASH={digest[:32]}",
            "ParentProcessGuid": parent_guid,
            "ParentProcessId": str(parent_pid),
            "ParentImage": parent,
        }
        self.sysmon(time, host, 1, image, details, mark)
        if host in ("FS01", "DC01"):
            audit = {
                "NewProcessId": hex(self._running[host, image][1]),
                "NewProcessName": image,
                "TokenElevationType": "%%1936",
                "ProcessId": hex(parent_pid),
                "CommandLine": command,
                "ParentProcessName": parent,
                "MandatoryLabel": "S-1-16-16384",
            }
            self.security(time + 0.002, host, 4688, self.subject(host, user) | audit, mark)

    def log_on(
        self, time: float, host: str, user: str, kind: int, source: str, package: str, mark: Mark | None = None
    ) -> None:
        """A successful log-on, 4624, with 4672 for administrators."""
        self._logons[host, user] = hex(self.story.rng.randrange(0x80000, 0xFFFFFF))
        nobody = {
            "SubjectUserSid": "S-1-0-0",
            "SubjectUserName": "-",
            "SubjectDomainName": "-",
            "SubjectLogonId": "0x0",
        }
        fields = {
            "LogonType": str(kind),
            "LogonProcessName": {"NTLM": "NtLmSsp ", "Kerberos": "Kerberos"}.get(package, "User32 "),
            "AuthenticationPackageName": package,
            "WorkstationName": "-" if package == "Kerberos" else next(h for h, a in ADDRESSES.items() if a == source),
            "LogonGuid": f"{{{self.story.uuid()}}}",
            "LmPackageName": "NTLM V2" if package == "NTLM" else "-",
            "KeyLength": "128" if package == "NTLM" else "0",
            "ProcessId": "0x0",
            "ProcessName": "-",
            "IpAddress": source,
            "IpPort": str(self.story.rng.randrange(49152, 65535)),
            "ElevatedToken": "%%1842",
        }
        self.security(time, host, 4624, nobody | self.target(host, user) | fields, mark)
        if user.startswith("adm."):
            privileges = "SeSecurityPrivilege\r\n\t\t\tSeBackupPrivilege\r\n\t\t\tSeDebugPrivilege"
            self.security(time + 0.001, host, 4672, self.subject(host, user) | {"PrivilegeList": privileges}, mark)

    def logon_id(self, host: str, user: str) -> str:
        """The id of the user's last log-on to that host; one is made up where none was logged."""
        if user == "SYSTEM":
            return "0x3e7"
        return self._logons.setdefault((host, user), hex(self.story.rng.randrange(0x80000, 0xFFFFFF)))

    def subject(self, host: str, user: str) -> dict[str, str]:
        name, domain = (f"{host}$", DOMAIN) if user == "SYSTEM" else (user, DOMAIN)
        return {
            "SubjectUserSid": sid(user),
            "SubjectUserName": name,
            "SubjectDomainName": domain,
            "SubjectLogonId": self.logon_id(host, user),
        }

    def target(self, host: str, user: str) -> dict[str, str]:
        return {
            "TargetUserSid": sid(user),
            "TargetUserName": user,
            "TargetDomainName": DOMAIN,
            "TargetLogonId": self.logon_id(host, user),
        }

    def _new_process(self) -> tuple[str, int]:
        """GUID and id."""
        return f"{{{self.story.uuid()}}}", 4 * self.story.rng.randrange(300, 2500)


def number_records(story: Story) -> None:
    """Give each event its RecordNumber: counted up per machine and channel, in order of time."""
    numbers: dict[tuple[str, str], int] = {}
    for _, record, _ in story.in_order():
        key = (record["Hostname"], record["Channel"])
        numbers[key] = numbers.get(key, 1000 + story.rng.randrange(90_000)) + 1
        record["RecordNumber"] = numbers[key]
