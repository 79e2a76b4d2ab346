"""Ordinary events of the simulated Windows domain, near misses of the attack among them."""

from __future__ import annotations

from simulation.windows_events import ADDRESSES, DOMAIN, Domain, sid

_SYSTEM32 = "C:\\Windows\\System32\\"
_CHROME = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
_DEFENDER = "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26010.5-0\\MsMpEng.exe"
_PEOPLE = {"WS01": "emma.clark", "WS02": "noah.reed"}
_DESK = (
    (_CHROME, f'"{_CHROME}" --type=renderer --lang=en-GB', _CHROME),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE", "EXCEL.EXE /dde", "C:\\Windows\\explorer.exe"),
    (_SYSTEM32 + "notepad.exe", "notepad.exe C:\\Users\\Public\\notes.txt", "C:\\Windows\\explorer.exe"),
    (
        _SYSTEM32 + "SearchProtocolHost.exe",
        "SearchProtocolHost.exe Global\\UsGthrFltPipe",
        _SYSTEM32 + "SearchIndexer.exe",
    ),
)
_SERVER = (
    (_SYSTEM32 + "conhost.exe", "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1", _SYSTEM32 + "cmd.exe"),
    (_SYSTEM32 + "taskhostw.exe", "taskhostw.exe SYSTEM", _SYSTEM32 + "svchost.exe"),
    (_SYSTEM32 + "svchost.exe", "C:\\Windows\\System32\\svchost.exe -k netsvcs -p -s BITS", _SYSTEM32 + "services.exe"),
    (_SYSTEM32 + "wbem\\WmiPrvSE.exe", "wmiprvse.exe -secured -Embedding", _SYSTEM32 + "svchost.exe"),
)
_SITES = ("www.example.org", "mail.corp.example", "update.example.com", "cdn.example.net", "fs01.corp.example")


def _desk_work(domain: Domain, time: float, host: str) -> None:
    rng, user = domain.story.rng, _PEOPLE[host]
    image, command, parent = rng.choice(_DESK)
    kind = rng.randrange(4)
    if kind == 0:
        domain.process(time, host, user, image, command, parent)
    elif kind == 1:
        result = f"::ffff:192.0.2.{rng.randrange(10, 200)};"
        name = {
            "QueryName": rng.choice(_SITES),
            "QueryStatus": "0",
            "QueryResults": result,
            "User": f"{DOMAIN}\\{user}",
        }
        domain.sysmon(time, host, 22, _CHROME, name)
    elif kind == 2:
        connection = {
            "User": f"{DOMAIN}\\{user}",
            "Protocol": "tcp",
            "Initiated": "true",
            "SourceIsIpv6": "false",
            "SourceIp": ADDRESSES[host],
            "SourceHostname": f"{host}.corp.example",
            "SourcePort": str(rng.randrange(49152, 65535)),
            "DestinationIsIpv6": "false",
            "DestinationIp": f"192.0.2.{rng.randrange(10, 200)}",
            "DestinationHostname": "-",
            "DestinationPort": "443",
            "DestinationPortName": "https",
        }
        domain.sysmon(time, host, 3, _CHROME, connection)
    else:
        file = f"C:\\Users\\{user}\\AppData\\Local\\Temp\\{domain.story.hex(8)}.tmp"
        domain.sysmon(time, host, 11, image, {"TargetFilename": file, "CreationUtcTime": "2026-03-17 07:58:01.118"})


def _share_and_tickets(domain: Domain, time: float, host: str) -> None:
    """A workstation's user opens a share: ticket on the domain controller, log-on and access on the file server."""
    user, source, rng = _PEOPLE[host], ADDRESSES[host], domain.story.rng
    ticket = {
        "TargetUserName": f"{user}@CORP.EXAMPLE",
        "TargetDomainName": "CORP.EXAMPLE",
        "ServiceName": "FS01$",
        "ServiceSid": sid("FS01$"),
        "TicketOptions": "0x40810000",
        "TicketEncryptionType": "0x12",
        "IpAddress": f"::ffff:{source}",
        "IpPort": str(rng.randrange(49152, 65535)),
        "Status": "0x0",
        "LogonGuid": f"{{{domain.story.uuid()}}}",
        "TransmittedServices": "-",
    }
    domain.security(time, "DC01", 4769, ticket)
    domain.log_on(time + 0.2, "FS01", user, 3, source, "Kerberos")
    share = {"ObjectType": "File", "IpAddress": source, "IpPort": "50122", "ShareName": "\\\\*\\Projects"}
    access = {"ShareLocalPath": "\\??\\D:\\Projects", "AccessMask": "0x1", "AccessList": "%%4416\r\n\t\t\t\t"}
    domain.security(time + 0.3, "FS01", 5140, domain.subject("FS01", user) | share | access)
    domain.security(time + 40, "FS01", 4634, domain.target("FS01", user) | {"LogonType": "3"})


