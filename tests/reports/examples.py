"""Findings as a real run makes them, for the tests of the reports; and hostile ones."""

from __future__ import annotations

from dataclasses import replace

from loglm.attack import technique
from loglm.errors import SourceLocation
from loglm.findings import Candidate, Evidence, Finding, Level, Reference, RuleHit, RunSummary

DAY = 1_614_816_000.0
"""2021-03-04 00:00:00 UTC."""

HOSTILE = (
    "</script></pre><img src=x onerror=alert(1)> \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u2069 \x00\x9b31m "
    "{{7*7}} [red]x[/red] & \"quoted\" 'single' \ud800"
)

LSASS_RAW = (
    '{"EventID":10,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"WORKSTATION5.theshire.local",'
    '"UtcTime":"2021-03-04 10:11:12.104","SourceImage":"C:\\\\Windows\\\\System32\\\\rundll32.exe","TargetImage":'
    '"C:\\\\windows\\\\system32\\\\lsass.exe","GrantedAccess":"0x1fffff","CallTrace":"C:\\\\windows\\\\SYSTEM32\\\\'
    'ntdll.dll+9c584|C:\\\\windows\\\\System32\\\\KERNELBASE.dll+2730e|C:\\\\windows\\\\System32\\\\comsvcs.dll+21b9"}'
)
POWERSHELL_RAW = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4688</EventID>"
    "<TimeCreated SystemTime='2021-03-04T10:05:41.220Z'/><Computer>WORKSTATION5.theshire.local</Computer></System>"
    "<EventData><Data Name='SubjectUserName'>pgustavo</Data><Data Name='NewProcessName'>C:\\Windows\\System32\\"
    "WindowsPowerShell\\v1.0\\powershell.exe</Data><Data Name='CommandLine'>powershell -nop -w hidden -enc "
    "JABzAD0ATgBlAHcALQBPAGIAagBlAGMAdAAgAEkATwAuAE0AZQBtAG8AcgB5AFMAdAByAGUAYQBtAA==</Data></EventData></Event>"
)
SSHD_RAW = (
    "Mar  4 03:12:{second:02d} web1 sshd[4867]: Failed password for invalid user admin "
    "from 203.0.113.77 port 51022 ssh2"
)
ZEEK_RAW = (
    "1614851000.120351\tCkFz1a3qJ9sZ\t10.0.4.31\t49822\t198.51.100.9\t443\ttcp\tssl\t0.512\t812\t3920\tSF\tT\tF\t0"
    "\tShADadFf\t12\t1300\t11\t4371"
)
CLOUDTRAIL_RAW = (
    '{"eventVersion":"1.08","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::123456789012:user/benjamin",'
    '"accountId":"123456789012","userName":"benjamin"},"eventTime":"2021-03-04T14:40:02Z","eventSource":'
    '"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.9",'
    '"userAgent":"aws-cli/2.1.28","requestParameters":{"name":"org-trail"},"responseElements":null}'
)

COMSVCS_RULE = RuleHit(
    "646ea171-dded-4578-8a4d-65e9822892e3",
    "Process Memory Dump Via Comsvcs.DLL",
    Level.HIGH,
    ("T1003.001",),
)
ENCODED_RULE = RuleHit(
    "ca2092a1-c273-4878-9b4b-0d60115bf5ea", "Suspicious Encoded PowerShell Command Line", Level.MEDIUM, ("T1059.001",)
)


def evidence(
    raw: str,
    path: str,
    record: int,
    seconds: float,
    weight: float,
    highlights: tuple[str, ...] = (),
    rules: tuple[RuleHit, ...] = (),
) -> Evidence:
    """One event, ``seconds`` after `DAY`."""
    return Evidence(SourceLocation(path, record), DAY + seconds, raw, weight, highlights, rules)


