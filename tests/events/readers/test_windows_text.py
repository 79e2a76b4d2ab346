"""WindowsXmlReader and SplunkTextReader."""

from __future__ import annotations

import io
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from evtx import PyEvtxParser

from growth import assert_linear
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.readers.evtx import EvtxReader
from loglm.events.readers.splunk_text import SplunkTextReader
from loglm.events.readers.windows_xml import WindowsXmlReader
from loglm.events.source import HEAD_BYTES, Source


def source_of(data: bytes) -> Source:
    return Source("a.xml", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])


def read(text: str | bytes) -> tuple[list[LogEvent], Problems]:
    problems = Problems()
    data = text.encode() if isinstance(text, str) else text
    return list(WindowsXmlReader().read(source_of(data), problems)), problems


def xml_event(number: int, text: str = "x") -> str:
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-A5BA-3E3B0328C30D}'/>"
        f"<EventID>4688</EventID><TimeCreated SystemTime='2021-01-14T23:41:39.9381753Z'/>"
        f"<EventRecordID>{number}</EventRecordID><Channel>Security</Channel><Computer>dc1</Computer><Security/></System>"
        f"<EventData><Data Name='NewProcessName'>C:\\{number}.exe</Data><Data Name='CommandLine'>{text}</Data>"
        "</EventData></Event>"
    )


def names(events: list[LogEvent]) -> list[str]:
    return [event.attributes["NewProcessName"] for event in events]


THREE = [xml_event(number) for number in (1, 2, 3)]
NAMES = ["C:\\1.exe", "C:\\2.exe", "C:\\3.exe"]

SPLUNK = """01/14/2021 11:41:39 PM
LogName=Microsoft-Windows-PowerShell/Operational
SourceName=Microsoft-Windows-PowerShell
EventCode=4104
EventType=5
Type=Verbose
ComputerName=dc1
User=NOT_TRANSLATED
Sid=S-1-5-21-1
SidType=0
TaskCategory=Execute a Remote Command
OpCode=On create calls
RecordNumber=168274
Keywords=None
Message=Creating Scriptblock text (1 of 1):
Get-Date

01/14/2021 11:41:39 PM
Write-Host x

ScriptBlock ID: 5a4fa6b8-2478-401a-be72-d1d40c3c754c
Path:
"""
SPLUNK_LOGON = """11/26/2020 05:01:02.123 PM
LogName=Security
SourceName=Microsoft Windows security auditing.
EventCode=4624
EventType=0
Type=Information
ComputerName=dc1
Message=An account was successfully logged on.

New Logon:
	Account Name:		alice
	Account Domain:		EX
"""


# --- layouts of XML ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n".join(THREE), id="one-a-line"),
        pytest.param("".join(THREE), id="one-behind-the-other"),
        pytest.param("<Events>" + "".join(THREE) + "</Events>", id="wrapped"),
        pytest.param(
            f'\ufeff<?xml version="1.0"?>\r\n<Events>\r\n{THREE[0]}\r\n{THREE[1]} {THREE[2]}</Events>\r\n',
            id="declared",
        ),
        pytest.param("\n".join(THREE).replace("><", ">\n  <"), id="pretty"),
        pytest.param("<!-- a comment -->\n" + "\n\n".join(THREE) + "\n", id="comment"),
        pytest.param("\n".join(f"Jan 14 23:41:39 host app[1]: {event}" for event in THREE), id="syslog-header"),
        pytest.param("\n".join(THREE).replace("</Event>", "</Event >"), id="blank-in-end-tag"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_xml_is_read_in_every_layout(text: str, encoding: str) -> None:
    events, problems = read(text.encode(encoding))
    assert names(events) == NAMES
    assert problems == Problems()


def test_xml_event_is_mapped() -> None:
    events, _ = read("\n" + THREE[0])
    event = events[0]
    assert event.attributes == {
        "EventID": 4688,
        "Channel": "Security",
        "Provider_Name": "Microsoft-Windows-Security-Auditing",
        "Computer": "dc1",
        "NewProcessName": "C:\\1.exe",
        "CommandLine": "x",
    }
    assert (event.raw, event.location.record, event.timestamp) == (THREE[0], 2, 1610667699.9381753)


def test_location_is_the_line_of_the_element() -> None:
    text = "<Events>\n\n" + "\n".join(event.replace("><System>", ">\n<System>") for event in THREE)
    assert [event.location.record for event in read(text)[0]] == [3, 5, 7]


@pytest.mark.parametrize("size", [1, 7, 100, 4096])
def test_elements_may_lie_across_chunks(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.events.readers.windows_xml._CHUNK_BYTES", size)
    events, problems = read(("<Events>\n" + "\n".join(THREE) + "\n</Events>\n" + SPLUNK).encode("utf-16"))
    assert names(events[:3]) == NAMES
    assert (events[3].action, problems) == ("4104", Problems())


# --- malformed XML -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (THREE[1].replace("</Channel>", "</Chanel>"), "mismatched tag"),
        (THREE[1].replace("<Channel>Security", "<Channel>&unknown;"), "undefined entity"),
        (THREE[1].removesuffix("</Event>"), "not closed"),
        ("<Event><Sys>x</Sys></Event>", "without a System part"),
        (f'<!DOCTYPE x [<!ENTITY a "b">]>\n{THREE[1].replace("Security<", "&a;<")}', "undefined entity"),
        (
            '<Event><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><System>&a;</System></Event>',
            "not well-formed",
        ),
    ],
)
def test_malformed_element_costs_only_itself(bad: str, reason: str) -> None:
    events, problems = read("\n".join((THREE[0], bad, THREE[2])))
    assert names(events) == [NAMES[0], NAMES[2]]
    assert problems.rejected == {"malformed-xml": 1}
    assert reason in problems.examples["malformed-xml"][0]
    line = 3 if bad.startswith("<!DOCTYPE") else 2
    assert problems.examples["malformed-xml"][0].startswith(f"a.xml:{line}: ")


