from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import zstandard

from loglm.errors import InputError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import parse_line, read_events, read_source
from loglm.events.source import Source

LINE = b"Oct 11 22:14:15 web1 sshd[%d]: Failed password for invalid user bob from 1.2.3.4 port 22 ssh2\n"
LOG = b"".join(LINE % number for number in range(3000))
_NOISE = random.Random(0).randbytes(2000)
TEN = b"".join(LINE % number for number in range(10))


def test_read_events_reads_folders_and_archives(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(TEN)
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(TEN))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("in/d.log", TEN)
    events = list(read_events([tmp_path]))
    assert [event.location.path.removeprefix(str(tmp_path)) for event in events[::10]] == [
        "/a.log",
        "/b.log.gz",
        "/c.zip!in/d.log",
    ]
    assert {str(event.log_source) for event in events} == {"linux/sshd"}


def test_read_events_reads_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LOG)))
    events = list(read_events(["-"]))
    assert (len(events), str(events[-1].location)) == (3000, "<stdin>:3000")


def test_read_events_refuses_what_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no file or folder"):
        list(read_events([tmp_path / "none.log"]))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor(level=1).compress])
def test_read_events_keeps_events_of_a_truncated_stream_with_the_cut_one(tmp_path: Path, pack: object) -> None:
    dice = random.Random(0)
    noisy = b"".join(b"Oct 11 22:14:15 h a[1]: %s\n" % dice.randbytes(40).hex().encode() for _ in range(20_000))
    packed = pack(noisy)  # type: ignore[operator]
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) // 2])
    problems = Problems()
    events = list(read_events([path], problems=problems))
    assert problems.notes == {"truncated": 1}
    assert "\n".join(event.raw for event in events) == noisy[: sum(len(event.raw) + 1 for event in events) - 1].decode()
    assert len(events) > 1000


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("photo.dat", b"\x89PNG\r\n\x1a\n" + bytes(1000), "a PNG image"),
        ("paper", b"%PDF-1.7\n%\xe2\xe3\n" + _NOISE[:500], "a PDF document"),
        ("tool", b"\x7fELF" + _NOISE, "an ELF program"),
        ("tool.exe", b"MZ\x90\0\x03" + bytes(60) + _NOISE, "a Windows program"),
        ("capture", b"\xd4\xc3\xb2\xa1" + _NOISE, "a packet capture"),
        ("random", bytes(range(256)) * 10, "binary data"),
        ("zeros", bytes(5000), "binary data"),
    ],
)
def test_read_events_notes_what_is_no_log(tmp_path: Path, name: str, data: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(data)
    problems = Problems()
    assert list(read_events([tmp_path / name], problems=problems)) == []
    assert problems.notes == {"not-a-log": 1}
    assert what in problems.examples["not-a-log"][0]


def test_read_events_notes_empty_files_and_folders(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    (tmp_path / "folder").mkdir()
    problems = Problems()
    assert list(read_events([tmp_path / "empty.log", tmp_path / "folder"], problems=problems)) == []
    assert problems.notes == {"empty": 1, "empty-folder": 1}


@pytest.mark.parametrize(
    "data",
    [
        b"\n",
        b" \r\n\t\r\n",
        "\ufeff \n\n".encode(),
        "\ufeff\n\n\n\n".encode("utf-16-le"),
        gzip.compress(b"\n\n"),
        b"\n" * 80_000,
    ],
    ids=["line", "spaces", "bom", "utf-16", "gzip", "long"],
)
def test_a_file_of_blank_lines_is_an_empty_log(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "blank.log").write_bytes(data)
    problems = Problems()
    assert list(read_events([tmp_path / "blank.log"], problems=problems)) == []
    assert problems.notes == {"empty": 1}
    assert problems.examples["empty"] == [f"{tmp_path / 'blank.log'}: holds blank lines only"]


def test_lines_after_many_blank_ones_are_read(tmp_path: Path) -> None:
    (tmp_path / "late.log").write_bytes(b"\n" * 80_000 + TEN)
    problems = Problems()
    events = list(read_events([tmp_path / "late.log"], problems=problems))
    assert (len(events), events[0].location.record, problems.notes) == (10, 80_001, {})


def test_read_source_keeps_the_events_before_an_io_error() -> None:
    class Failing(io.RawIOBase):
        pieces: Iterator[bytes] = iter([TEN[:-20]])

        def readable(self) -> bool:
            return True

        def readinto(self, target: bytearray) -> int:  # type: ignore[override]
            piece = next(self.pieces, None)
            if piece is None:
                raise OSError("the disk is gone")
            target[: len(piece)] = piece
            return len(piece)

    problems = Problems()
    events: list[LogEvent] = []
    events.extend(read_source(Source("log", io.BufferedReader(Failing()), TEN), problems))
    assert len(events) == 10
    assert problems.examples == {"unreadable": ["log:10: reading stopped after this record: the disk is gone"]}


@pytest.mark.parametrize(
    ("head", "source"),
    [
        (
            b'{"event_type": "alert", "flow_id": 1, "src_ip": "1.2.3.4", "timestamp": "2021-01-27T01:28:11.4+0100"}\n'
            * 3,
            "suricata/alert",
        ),
        (b"type=LOGIN msg=audit(1.5:2): pid=1\n", "linux/auditd"),
        (b'1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1\n', "unknown/access/webserver"),
        (
            b"#Fields: date time cs-method cs-uri-stem sc-status\n2021-10-11 22:14:15 GET / 200\n",
            "unknown/w3c/webserver",
        ),
        ("Oct 11 22:14:15 web1 su: x\r\n".encode("utf-16"), "linux/auth"),
    ],
)
def test_read_source_picks_the_reader_by_content(head: bytes, source: str) -> None:
    events = list(read_source(Source("x", io.BufferedReader(io.BytesIO(head)), head), Problems(stop_on_error=True)))  # type: ignore[arg-type]
    assert {str(event.log_source) for event in events} == {source}


def test_parse_line_replaces_surrogates_without_their_other_half() -> None:
    assert parse_line("a\udcffb \ud83d\ude00 \ud800é").raw == "a\ufffdb \U0001f600 \ufffdé"