def lsass() -> Finding:
    """A critical finding of model and rule on a Windows host."""
    return Finding(
        finding_id="5f1c6f0b9d2e4a77",
        technique_id="T1003.001",
        technique_name="LSASS Memory",
        tactics=("credential-access",),
        score=0.973,
        level=Level.CRITICAL,
        entity_kind="host",
        entity="WORKSTATION5.theshire.local",
        log_source="windows/sysmon",
        start=DAY + 36_600,
        end=DAY + 36_842.5,
        windows=3,
        events=48,
        evidence=(
            evidence(
                LSASS_RAW,
                "logs/WORKSTATION5/sysmon.json",
                1204,
                36_672.104,
                0.62,
                ("lsass.exe", "comsvcs.dll", "0x1fffff"),
                (COMSVCS_RULE,),
            ),
            evidence(POWERSHELL_RAW, "logs/WORKSTATION5/security.xml", 88, 36_341.22, 0.21, ("-enc", "hidden")),
        ),
        candidates=(Candidate("T1003.001", 0.91), Candidate("T1055", 0.04), Candidate("T1003.004", 0.02)),
        rules=(COMSVCS_RULE,),
        sources=("model", "sigma"),
        references=(
            Reference(
                "T1003.001 OS Credential Dumping: LSASS Memory",
                "intel/lsass.md",
                "line 12",
                "Adversaries dump the memory of lsass.exe with comsvcs.dll.",
                1.7,
                ("T1003.001",),
            ),
        ),
    )


def powershell() -> Finding:
    """A finding of a rule alone."""
    return Finding(
        finding_id="0a91c3d4e5f60718",
        technique_id="T1059.001",
        technique_name="PowerShell",
        tactics=("execution",),
        score=0.71,
        level=Level.MEDIUM,
        entity_kind="host",
        entity="WORKSTATION5.theshire.local",
        log_source="windows/security/process_creation",
        start=DAY + 36_300,
        end=DAY + 36_345,
        windows=1,
        events=16,
        evidence=(
            evidence(
                POWERSHELL_RAW,
                "logs/WORKSTATION5/security.xml",
                88,
                36_341.22,
                0.8,
                ("powershell", "-enc"),
                (ENCODED_RULE,),
            ),
        ),
        candidates=(Candidate("T1059.001", 0.71),),
        rules=(ENCODED_RULE,),
        sources=("sigma",),
    )


def brute_force() -> Finding:
    """Many failed log-ins from one address."""
    return Finding(
        finding_id="b7e23ec29af22b0b",
        technique_id="T1110.001",
        technique_name="Password Guessing",
        tactics=("credential-access",),
        score=0.88,
        level=Level.HIGH,
        entity_kind="source_address",
        entity="203.0.113.77",
        log_source="linux/sshd",
        start=DAY + 11_520,
        end=DAY + 12_300,
        windows=12,
        events=192,
        evidence=tuple(
            evidence(
                SSHD_RAW.format(second=second),
                "logs/web1/auth.log",
                400 + second,
                11_520 + second,
                0.09,
                ("Failed password", "invalid user"),
            )
            for second in range(8)
        ),
        candidates=(Candidate("T1110.001", 0.74), Candidate("T1110.003", 0.2)),
    )


def beacon() -> Finding:
    """Regular connections of one inner address."""
    return Finding(
        finding_id="41b2f7c8d9e0a1b2",
        technique_id="T1071.001",
        technique_name="Web Protocols",
        tactics=("command-and-control",),
        score=0.64,
        level=Level.MEDIUM,
        entity_kind="source_address",
        entity="10.0.4.31",
        log_source="zeek/conn/flow",
        start=DAY + 28_800,
        end=DAY + 61_200,
        windows=20,
        events=640,
        evidence=(evidence(ZEEK_RAW, "logs/zeek/conn.log", 20_412, 35_000.12, 0.3, ("198.51.100.9", "0.512")),),
    )