@pytest.mark.parametrize("levels", [1, 6, 11])
def test_entities_are_never_expanded(levels: int) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, levels + 1))
    events_xml = xml_event(1, f"&a{levels};") + THREE[1]
    text = f'<?xml version="1.0"?>\n<!DOCTYPE Events [<!ENTITY a0 "x">{entities}]>\n<Events>{events_xml}</Events>'
    events, problems = read(text)
    assert names(events) == [NAMES[1]]
    assert problems.rejected["malformed-xml"] == 1


def test_cut_file_rejects_the_last_element() -> None:
    events, problems = read("\n".join(THREE)[:-40])
    assert (names(events), problems.rejected) == (NAMES[:2], {"malformed-xml": 1})


def test_control_characters_do_not_cost_the_event() -> None:
    events, problems = read(xml_event(1, "a\x01b&#x1f;c"))
    assert (events[0].attributes["CommandLine"], problems) == ("a\ufffdb\ufffdc", Problems())


def test_undecodable_bytes_become_replacement_characters() -> None:
    events, _ = read(xml_event(1, "caf?").encode().replace(b"caf?", b"caf\xe9"))
    assert events[0].attributes["CommandLine"] == "caf\ufffd"


def test_element_over_the_limit_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.events.readers.windows_xml._MAX_EVENT_CHARS", 5000)
    monkeypatch.setattr("loglm.events.readers.windows_xml._CHUNK_BYTES", 1000)
    events, problems = read("\n".join((THREE[0], xml_event(2, "y" * 20_000), THREE[2])))
    assert (names(events), problems.rejected) == ([NAMES[0], NAMES[2]], {"too-long": 1})
    assert events[1].location.record == 3


