"""Harmless work that looks like attacks, by category: what an administrator, a deployment, a backup, a vulnerability
scanner and security tools leave in Windows logs, day by day.

Commands and field values follow what such products and habits write; product names are made up where they are not part
of Windows. Each day draws its times, hosts and a few of its values anew, so that no two days are alike.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

from simulation import windows_day
from simulation.story import Story
from simulation.windows_events import ADDRESSES, DOMAIN, Domain, number_records

_SYSTEM32 = "C:\\Windows\\System32\\"
_POWERSHELL = _SYSTEM32 + "WindowsPowerShell\\v1.0\\powershell.exe"
_CMD = _SYSTEM32 + "cmd.exe"
_EXPLORER = "C:\\Windows\\explorer.exe"
_SERVICES = _SYSTEM32 + "services.exe"
_DEPLOYER = "C:\\Program Files\\Deployer\\agent\\dplagent.exe"
_BACKUP = "C:\\Program Files\\Keepsafe\\Backup\\ksagent.exe"
_SENSOR = "C:\\Program Files\\Watchtower\\Sensor\\wtsensor.exe"
_HOSTS = tuple(ADDRESSES)
_SCANNER = "10.20.9.9"
_DAY = 24 * 60
_PACKAGES = ("7zip-24.09", "vlc-3.0.21", "notepadpp-8.7", "chrome-enterprise-145", "vpn-client-5.2")


def administration(domain: Domain, day: int) -> None:
    """Accounts, groups, services and remote shells of an administrator, with the tools that intruders use too."""
    story, rng = domain.story, domain.story.rng
    commands = (
        ("net.exe", 'net group "Domain Admins" /domain'),
        ("net.exe", f"net user temp{rng.randrange(10, 99)} /domain"),
        ("whoami.exe", "whoami /groups"),
        ("nltest.exe", "nltest /dsgetdc:corp.example"),
        ("schtasks.exe", "schtasks /query /fo LIST /v"),
        ("sc.exe", f"sc \\\\{rng.choice(_HOSTS)} query spooler"),
        ("reg.exe", "reg query HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run"),
        ("wbem\\WMIC.exe", f"wmic /node:{rng.choice(_HOSTS)} os get lastbootuptime"),
        ("gpupdate.exe", "gpupdate /force"),
        ("quser.exe", f"quser /server:{rng.choice(_HOSTS)}"),
    )
    scripts = (
        "Get-ADUser -Filter * -Properties LastLogonDate | Export-Csv C:\\Reports\\users.csv",
        f"Invoke-Command -ComputerName {rng.choice(_HOSTS)} -ScriptBlock {{ Get-EventLog -LogName System -Newest 50 }}",
        f"Enter-PSSession -ComputerName {rng.choice(_HOSTS)}",
        "Get-Service | Where-Object {$_.StartType -eq 'Automatic' -and $_.Status -ne 'Running'} | Start-Service",
        "Unlock-ADAccount -Identity noah.reed",
    )
    start = day * _DAY + 8 * 60
    host = rng.choice(("WS02", "FS01"))
    domain.log_on(story.at(start), host, "adm.olsen", 10, ADDRESSES["WS02"], "Negotiate")
    domain.process(story.at(start + 1), host, "adm.olsen", _POWERSHELL, "powershell.exe -NoProfile", _EXPLORER)
    for file, command in rng.sample(commands, 7):
        domain.process(story.at(start + 480 * rng.random()), host, "adm.olsen", _SYSTEM32 + file, command, _POWERSHELL)
    for text in rng.sample(scripts, 3):
        domain.script(story.at(start + 480 * rng.random()), host, "adm.olsen", text)
    domain.log_on(story.at(start + 300), rng.choice(_HOSTS), "adm.olsen", 3, ADDRESSES["WS02"], "Kerberos")


def software_deployment(domain: Domain, day: int) -> None:
    """An agent fetches packages, runs installers hidden and as SYSTEM, and registers services."""
    story, rng = domain.story, domain.story.rng
    for host in _HOSTS:
        package = rng.choice(_PACKAGES)
        time = story.at(day * _DAY + 60 * 12 + 200 * rng.random())
        folder = f"C:\\Windows\\Temp\\dpl\\{package}"
        script = (
            f"powershell.exe -ExecutionPolicy Bypass -NonInteractive -WindowStyle Hidden -File {folder}\\install.ps1"
        )
        domain.process(time, host, "SYSTEM", _POWERSHELL, script, _DEPLOYER)
        text = f"Invoke-WebRequest https://packages.corp.example/{package}.msi -OutFile {folder}\\{package}.msi"
        domain.script(time + 1, host, "SYSTEM", text)
        domain.sysmon(time + 3, host, 11, _POWERSHELL, {"TargetFilename": f"{folder}\\{package}.msi", "User": "SYSTEM"})
        installer = f"msiexec.exe /i {folder}\\{package}.msi /qn /norestart /l*v {folder}\\log.txt"
        domain.process(time + 5, host, "SYSTEM", _SYSTEM32 + "msiexec.exe", installer, _POWERSHELL)
        name = package.split("-")[0]
        service = {"ServiceName": f"{name}Updater", "ImagePath": f'"C:\\Program Files\\{name}\\updater.exe" -svc'}
        rest = {"ServiceType": "user mode service", "StartType": "auto start", "AccountName": "LocalSystem"}
        domain.service(time + 20, host, 7045, service | rest)
        task = f'schtasks /create /ru SYSTEM /sc daily /tn "{name} Update" /tr "C:\\Program Files\\{name}\\u.exe" /f'
        domain.process(time + 22, host, "SYSTEM", _SYSTEM32 + "schtasks.exe", task, _SYSTEM32 + "msiexec.exe")
        key = f"HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\{name}"
        value = {"EventType": "SetValue", "TargetObject": key, "Details": f"C:\\Program Files\\{name}\\tray.exe"}
        domain.sysmon(time + 23, host, 13, _SYSTEM32 + "msiexec.exe", value)


def backup(domain: Domain, day: int) -> None:
    """Shadow copies made and deleted, the directory's database copied, whole shares read."""
    story, rng = domain.story, domain.story.rng
    for host in ("FS01", "DC01"):
        time = story.at(day * _DAY + 60 * 22 + 60 * rng.random())
        volume = rng.choice("CDE")
        steps = (
            ("vssadmin.exe", f"vssadmin create shadow /for={volume}:"),
            ("wbadmin.exe", f"wbadmin start backup -backupTarget:\\\\BKP01\\{host} -include:{volume}: -quiet"),
            ("Robocopy.exe", f"robocopy {volume}:\\Projects \\\\BKP01\\{host}\\{rng.randrange(100, 999)} /MIR /B /R:1"),
            ("vssadmin.exe", f"vssadmin delete shadows /for={volume}: /oldest /quiet"),
        )
        for number, (file, command) in enumerate(steps):
            domain.process(time + 300 * number, host, "SYSTEM", _SYSTEM32 + file, command, _BACKUP)
        if host == "DC01":
            command = 'ntdsutil "ac i ntds" "ifm" "create full C:\\Backup\\ifm" q q'
            domain.process(time + 90, host, "SYSTEM", _SYSTEM32 + "ntdsutil.exe", command, _BACKUP)
            domain.sysmon(
                time + 95, host, 11, _SYSTEM32 + "ntdsutil.exe", {"TargetFilename": "C:\\Backup\\ifm\\ntds.dit"}
            )
            save = "reg save HKLM\\SYSTEM C:\\Backup\\system.hiv /y"
            domain.process(time + 99, host, "SYSTEM", _SYSTEM32 + "reg.exe", save, _BACKUP)
        for state in ("running", "stopped"):
            domain.service(time + 1200 * rng.random(), host, 7036, {"param1": "Volume Shadow Copy", "param2": state})


