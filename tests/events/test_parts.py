"""Parts of a file: read one by one they give what the whole file gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from loglm.events.event import LogEvent
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.source import WHOLE, Part
from loglm.events.splitting import parts_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"

JSON_LINES = (
    b'{"a": 1, "msg": "x"}',
    b'{"a": 2,',
    b' "b": {"c": "}"}}',
    b'"b": 3}',
    b"text between",
    b"",
    b"{ broken",
    b"[1]",
)
TEXT_LINES = (
    b"Oct 11 22:14:15 web1 sshd[230]: Failed password for root from 192.0.2.7 port 22 ssh2",
    b"2021-02-03 04:05:06 ERROR failed", b"Caused by: java.io.IOException", b"\tat a.b.C(D.java:3)", b"at x", b"",
    b" ", b"\0 at foo", b"C\0aused by: NUL", b"\xef\xbb\xbf at bar", b"\xff\xfe odd bytes", b"plain line",
)  # fmt: skip
ZEEK_LINES = (
    b"#separator \\x09", b"#path\tconn", b"#fields\tts\tuid\tid.orig_h", b"#types\ttime\tstring\taddr", b"#close\tnow",
    b"#fields\tts\thost", b"1614312306.5\tCabc\t192.0.2.1", b"1614312306.5\tweb1", b"a b", b"\0#fields\tx\ty",
)  # fmt: skip
W3C_LINES = (
    b"#Software: Microsoft Internet Information Services 10.0", b"#Date: 2021-02-03 04:05:06", b"#Date: 2022-02-03",
    b"#Fields: time cs-method c-ip", b"#Fields: date time c-ip", b"04:05:06 GET 192.0.2.1",
    b"2021-02-03 04:05:07 192.0.2.2", b"one",
)  # fmt: skip
CSV_LINES = (
    b"StartTime,Dur,Proto,SrcAddr,State", b"2011/08/10 09:46:59.607825,1.026539,tcp,192.0.2.1,S_RA", b"# a,b,c,d,e",
    b'1,2,"x', b'y",3,4', b"1,2", b"", b"\xc3\xa4,1,2,3,4",
)  # fmt: skip
KINDS = {
    "json": (JSON_LINES, JSON_LINES[:1]),
    "text": (TEXT_LINES, TEXT_LINES[:2]),
    "zeek": (ZEEK_LINES, ZEEK_LINES[:4]),
    "w3c": (W3C_LINES, W3C_LINES[:4]),
    "csv": (CSV_LINES, (CSV_LINES[0], *CSV_LINES[1:2] * 9)),
}


def read(path: Path, part: Part = WHOLE) -> tuple[list[LogEvent], Problems]:
    problems = Problems()
    return [event for source in open_path(path, problems, part) for event in read_source(source, problems)], problems


def assert_parts_give_the_whole(path: Path, size_bytes: int) -> int:
    parts = list(parts_of(str(path), size_bytes))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])]
    assert parts[-1].end is None
    events, problems = read(path)
    counted, seen = Problems(), []
    for part in parts:
        more, found = read(path, part)
        seen += more
        counted.merge(found)
    assert seen == events
    assert (counted.rejected, counted.examples) == (problems.rejected, problems.examples)
    return len(parts)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data(), size_bytes=st.integers(1, 400), end=st.sampled_from([b"\n", b"\r\n"]))
def test_parts_of_lines_give_the_events_of_the_whole_file(
    kind: str, data: st.DataObject, size_bytes: int, end: bytes
) -> None:
    choices, head = KINDS[kind]
    lines = [*head, *data.draw(st.lists(st.sampled_from(choices), max_size=40))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(end.join(lines) + data.draw(st.sampled_from([b"", end])))
        assert_parts_give_the_whole(path, size_bytes)


@pytest.mark.parametrize(
    ("name", "is_split"),
    [
        ("linux/syslog", True),
        ("ssh/auth.log", True),
        ("web/access.log", True),
        ("simulated/windows_security_sysmon.jsonl", True),
        ("simulated/zeek_conn.log", True),
        ("simulated/cloudtrail.json", False),
        ("audit/audit.log", False),
    ],
)
@pytest.mark.parametrize("size_bytes", [900, 7_000])
def test_parts_of_real_logs_give_the_events_of_the_whole_file(name: str, is_split: bool, size_bytes: int) -> None:
    assert (assert_parts_give_the_whole(EXAMPLES / name, size_bytes) > 3) == is_split


@pytest.mark.parametrize("damage", ["none", "chunk", "checksum", "cut"])
def test_parts_of_evtx_give_the_events_and_rejects_of_the_whole_file(
    shared_data: Path, tmp_path: Path, damage: str
) -> None:
    packed = shared_data / "attack/benign-windows/dfir-museum-win11-rathbunvm/Security.evtx.zst"
    unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(packed.read_bytes())
    data = bytearray(unpacked[: 4096 + 12 * 65_536])
    if damage == "chunk":
        data[4096 + 3 * 65_536 : 4096 + 5 * 65_536] = b"x" * (2 * 65_536)
    elif damage == "checksum":
        data[4096 + 52] ^= 1
    elif damage == "cut":
        del data[-30_000:]
    path = tmp_path / "Security.evtx"
    path.write_bytes(data)
    assert assert_parts_give_the_whole(path, 2 * 65_536) > 3


def test_a_line_too_long_is_rejected_once_and_parts_go_on_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(JSON_LINES[0] + b"\n" + b"x" * (3 << 20) + b"\n" + (JSON_LINES[0] + b"\n") * 9_000)
    assert assert_parts_give_the_whole(path, 50_000) > 2


@pytest.mark.parametrize(
    "data", [TEXT_LINES[0].decode().encode("utf-16") * 9, (TEXT_LINES[0] + b"\r") * 99], ids=["utf-16", "cr"]
)
def test_other_encodings_and_line_ends_are_one_part(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "log").write_bytes(data)
    assert list(parts_of(str(tmp_path / "log"), 100)) == [WHOLE]


def test_small_packed_missing_files_and_standard_input_are_one_part(tmp_path: Path) -> None:
    packed = tmp_path / "syslog.zst"
    packed.write_bytes(zstandard.compress((EXAMPLES / "linux/syslog").read_bytes()))
    assert list(parts_of(str(packed), 10)) == [WHOLE]
    assert [list(parts_of(name)) for name in ("-", "none", str(EXAMPLES / "linux/syslog"))] == [[WHOLE]] * 3