@pytest.mark.parametrize(
    "unit", ["<Event ", "<Event>", "</Event>", "<", "x", "\n", "01/14/2021 11:41:39 PM\n", "LogName=\n"]
)
def test_adversarial_text_gives_no_event_in_linear_time(unit: str) -> None:
    def read_nothing(text: str) -> None:
        assert read(text)[0] == []

    assert_linear(read_nothing, lambda size: unit * (size // len(unit)), 1_000_000)


def test_memory_does_not_grow_with_the_file() -> None:
    class Endless(io.RawIOBase):
        """4,000 events, made as they are read."""

        def __init__(self) -> None:
            self.left = 4000
            self.rest = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            if not self.rest and self.left:
                self.left -= 1
                self.rest = xml_event(self.left, "y" * 10_000).encode() + b"\n"
            piece, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(piece)] = piece
            return len(piece)

    source = Source("-", io.BufferedReader(Endless()), xml_event(1).encode())
    tracemalloc.start()
    count = sum(1 for _ in WindowsXmlReader().read(source, Problems()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4000
    assert peak < 10_000_000


# --- Splunk's text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("reader", [SplunkTextReader(), WindowsXmlReader()])
def test_splunk_events_are_read(reader: SplunkTextReader | WindowsXmlReader, line_end: str) -> None:
    problems = Problems()
    data = (SPLUNK + SPLUNK_LOGON).replace("\n", line_end).encode()
    script, logon = reader.read(source_of(data), problems)
    assert script.attributes == {
        "EventID": 4104,
        "Channel": "Microsoft-Windows-PowerShell/Operational",
        "Provider_Name": "Microsoft-Windows-PowerShell",
        "Computer": "dc1",
        "MessageNumber": "1",
        "MessageTotal": "1",
        "ScriptBlockText": "Get-Date\n\n01/14/2021 11:41:39 PM\nWrite-Host x",
        "ScriptBlockId": "{5a4fa6b8-2478-401a-be72-d1d40c3c754c}",
    }
    assert (script.timestamp, script.location.record) == (1610667699.0, 1)
    assert logon.attributes["Provider_Name"] == "Microsoft-Windows-Security-Auditing"
    assert (logon.user, logon.location.record) == ("EX\\alice", SPLUNK.count("\n") + 1)
    assert logon.timestamp == 1606410062.123
    assert problems == Problems()


def test_splunk_events_between_elements_are_read() -> None:
    events, problems = read(f"{THREE[0]}\n{SPLUNK}{THREE[1]}\n{SPLUNK_LOGON}")
    assert [event.action for event in events] == ["4688", "4104", "4688", "4624"]
    assert problems == Problems()


def test_text_that_is_neither_is_rejected() -> None:
    events, problems = read(f"hello\nworld\n{SPLUNK}{THREE[0]}\nnot an event\n")
    assert len(events) == 2
    assert problems.rejected == {"unknown-text": 2}
    assert problems.examples["unknown-text"][0].startswith("a.xml:1: ")


def test_splunk_event_over_the_limit_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.events.readers.splunk_text._MAX_EVENT_CHARS", 5000)
    events, problems = read(SPLUNK + SPLUNK_LOGON + "x\n" * 9000 + SPLUNK)
    assert ([event.action for event in events], problems.rejected) == (["4104", "4104"], {"too-long": 1})


@pytest.mark.parametrize(
    ("text", "xml", "splunk"),
    [
        (THREE[0], 0.95, 0.0),
        ("<Events>" + THREE[0], 0.95, 0.0),
        ('\ufeff<?xml version="1.0" encoding="utf-8"?>\n<Events>\n' + THREE[0], 0.95, 0.0),
        ("<14>Jan 14 host: " + THREE[0], 0.6, 0.0),
        (SPLUNK, 0.0, 0.95),
        ("\n" + SPLUNK, 0.0, 0.95),
        (THREE[0] + "\n" + SPLUNK, 0.95, 0.6),
        ('{"xml": "<Event xmlns=\'http://schemas.microsoft.com/win/2004/08/events/event\'><System>"}', 0.0, 0.0),
        ("<Events><Event id='1'>of another kind</Event></Events>", 0.0, 0.0),
        ("01/14/2021 11:41:39 PM started\nLogName=x", 0.0, 0.0),
        ("", 0.0, 0.0),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_sniff_tells_the_layouts_apart(text: str, xml: float, splunk: float, encoding: str) -> None:
    source = source_of(text.encode(encoding))
    assert (WindowsXmlReader().sniff(source), SplunkTextReader().sniff(source)) == (xml, splunk)


# --- real files --------------------------------------------------------------------------------------------------


def _real(path: Path) -> bytes:
    with path.open("rb") as stream:
        return zstandard.ZstdDecompressor().stream_reader(stream).read()


def test_real_file_of_xml_and_splunk_text_is_read(shared_data: Path) -> None:
    name = "attack/splunk-attack-data/T1552.004/certutil_exe_certificate_extraction.xml.zst"
    events, problems = read(_real(shared_data / name))
    assert [event.action for event in events].count("4104") == 19
    assert (len(events), problems) == (59, Problems())
    assert all(event.host and event.timestamp for event in events)


@pytest.mark.parametrize(
    "name",
    [
        "benign-windows/omerbenamram-evtx/sysmon.evtx.zst",
        "splunk-attack-data/T1218.001/Security.evtx.zst",
        "dfir-museum/win10-belkasoft-insider/Microsoft-Windows-TaskScheduler_Operational.evtx.zst",
    ],
)
def test_real_records_in_xml_give_what_evtx_gives(shared_data: Path, name: str) -> None:
    data = _real(shared_data / "attack" / name)
    expected = list(EvtxReader().read(source_of(data), Problems()))
    records = PyEvtxParser(io.BytesIO(data), 1).records()
    texts = [next(records)["data"].partition("?>")[2] for _ in expected]
    events, problems = read("<Events>\n" + "\n".join(texts) + "\n</Events>")
    assert [event.attributes for event in events] == [event.attributes for event in expected]
    assert [event.timestamp for event in events] == pytest.approx([event.timestamp for event in expected], abs=1e-5)
    assert problems == Problems()
