from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import threading
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loglm.errors import RecordError
from loglm.events.opening import MAX_LAYERS, open_path
from loglm.events.problems import Problems
from loglm.events.source import Part

LINES = b"".join(b"line %d of a log\n" % number for number in range(20_000))
NOISE = random.Random(0).randbytes(400_000)


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(data)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def contents(path: Path, problems: Problems | None = None) -> dict[str, bytes]:
    """What each stream of a file holds, by the part of its name behind the file's."""
    expected_notes = problems is not None
    problems = problems or Problems(stop_on_error=True)
    found = {source.path.removeprefix(str(path)): source.stream.read() for source in open_path(path, problems)}
    assert expected_notes or not problems.notes
    return found


@pytest.fixture
def log(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(data: bytes) -> Path:
        path = tmp_path / "input.dat"
        path.write_bytes(data)
        return path

    return write


def test_open_path_gives_a_plain_file_itself(log: Callable[[bytes], Path]) -> None:
    path = log(LINES)
    (source,) = open_path(path, Problems())
    assert (source.path, source.file, source.head) == (str(path), path, LINES[:65_536])


def test_a_part_behind_the_end_of_a_file_that_was_cut_is_told(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    assert list(open_path(log(b"a line\n"), problems, Part(start=4_096))) == []
    assert problems.notes == {"truncated": 1}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_open_path_unpacks_by_content(log: Callable[[bytes], Path], pack: Callable[[bytes], bytes]) -> None:
    assert contents(log(pack(LINES))) == {"": LINES}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_open_path_reads_concatenated_members(log: Callable[[bytes], Path], pack: Callable[[bytes], bytes]) -> None:
    assert contents(log(pack(b"one\n") + pack(LINES))) == {"": b"one\n" + LINES}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_open_path_keeps_what_precedes_a_cut(log: Callable[[bytes], Path], pack: Callable[[bytes], bytes]) -> None:
    problems = Problems()
    data = NOISE
    packed = pack(data)
    kept = contents(log(packed[: len(packed) * 9 // 10]), problems).get("", b"")
    assert data.startswith(kept)
    assert problems.notes == {"truncated": 1}
    assert kept or pack is bz2.compress


def test_open_path_notes_damage_inside_a_stream(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    packed = bytearray(gzip.compress(NOISE[:300_000]))
    packed[200_000:200_100] = bytes(100)
    assert len(contents(log(bytes(packed)), problems)[""]) > 100_000
    assert problems.notes == {"damaged": 1}


def test_open_path_stops_at_damage_where_asked(log: Callable[[bytes], Path]) -> None:
    with pytest.raises(RecordError, match="stops before its end"):
        contents(log(gzip.compress(LINES)[:-9]))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_open_path_lists_zip_members(log: Callable[[bytes], Path], method: int) -> None:
    path = log(zipped({"a.log": b"A", "sub/b.log": LINES}, method))
    assert contents(path) == {"!a.log": b"A", "!sub/b.log": LINES}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_open_path_lists_tar_members(log: Callable[[bytes], Path], form: int) -> None:
    long = "x" * 90 + "/" + "y" * 90 + ".log"
    assert contents(log(tarred({"a.log": b"A", long: LINES}, form))) == {"!a.log": b"A", "!" + long: LINES}


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
def test_open_path_unpacks_packed_tars(log: Callable[[bytes], Path], pack: Callable[[bytes], bytes]) -> None:
    path = log(pack(tarred({"a.log.gz": gzip.compress(b"A"), "b.log": LINES})))
    assert contents(path) == {"!a.log.gz": b"A", "!b.log": LINES}


def test_open_path_unpacks_a_zip_inside_a_tar(log: Callable[[bytes], Path]) -> None:
    assert contents(log(tarred({"in.zip": zipped({"a.log": LINES})}))) == {"!in.zip!a.log": LINES}


def test_open_path_stops_at_the_stated_depth(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    data = LINES
    for _ in range(MAX_LAYERS + 1):
        data = gzip.compress(data)
    assert contents(log(data), problems) == {}
    assert problems.notes == {"nested-too-deep": 1}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_open_path_only_shows_names_that_climb(
    log: Callable[[bytes], Path], pack: Callable[[dict[str, bytes]], bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    path = folder / "input"
    path.write_bytes(pack({"../../climbed.log": b"A", "/tmp/absolute.log": b"B", "esc\x1b[2J.log": b"C"}))
    before = sorted(tmp_path.rglob("*"))
    assert list(contents(path)) == ["!../../climbed.log", "!/tmp/absolute.log", "!esc?[2J.log"]
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/absolute.log").exists()


def test_open_path_ignores_links_and_devices_in_a_tar(log: Callable[[bytes], Path]) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo(f"kind{kind!r}")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert contents(log(out.getvalue())) == {}


def test_open_path_notes_hidden_and_unlikely_members(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    members = {"__MACOSX/x": b"x", "sub/._a.log": b"x", "logo.png": b"x", "empty.log": b"", "a.log": b"A"}
    assert contents(log(zipped(members)), problems) == {"!a.log": b"A"}
    assert problems.notes == {"hidden": 2, "not-a-log": 1, "empty": 1}


def test_open_path_reads_a_zip_that_was_cut_before_its_directory(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    data = zipped({"a.log": b"A", "b.log": LINES, "c.log": NOISE[:100_000]})
    found = contents(log(data[: len(data) - 50_000]), problems)
    assert found["!a.log"] == b"A"
    assert found["!b.log"] == LINES
    assert 0 < len(found["!c.log"]) < 100_000
    assert problems.notes == {"damaged": 1, "truncated": 1}


def test_open_path_reads_a_tar_that_was_cut(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    data = tarred({"a.log": b"A", "b.log": LINES})
    assert contents(log(data[: 1024 + 512 + 70_000]), problems)["!b.log"][:65_536] == LINES[:65_536]
    assert problems.notes["truncated"] >= 1


def test_open_path_notes_encrypted_members_and_reads_the_others(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    data = bytearray(zipped({"secret.log": b"A" * 50, "open.log": b"B"}))
    for at in (data.find(b"PK\x03\x04") + 6, data.find(b"PK\x01\x02") + 8):
        data[at] |= 1
    assert contents(log(bytes(data)), problems) == {"!open.log": b"B"}
    assert problems.notes == {"encrypted": 1}
    assert "secret.log" in problems.examples["encrypted"][0]


@pytest.mark.parametrize("pack", [gzip.compress, zstd, lzma.compress])
def test_open_path_ends_a_decompression_bomb(log: Callable[[bytes], Path], pack: Callable[[bytes], bytes]) -> None:
    path = log(pack(bytes(300 << 20)))
    problems = Problems()
    tracemalloc.start()
    size = 0
    for source in open_path(path, problems):
        while piece := source.stream.read1(1 << 18):
            size += len(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size < 300 << 20
    assert problems.notes == {"decompression-bomb": 1}
    assert peak < 150 << 20


def test_open_path_counts_all_layers_and_members_of_a_bomb_together(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    member = gzip.compress(zlib.compress(b"", 9) + bytes(30 << 20))
    path = log(zstd(tarred({f"{number}.gz": member for number in range(40)})))
    found = contents(path, problems)
    assert len(found) < 40
    assert problems.notes == {"decompression-bomb": 1}


def test_open_path_refuses_a_tar_header_that_asks_for_memory(log: Callable[[bytes], Path]) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = b"x", 1 << 40
    problems = Problems()
    assert contents(log(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)), problems) == {}
    assert problems.notes == {"damaged": 1}


@pytest.mark.parametrize("data", [b"", gzip.compress(b""), zipped({})], ids=["bytes", "gzip", "zip"])
def test_open_path_yields_nothing_for_what_is_empty(log: Callable[[bytes], Path], data: bytes) -> None:
    assert contents(log(data), Problems()) == {}


def test_open_path_notes_an_empty_file(log: Callable[[bytes], Path]) -> None:
    problems = Problems()
    assert contents(log(b""), problems) == {}
    assert problems.notes == {"empty": 1}


@pytest.mark.parametrize("data", [LINES, gzip.compress(LINES), b"short"], ids=["lines", "gzip", "short"])
def test_open_path_reads_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    (source,) = ((s.path, s.stream.read()) for s in open_path("-", Problems()))
    assert source == ("<stdin>", LINES if len(data) > 5 else data)


def test_open_path_reads_a_zip_from_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a.log": LINES, "empty.log": b"", "b.log": b"B"})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert {s.path: s.stream.read() for s in open_path("-", Problems())} == {
        "<stdin>!a.log": LINES,
        "<stdin>!b.log": b"B",
    }


def test_open_path_reads_a_streamed_zip_whose_sizes_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        archive.writestr("a.log", LINES)
        archive.writestr("b.log", b"B")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pipe.data)))
    assert {s.path: s.stream.read() for s in open_path("-", Problems())} == {
        "<stdin>!a.log": LINES,
        "<stdin>!b.log": b"B",
    }


def test_open_path_reads_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=[b"from a pipe\n"])
    writer.start()
    assert [s.stream.read() for s in open_path(pipe, Problems())] == [b"from a pipe\n"]
    writer.join()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.sampled_from(["zip", "tar", "gz", "zst", "tgz"]),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=6),
    st.floats(0, 1),
)
def test_open_path_takes_any_damage(tmp_path: Path, kind: str, changes: list[tuple[float, bytes]], cut: float) -> None:
    members = {"a.log": b"A" * 300, "b/c.log": NOISE[:2000], "d.log": b"D" * 5000}
    archive = zipped(members) if kind == "zip" else tarred(members)
    data = bytearray(
        {
            "gz": gzip.compress(LINES[:9000], mtime=0),
            "zst": zstd(LINES[:9000]),
            "tgz": gzip.compress(archive, mtime=0),
        }.get(kind, archive)
    )
    for place, new in changes:
        at = int(place * len(data))
        data[at : at + len(new)] = new
    path = tmp_path / "damaged"
    path.write_bytes(data[: int(len(data) * cut) if changes and cut > 0.3 else len(data)])
    for source in open_path(path, Problems()):
        source.stream.read()


def test_open_path_ends_a_zip64_lie(log: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    name = b"a.log"
    header = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, 0, 0xFFFFFFF0, 0xFFFFFFF0, len(name), 0)
    problems = Problems()
    assert contents(log(header + name + b"the rest"), problems) == {"!a.log": b"the rest"}
    assert problems.notes == {"damaged": 1, "truncated": 1}


def test_open_path_notes_a_file_it_may_not_read(tmp_path: Path) -> None:
    path = tmp_path / "gone.log"
    problems = Problems()
    assert list(open_path(path, problems)) == []
    assert problems.notes == {"unreadable": 1}