def vulnerability_scanner(domain: Domain, day: int) -> None:
    """An appliance tries log-ons, shares, services and default accounts on each host."""
    story, rng = domain.story, domain.story.rng
    for host in _HOSTS:
        time = story.at(day * _DAY + 60 * 3 + 120 * rng.random())
        for number in range(12):
            name = rng.choice(("administrator", "guest", "admin", "test", "sa", "backup"))
            fields = {
                "TargetUserName": name,
                "TargetDomainName": DOMAIN,
                "Status": "0xc000006d",
                "SubStatus": "0xc0000064",
            }
            rest = {"LogonType": "3", "LogonProcessName": "NtLmSsp ", "AuthenticationPackageName": "NTLM"}
            source = {"WorkstationName": "SCAN01", "IpAddress": _SCANNER, "IpPort": str(rng.randrange(40000, 60000))}
            domain.security(time + number, host, 4625, fields | rest | source)
        domain.log_on(time + 20, host, "adm.olsen", 3, ADDRESSES["WS02"], "NTLM")
        for number, share in enumerate(("IPC$", "ADMIN$", "C$")):
            access = {"ObjectType": "File", "IpAddress": _SCANNER, "IpPort": "50122", "ShareName": f"\\\\*\\{share}"}
            path = {"ShareLocalPath": "", "AccessMask": "0x1", "AccessList": "%%4416\r\n\t\t\t\t"}
            domain.security(time + 21 + number, host, 5140, domain.subject(host, "adm.olsen") | access | path)
            target = {"RelativeTargetName": rng.choice(("svcctl", "winreg", "srvsvc", "samr"))}
            domain.security(time + 22 + number, host, 5145, domain.subject(host, "adm.olsen") | access | path | target)
        image = f"C:\\Windows\\scn_{rng.randrange(16**6):06x}.exe"
        command = f"{_CMD} /c {image} --inventory > C:\\Windows\\Temp\\scn.txt 2>&1"
        domain.process(time + 30, host, "SYSTEM", _CMD, command, _SERVICES)
        query = "wmic product get name,version /format:csv"
        domain.process(time + 31, host, "SYSTEM", _SYSTEM32 + "wbem\\WMIC.exe", query, _CMD)


