from __future__ import annotations

import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from loglm.events.event import LogEvent
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.readers.text_lines import TextLinesReader
from loglm.events.source import HEAD_BYTES, Source

TRACE = """2021-10-11 22:14:15 ERROR failed
\tat com.example.A(A.java:1)
    at com.example.B(B.java:2)
Caused by: java.io.IOException
\t... 12 more

2021-10-11 22:14:16 INFO on we go
"""


def source_of(data: bytes | str) -> Source:
    data = data.encode() if isinstance(data, str) else data
    return Source("log", io.BufferedReader(io.BytesIO(data)), data[:HEAD_BYTES])  # type: ignore[arg-type]


def read(data: bytes | str) -> list[LogEvent]:
    return list(TextLinesReader().read(source_of(data), Problems(stop_on_error=True)))


def test_read_makes_an_event_of_every_line_that_is_not_blank() -> None:
    events = read("Oct 11 22:14:15 web1 sshd[1]: x\n\nnot syslog\r\na=1 b=2 c=3\n")
    assert [(event.location.record, str(event.log_source)) for event in events] == [
        (1, "linux/sshd"),
        (3, "unknown/text"),
        (4, "unknown/key_value"),
    ]
    assert [event.raw for event in events][1] == "not syslog"


def test_read_joins_stack_traces_where_lines_begin_with_times() -> None:
    events = read(TRACE)
    assert [event.location.record for event in events] == [1, 7]
    assert events[0].raw == "\n".join(TRACE.splitlines()[:5])
    assert events[0].body is not None
    assert events[0].body.startswith("ERROR failed\n\tat com")


def test_read_joins_nothing_where_lines_begin_without_times() -> None:
    assert len(read("first\n  second\n\tthird\nat home\n")) == 4


def test_read_joins_no_more_than_its_limits() -> None:
    events = read("2021-10-11 22:14:15 ERROR x\n" + "\tat frame\n" * 1200)
    assert [event.raw.count("\n") for event in events] == [500, 500, 198]
    long = read("2021-10-11 22:14:15 ERROR x\n" + ("\t" + "y" * 30_000 + "\n") * 9)
    assert max(len(event.raw) for event in long) < 100_000
    assert sum(event.raw.count("\n") + 1 for event in long) == 10


@pytest.mark.parametrize(
    ("data", "low", "high"),
    [
        (b"", 0, 0),
        (b"\n\n", 0.1, 0.1),
        (b"some text\n", 0.1, 0.1),
        (b"Oct 11 22:14:15 web1 sshd[1]: x\n" * 5, 0.85, 0.85),
        (b"Oct 11 22:14:15 web1 sshd[1]: x\ntext\n" * 5, 0.4, 0.5),
        ("Grüße\n".encode("utf-16"), 0.1, 0.1),
        ("Grüße\n".encode("cp1252"), 0.1, 0.1),
        (b"text\n" * 20 + bytes(5000), 0.1, 0.1),
        (bytes(100), 0, 0),
        (bytes(range(256)) * 20, 0, 0),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(0, 250, 3)) * 9, 0, 0),
        (b"%PDF-1.4\nsome text\n" * 9, 0, 0),
    ],
)
def test_sniff_tells_logs_from_text_and_binary(data: bytes, low: float, high: float) -> None:
    assert low <= TextLinesReader().sniff(source_of(data)) <= high


def test_read_takes_the_year_from_when_the_file_was_written(tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_text("Oct 11 22:14:15 web1 sshd[1]: x\n")
    written = datetime(2012, 3, 1, tzinfo=UTC).timestamp()
    os.utime(path, (written, written))
    problems = Problems()
    (event,) = (event for source in open_path(path, problems) for event in TextLinesReader().read(source, problems))
    assert event.time == datetime(2011, 10, 11, 22, 14, 15, tzinfo=UTC)


def test_read_decodes_mixed_encodings_and_drops_nul_bytes() -> None:
    data = "ä\n".encode() + "ä\n".encode("cp1252") + b"nul\0nul\n" + b"\x81\n"
    assert [event.raw for event in read(data)] == ["ä", "ä", "nulnul", "\ufffd"]
