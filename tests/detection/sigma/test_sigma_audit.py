"""Program starts in the Linux audit log fire rules for process_creation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lineformats.audit_record import event_of_records, parse_record

HEAD = "msg=audit(1700000000.123:42):"
SYSCALL = f'type=SYSCALL {HEAD} arch=c000003e syscall=59 a0=55d1 a1=55d2 uid=0 auid=1000 exe="/usr/bin/curl" key="x"'
EXECVE = f'type=EXECVE {HEAD} argc=3 a0="curl" a1="-s" a2="http://x"'
CWD = f'type=CWD {HEAD} cwd="/tmp"'
LINUX = "{product: linux, category: process_creation}"


def audit_event(*lines: str) -> LogEvent:
    records = [record for line in lines if (record := parse_record(line)) is not None]
    return event_of_records(records, "\n".join(lines), SourceLocation("audit.log", 1))


@pytest.mark.parametrize(
    ("detection", "lines"),
    [
        ("{Image|endswith: /curl, CommandLine|contains: ' -s '}", (SYSCALL, EXECVE, CWD)),
        ("{Image: /usr/bin/curl}", (SYSCALL, EXECVE)),
        ("{CurrentDirectory: /tmp}", (EXECVE, CWD)),
        ("{Image|endswith: /curl}", (EXECVE,)),
    ],
)
def test_program_start_fires_process_rule(
    rule: Callable[..., str], load: Callable[..., SigmaRules], detection: str, lines: tuple[str, ...]
) -> None:
    assert load(rule(f"s: {detection}\ncondition: s", logsource=LINUX)).match(audit_event(*lines))


def test_other_record_fires_no_process_rule(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    rules = load(rule("s: {Image|endswith: /curl}\ncondition: s", logsource=LINUX))
    assert rules.match(audit_event(SYSCALL)) == ()


def test_rule_for_auditd_sees_the_records_own_fields(rule: Callable[..., str], load: Callable[..., SigmaRules]) -> None:
    text = rule("s: {type: EXECVE, a0: curl, a1: -s}\ncondition: s", logsource="{product: linux, service: auditd}")
    assert load(text).match(audit_event(SYSCALL, EXECVE))


def test_program_start_as_laurel_writes_it(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    attributes = {
        "ID": "1700000000.123:42",
        "SYSCALL": {"syscall": 59, "exe": "/usr/bin/curl"},
        "EXECVE": {"argc": 2, "ARGV": ["curl", "-s"]},
        "CWD": {"cwd": "/tmp"},
    }
    detection = "{Image|endswith: /curl, CommandLine: curl -s, CurrentDirectory: /tmp}"
    rules = load(rule(f"s: {detection}\ncondition: s", logsource=LINUX))
    assert rules.match(event(attributes, source=LogSource("linux", "auditd")))