def security_tool(domain: Domain, day: int) -> None:
    """A sensor opens lsass, starts threads in processes, runs encoded scripts and tests of its own detections."""
    story, rng = domain.story, domain.story.rng
    for host in _HOSTS:
        for _ in range(6):
            time = story.at(day * _DAY + _DAY * rng.random())
            access = {
                "SourceImage": _SENSOR,
                "TargetImage": _SYSTEM32 + "lsass.exe",
                "GrantedAccess": rng.choice(("0x1410", "0x1438", "0x1fffff")),
                "CallTrace": "C:\\Windows\\SYSTEM32\\ntdll.dll+9d104|C:\\Program Files\\Watchtower\\wthook.dll+1a2b",
                "SourceUser": "NT AUTHORITY\\SYSTEM",
                "TargetUser": "NT AUTHORITY\\SYSTEM",
            }
            domain.sysmon(time, host, 10, "", access)
        time = story.at(day * _DAY + 60 * 6 + 60 * rng.random())
        command = "powershell.exe -NoProfile -NonInteractive -EncodedCommand JABzAGUAbgBzAG8AcgA9ACIAdwB0ACIA"
        domain.process(time, host, "SYSTEM", _POWERSHELL, command, _SENSOR)
        domain.script(
            time + 1, host, "SYSTEM", "Get-MpComputerStatus; Get-CimInstance -Namespace root/SecurityCenter2 Foo"
        )
        rules = 'auditpol.exe /set /subcategory:"Process Creation" /success:enable'
        domain.process(time + 4, host, "SYSTEM", _SYSTEM32 + "auditpol.exe", rules, _SENSOR)
        test = "rundll32.exe C:\\Program Files\\Watchtower\\Sensor\\wtcheck.dll,SelfTest"
        domain.process(time + 6, host, "SYSTEM", _SYSTEM32 + "rundll32.exe", test, _SENSOR)


CATEGORIES: dict[str, Callable[[Domain, int], None]] = {
    "administration": administration,
    "software-deployment": software_deployment,
    "backup": backup,
    "vulnerability-scanner": vulnerability_scanner,
    "security-tool": security_tool,
}


def write(category: str, *, days: int, seed: int) -> str:
    """JSON lines of so many days of one category, amid two hours of ordinary work each day."""
    story = Story(seed, datetime(2026, 3, 2, tzinfo=UTC))
    domain = Domain(story)
    for day in range(days):
        CATEGORIES[category](domain, day)
    records = story.records
    story.records = []
    for day in range(days):
        _ordinary(domain, day)
    story.records += records
    number_records(story)
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for _, record, _ in story.in_order())


def _ordinary(domain: Domain, day: int) -> None:
    """Two hours of the domain's ordinary work, moved to the day."""
    before = len(domain.story.records)
    windows_day.play(domain, 120)
    moved = [
        (time + (day * _DAY + 9 * 60) * 60, _shifted(record, day), mark)
        for time, record, mark in domain.story.records[before:]
    ]
    domain.story.records[before:] = moved


def _shifted(record: dict[str, object], day: int) -> dict[str, object]:
    """The record with its times moved to nine o'clock of the day."""
    seconds = (day * _DAY + 9 * 60) * 60
    changed = dict(record)
    for name, form in (("EventTime", "%Y-%m-%d %H:%M:%S"), ("@timestamp", "%Y-%m-%dT%H:%M:%S.%fZ")):
        time = datetime.strptime(str(record[name]), form).replace(tzinfo=UTC).timestamp() + seconds
        changed[name] = datetime.fromtimestamp(time, UTC).strftime(form)
    return changed