def stop_logging() -> Finding:
    """A user of a cloud account."""
    return Finding(
        finding_id="9c8b7a6f5e4d3c2b",
        technique_id="T1562.008",
        technique_name="Disable or Modify Cloud Logs",
        tactics=("defense-evasion",),
        score=0.93,
        level=Level.HIGH,
        entity_kind="user",
        entity="arn:aws:iam::123456789012:user/benjamin",
        log_source="aws/cloudtrail",
        start=DAY + 52_800,
        end=DAY + 52_804,
        windows=1,
        events=9,
        evidence=(evidence(CLOUDTRAIL_RAW, "logs/aws/trail.json.gz", 31, 52_802, 0.77, ("StopLogging", "aws-cli")),),
        candidates=(Candidate("T1562.008", 0.89),),
    )


def valid_accounts() -> Finding:
    """A technique of four tactics, of events without time, of a file."""
    return Finding(
        finding_id="1122334455667788",
        technique_id="T1078",
        technique_name="Valid Accounts",
        tactics=("initial-access", "persistence", "privilege-escalation", "defense-evasion"),
        score=0.31,
        level=Level.LOW,
        entity_kind="file",
        entity="exports/vpn.csv",
        log_source="unknown",
        start=None,
        end=None,
        windows=1,
        events=4,
        evidence=(Evidence(SourceLocation("exports/vpn.csv", 3), None, "jdoe;ok;10.9.9.4;Kyiv", 0.4, ("Kyiv",)),),
    )


def hostile() -> Finding:
    """Every text that an attacker can choose holds markup, escape sequences and reordering characters."""
    place = SourceLocation(f"logs/{HOSTILE}", 1)
    rule = RuleHit(HOSTILE, HOSTILE, Level.HIGH, ("T1059",))
    return replace(
        powershell(),
        finding_id="feedfacefeedface",
        technique_id="T1059",
        technique_name="Command and Scripting Interpreter",
        entity=HOSTILE,
        log_source=HOSTILE,
        evidence=(Evidence(place, DAY, HOSTILE, 0.5, (HOSTILE, "onerror"), (rule,)),),
        rules=(rule,),
        references=(Reference(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.5, ("T1059",)),),
    )


def everything() -> list[Finding]:
    """The realistic findings, not in order of seriousness."""
    return [powershell(), valid_accounts(), lsass(), beacon(), brute_force(), stop_logging()]


def summary(**changes: object) -> RunSummary:
    """A run over 12 files."""
    base = RunSummary(
        files=12,
        events_read=48_213,
        events_scored=48_200,
        events_rejected=13,
        entities=14,
        windows=3_020,
        findings=6,
        seconds=3.2,
        finished=DAY + 90_000,
        model_name="nano",
        model_version="1.0",
        loglm_version="0.1.0",
        cache_hit_rate=0.913,
        sigma_rules=1_912,
        rejected_by_kind={"malformed-json": 12, "too-long": 1},
        notes_by_kind={"empty": 1},
        problem_examples={
            "malformed-json": ['logs/aws/trail.json.gz:77: expected a JSON object, got \'{"eventVersion":"1.0\''],
            "empty": ["logs/web2/auth.log: the file is empty"],
        },
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def many(count: int) -> list[Finding]:
    """Variants of the realistic findings on other hosts, techniques and days."""
    techniques = (
        "T1021.002",
        "T1047",
        "T1053.005",
        "T1082",
        "T1087.002",
        "T1543.003",
        "T1547.001",
        "T1570",
        "T1560.001",
    )
    made = []
    for number in range(count):
        found = technique(techniques[number % len(techniques)])
        assert found is not None
        base = everything()[number % 6]
        shift = 5_400.0 * (number % 29)
        made.append(
            replace(
                base,
                finding_id=f"{number:016x}",
                technique_id=found.technique_id,
                technique_name=found.name,
                tactics=found.tactics,
                score=round(0.99 - number % 60 / 100, 2),
                level=Level(5 - number % 5),
                entity_kind="host",
                entity=f"SRV-{number % 17:02d}.corp.example",
                start=None if base.start is None else base.start + shift,
                end=None if base.end is None else base.end + shift,
                candidates=(Candidate(found.technique_id, 0.6),),
            )
        )
    return made