def _mistyped_password(domain: Domain, time: float) -> None:
    fields = {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": "WS02$",
        "SubjectDomainName": DOMAIN,
        "SubjectLogonId": "0x3e7",
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": "noah.reed",
        "TargetDomainName": DOMAIN,
        "Status": "0xc000006d",
        "FailureReason": "%%2313",
        "SubStatus": "0xc000006a",
        "LogonType": "2",
        "LogonProcessName": "User32 ",
        "AuthenticationPackageName": "Negotiate",
        "WorkstationName": "WS02",
        "IpAddress": "127.0.0.1",
        "IpPort": "0",
    }
    domain.security(time, "WS02", 4625, fields)
    domain.log_on(time + 6, "WS02", "noah.reed", 2, ADDRESSES["WS02"], "Negotiate")


def _administration(domain: Domain, time: float) -> None:
    """Near misses: an administrator works remotely, looks at services, and software plants its own updater."""
    powershell = _SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
    domain.log_on(time, "FS01", "adm.olsen", 10, ADDRESSES["WS02"], "Negotiate")
    domain.process(time + 30, "FS01", "adm.olsen", powershell, "powershell.exe", "C:\\Windows\\explorer.exe")
    domain.script(time + 55, "FS01", "adm.olsen", "Get-Service | Where-Object Status -eq 'Stopped'")
    domain.script(time + 80, "FS01", "adm.olsen", "Get-ChildItem D:\\Projects | Measure-Object -Property Length -Sum")
    domain.process(time + 95, "FS01", "adm.olsen", _SYSTEM32 + "whoami.exe", "whoami", powershell)
    updater = {
        "TaskName": "\\GoogleUpdateTaskMachineCore",
        "TaskContent": '<?xml version="1.0" encoding="UTF-16"?>\r\n<Task version="1.3"><Actions><Exec><Command>'
        "C:\\Program Files (x86)\\Google\\Update\\GoogleUpdate.exe</Command><Arguments>/c</Arguments></Exec>"
        "</Actions></Task>",
    }
    domain.security(time + 300, "FS01", 4698, domain.subject("FS01", "SYSTEM") | updater)
    key = "HKU\\" + sid("noah.reed") + "\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\OneDrive"
    drive = "C:\\Users\\noah.reed\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe"
    value = {"TargetObject": key, "Details": f'"{drive}" /background', "User": f"{DOMAIN}\\noah.reed"}
    domain.sysmon(time + 400, "WS02", 13, drive, {"EventType": "SetValue"} | value)


def _protection(domain: Domain, time: float, host: str) -> None:
    """Defender looks into lsass, as it does."""
    access = {
        "SourceProcessGUID": f"{{{domain.story.uuid()}}}",
        "SourceProcessId": "2944",
        "SourceThreadId": "4112",
        "SourceImage": _DEFENDER,
        "TargetProcessGUID": f"{{{domain.story.uuid()}}}",
        "TargetProcessId": "704",
        "TargetImage": _SYSTEM32 + "lsass.exe",
        "GrantedAccess": "0x1000",
        "CallTrace": "C:\\Windows\\SYSTEM32\\ntdll.dll+9d104|C:\\Windows\\System32\\KERNELBASE.dll+2c13e",
        "SourceUser": "NT AUTHORITY\\SYSTEM",
        "TargetUser": "NT AUTHORITY\\SYSTEM",
    }
    domain.sysmon(time, host, 10, "", access)


def play(domain: Domain, minutes: int) -> None:
    """Write the ordinary events of that many minutes."""
    story = domain.story
    for host, user in _PEOPLE.items():
        domain.log_on(story.at(1 + story.rng.random()), host, user, 2, ADDRESSES[host], "Negotiate")
        for _ in range(minutes // 7):
            _desk_work(domain, story.at(minutes * story.rng.random()), host)
        for _ in range(minutes // 60):
            _share_and_tickets(domain, story.at(minutes * story.rng.random()), host)
        _protection(domain, story.at(minutes * story.rng.random()), host)
    for host in ("FS01", "DC01"):
        for _ in range(minutes // 40):
            image, command, parent = story.rng.choice(_SERVER)
            domain.process(story.at(minutes * story.rng.random()), host, "SYSTEM", image, command, parent)
        for name in ("Windows Update", "Software Protection", "Background Intelligent Transfer Service"):
            state = {"param1": name, "param2": story.rng.choice(("running", "stopped"))}
            domain.service(story.at(minutes * story.rng.random()), host, 7036, state)
        domain.log_on(story.at(minutes * story.rng.random()), "DC01", "FS01$", 3, ADDRESSES["FS01"], "Kerberos")
    _mistyped_password(domain, story.at(4))
    _administration(domain, story.at(33))
