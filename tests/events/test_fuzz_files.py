"""Damaged and hostile files: reading never raises, ends soon, and says what it left out."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import random
import tarfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import zstandard

from loglm.errors import RecordError, SourceLocation
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
LINE = b"Oct 11 22:14:15 web1 sshd[230]: Failed password for root from 192.0.2.7 port 22 ssh2\n"
_LARGEST = 24_000
_ROUNDS = 6
_SLOWEST_S = 60.0
"""CPU seconds. These files take one or two: a guard against work without bound only."""
_SHARED = (
    "attack/evtx-attack-samples/Execution/*.evtx.zst",
    "attack/security-datasets/atomic/windows/execution/host/*.json.zst",
    "attack/invictus-aws/CloudTrail/*.json.zst",
    "attack/zeek-testing/m57-long/*.log.zst",
    "logs/parsing/elastic_integrations/iis/access/*.log",
)

Mutation = Callable[[bytes, random.Random], bytes]


def truncated(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def flipped(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(max(1, len(data) // 200)):
        changed[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    return bytes(changed)


def with_nuls(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes(dice.randrange(1, 600)) + data[at:]


def with_chunk_twice(data: bytes, dice: random.Random) -> bytes:
    start, length, at = dice.randrange(len(data)), dice.randrange(1, 2000), dice.randrange(len(data))
    return data[:at] + data[start : start + length] + data[at:]


def in_utf16(data: bytes, dice: random.Random) -> bytes:
    return data.decode("latin-1").encode(dice.choice(("utf-16", "utf-16-le", "utf-16-be")))


def in_mixed_encodings(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + "\r\nGrüße\r\n".encode("cp1252") + data[at:].decode("latin-1").encode("utf-16-le")


def packed_and_flipped(data: bytes, dice: random.Random) -> bytes:
    return flipped(dice.choice((partial(gzip.compress, mtime=0), bz2.compress, zstandard.compress))(data), dice)


MUTATIONS = (
    *(truncated, flipped, with_nuls, with_chunk_twice, in_utf16, in_mixed_encodings),
    packed_and_flipped,
)


def read(path: Path) -> tuple[list[LogEvent], Problems]:
    """The events and problems of a path; checks that both are consistent and that reading was quick."""
    problems = Problems()
    started = time.process_time()
    events = list(read_events([path], problems=problems))
    assert time.process_time() - started < _SLOWEST_S
    assert all(event.raw and event.location.path.startswith(str(path)) for event in events)
    assert all(count > 0 for count in problems.rejected.values())
    assert set(problems.examples) == set(problems.rejected) | set(problems.notes)
    return events, problems


def check_mutations(data: bytes, path: Path, seed: str) -> None:
    """Read a file in several damaged forms, render what comes out."""
    for mutation in MUTATIONS:
        for number in range(_ROUNDS):
            damaged = mutation(data, random.Random(f"{seed}/{mutation.__name__}/{number}"))
            path.write_bytes(damaged)
            events, problems = read(path)
            said = problems.total_rejected + problems.notes.total()
            assert events or said or not damaged.strip(b"\0 \r\n\t\xff\xfe"), (mutation.__name__, number)
            for event in events[:20]:
                assert render(event)


@pytest.mark.parametrize("name", ["ssh/auth.log", "web/access.log", "web/error.log", "audit/audit.log", "linux/syslog"])
def test_read_events_survives_damaged_lines(name: str, tmp_path: Path) -> None:
    _check_example(EXAMPLES / name, tmp_path)


@pytest.mark.parametrize("name", ["zeek_conn.log", "windows_security_sysmon.jsonl", "cloudtrail.json"])
def test_read_events_survives_damaged_records(name: str, tmp_path: Path) -> None:
    _check_example(EXAMPLES / "simulated" / name, tmp_path)


def _check_example(path: Path, tmp_path: Path) -> None:
    if not path.is_file():
        pytest.skip(f"needs the example {path.name}")
    check_mutations(path.read_bytes()[:_LARGEST], tmp_path / "input.log", path.name)


@pytest.mark.parametrize("pattern", _SHARED)
def test_read_events_survives_damaged_real_files(pattern: str, shared_data: Path, tmp_path: Path) -> None:
    path = min(shared_data.glob(pattern), key=lambda path: path.name, default=None)
    if path is None:
        pytest.skip(f"no file fits {pattern}")
    data = path.read_bytes()
    if path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    check_mutations(data[: 4096 + 65_536 if ".evtx" in path.name else _LARGEST], tmp_path / "input.log", path.name)


# --- hostile inputs ----------------------------------------------------------------------------------------------


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def tarred(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (zipped({"a.log": LINE * 50})[:-40], "damaged"),
        (gzip.compress(LINE * 5000)[:200], "truncated"),
        (zstandard.compress(random.Random(1).randbytes(4000).hex().encode())[:3000], "truncated"),
        (zstandard.compress(LINE * 2000 + bytes(80_000_000)), "decompression-bomb"),
        (b"\x7fELF" + bytes(4000), "not-a-log"),
    ],
    ids=["empty", "broken-zip", "cut-gzip", "cut-zstd", "bomb", "program"],
)
def test_read_events_notes_what_is_broken(data: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "input.log").write_bytes(data)
    assert kind in read(tmp_path / "input.log")[1].notes


def test_read_events_notes_a_folder_without_logs(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG")
    events, problems = read(tmp_path)
    assert not events
    assert problems.notes == {"not-a-log": 1, "empty-folder": 1}


def test_read_events_bounds_a_line_of_50_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "input.log"
    path.write_bytes(LINE + b"A" * 50_000_000 + b"\n" + LINE)
    events, problems = read(path)
    assert [event.raw for event in events if len(event.raw) < 200] == [LINE.decode().rstrip()] * 2
    assert problems.rejected.total() or max(len(event.raw) for event in events) < 50_000_000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_read_events_decodes_the_line(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "input.log").write_bytes((LINE * 3).decode().encode(encoding))
    events, _ = read(tmp_path / "input.log")
    assert [event.user for event in events] == ["root"] * 3


def test_read_events_keeps_lines_around_nul_bytes(tmp_path: Path) -> None:
    (tmp_path / "input.log").write_bytes(LINE + bytes(4096) + b"\n" + LINE)
    events, _ = read(tmp_path / "input.log")
    assert [event.user for event in events if event.user] == ["root"] * 2


def test_read_events_survives_deep_json(tmp_path: Path) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    (tmp_path / "input.json").write_text(f"{json.dumps({'user': 'ann'})}\n{deep}\n{json.dumps({'user': 'bob'})}\n")
    events, problems = read(tmp_path / "input.json")
    assert [event.user for event in events if event.user] == ["ann", "bob"]
    assert problems.total_rejected + len(events) >= 3


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_read_events_writes_nothing_for_hostile_names(
    pack: Callable[[dict[str, bytes]], bytes], tmp_path: Path
) -> None:
    names = ["../../evil.log", "/etc/evil.log", "..\\..\\evil.log", "a\nb.log"]
    (tmp_path / "inner").mkdir()
    path = tmp_path / "inner" / "input.bin"
    path.write_bytes(pack(dict.fromkeys(names, LINE)))
    events, _ = read(path)
    assert len(events) == len(names)
    assert all("\n" not in event.location.path for event in events)
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {"input.bin"}


# --- stopping at the first problem -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["empty", "hidden", "not-a-log", "listed-twice", "empty-folder", "no-header"])
def test_problems_do_not_stop_at_harmless_notes(kind: str) -> None:
    problems = Problems(stop_on_error=True)
    problems.note(kind, "is left out", SourceLocation("a.log"))
    assert problems.notes == {kind: 1}


@pytest.mark.parametrize("kind", ["unreadable", "truncated", "damaged", "encrypted", "decompression-bomb"])
def test_problems_stop_at_broken_files(kind: str) -> None:
    with pytest.raises(RecordError, match=r"a\.log: breaks off"):
        Problems(stop_on_error=True).note(kind, "breaks off", SourceLocation("a.log"))


def test_problems_stop_at_rejected_records() -> None:
    with pytest.raises(RecordError):
        Problems(stop_on_error=True).reject("malformed-json", "is no JSON", SourceLocation("a.log", 3))
