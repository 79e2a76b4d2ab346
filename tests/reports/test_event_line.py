"""One line an event: what happened, who did it to whom, and the fields that say most."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.context.windows import WindowAssembler
from loglm.detection.telling import telling_fields
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.findings import Evidence
from loglm.reports.event_line import event_line

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
EXCEL = (
    ("CommandLine", "cmd.exe /c powershell -enc SQBFAFgA"),
    ("EventID", "1"),
    ("ParentImage", "C:\\Office\\EXCEL.EXE"),
    ("Image", "C:\\Windows\\System32\\cmd.exe"),
    ("User", "CORP\\ann"),
)


def evidence(*fields: tuple[str, str], action: str = "1", words: tuple[str, ...] = (), raw: str = "{}") -> Evidence:
    return Evidence(SourceLocation("x.json", 1), None, raw, 0.5, words, (), action, fields)


def line_of(event: LogEvent, *words: str, width: int = 200) -> str:
    """The line of a real event, as detection would keep it."""
    assembler = WindowAssembler()
    assembler.add(event, render(event))
    kept = assembler.flush()[0].events[0]
    fields = telling_fields(kept.attributes or {}, words)
    return event_line(Evidence(kept.location, None, kept.raw, 0.5, words, (), kept.action, fields), width)


def test_process_creation_is_parent_and_command() -> None:
    assert event_line(evidence(*EXCEL), 120) == (
        "EventID 1  EXCEL.EXE -> cmd.exe /c powershell -enc SQBFAFgA  User=CORP\\ann"
    )


def test_source_and_target_are_one_relation() -> None:
    fields = (("EventID", "10"), ("SourceImage", "C:\\a\\x.exe"), ("TargetImage", "C:\\b\\lsass.exe"))
    assert event_line(evidence(*fields, ("GrantedAccess", "0x1010")), 120) == (
        "EventID 10  x.exe -> lsass.exe  GrantedAccess=0x1010"
    )


@pytest.mark.parametrize("width", [30, 60, 200])
def test_line_keeps_to_its_width_and_shows_the_word_that_weighed_most(width: int) -> None:
    command = "x" * 300 + " -enc SQBFAFgA " + "y" * 300
    line = event_line(evidence(("CommandLine", command), *EXCEL[1:], words=("-enc",)), width)
    assert len(line) <= width
    assert width < 60 or "-enc" in line


def test_event_without_fields_is_its_raw_text() -> None:
    assert event_line(evidence(raw="Mar  4 sshd: Failed  password"), 120) == "Mar 4 sshd: Failed password"


def test_hostile_fields_are_printable_and_on_one_line() -> None:
    fields = (("a\x1b[2J", "b\nc\u202e"), ("EventID", "\x9b"))
    line = event_line(evidence(*fields, action="\x07", words=("\x1b",)), 120)
    assert line.isprintable()


def test_real_windows_event_is_told_by_its_fields() -> None:
    events = list(read_events([EXAMPLES / "simulated" / "windows_security_sysmon.jsonl"]))
    line = next(line_of(event, "schtasks") for event in events if "schtasks /create" in event.raw)
    assert line.startswith("EventID 1  cmd.exe -> schtasks /create /ru SYSTEM")


def test_real_cloudtrail_event_is_told_by_name_and_identity() -> None:
    events = list(read_events([EXAMPLES / "simulated" / "cloudtrail.json"]))
    line = next(line_of(event) for event in events if event.action == "CreateAccessKey")
    assert line.startswith("CreateAccessKey  eventSource=iam.amazonaws.com  userIdentity.arn=arn:aws:iam::")


def test_real_zeek_row_is_told_by_addresses() -> None:
    event = next(iter(read_events([EXAMPLES / "simulated" / "zeek_conn.log"])))
    attributes = event.attributes
    pair = f"{attributes['id.orig_h']} -> {attributes['id.resp_h']}:{attributes['id.resp_p']}"
    assert line_of(event).startswith(f"conn  {pair}  proto=")


@pytest.mark.parametrize("log", ["ssh/auth.log", "web/access.log"])
def test_real_line_of_text_stays_as_it_is(log: str) -> None:
    event = next(iter(read_events([EXAMPLES / log])))
    assert line_of(event) == " ".join(event.raw.split())


def test_real_audit_record_is_told_by_its_command() -> None:
    events = read_events([EXAMPLES / "audit" / "audit.log"])
    event = next(event for event in events if event.attributes.get("proctitle"))
    assert event.attributes["proctitle"] in line_of(event)


@pytest.mark.parametrize(
    ("folder", "pattern", "start"),
    [
        ("evtx-attack-samples", "exec_sysmon_1_lolbin_renamed_regsvr32_scrobj.evtx*", "EventID 1  "),
        ("security-datasets", "rdp_interactive_taskmanager_lsass_dump*", "EventID 5158  "),
        ("stratus-red-team", "aws.defense-evasion.cloudtrail-event-selectors*", "PutEventSelectors  "),
        ("zeek-testing", "m57-short/conn.log*", "conn  192.168.1.1 -> 224.0.0.251:5353  "),
    ],
    ids=["evtx", "windows-json", "cloudtrail", "zeek"],
)
def test_first_event_of_real_recordings(shared_data: Path, folder: str, pattern: str, start: str) -> None:
    path = min((shared_data / "attack" / folder).rglob(pattern))
    line = line_of(next(iter(read_events([path]))))
    assert line.startswith(start)
    assert "{" not in line[:60]
