"""Files that grow: what was scored of them is passed over, whatever their name, and nothing else is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import tarfile
import time
from pathlib import Path

import pytest
import zstandard

from loglm.anomaly import read_so_far
from loglm.anomaly.read_so_far import FileReading, ReadSoFar
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.reading import read_events, read_source
from loglm.events.source import Source

LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"
SSH = (LOGS / "ssh" / "auth.log").read_bytes().splitlines(keepends=True)
GROWING = [
    LOGS / "ssh" / "auth.log",
    *(LOGS / "simulated" / name for name in ("zeek_conn.log", "windows_security_sysmon.jsonl")),
    *sorted((LOGS / "web").glob("*.log"))[:1],
]


def read(known: ReadSoFar, path: Path) -> tuple[list[str], Problems]:
    """The events read of a file now, and what was noted; ``known`` takes in how far."""
    problems = Problems()
    reading = FileReading(known, problems)
    found = [event.raw for event in reading.events(str(path))]
    known.add(reading)
    return found, problems


def archive(data: bytes) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        member = tarfile.TarInfo("auth.log")
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return target.getvalue()


def events(path: Path) -> list[str]:
    return [event.raw for event in read_events([path])]


@pytest.mark.parametrize("log", GROWING, ids=lambda path: path.name)
def test_a_real_log_that_grows_is_read_once_whatever_it_is_cut_into(log: Path, tmp_path: Path) -> None:
    lines, known, found = log.read_bytes().splitlines(keepends=True), ReadSoFar(), []
    first = max(30, len(lines) // 5)
    for number in (first, first + 1, len(lines) // 2, len(lines)):
        (tmp_path / log.name).write_bytes(b"".join(lines[:number]))
        found += read(known, tmp_path / log.name)[0]
    assert found == events(log)
    assert len(known) == 1
    assert read(known, tmp_path / log.name)[0] == []


def test_what_was_passed_over_is_said_with_counts_and_places_are_those_of_the_whole(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:400]))
    read(known, path)
    path.write_bytes(b"".join(SSH[:620]))
    problems = Problems()
    reading = FileReading(known, problems)
    assert next(reading.events(str(path))).location.record == 401
    _, problems = read(known, path)
    assert "400 lines were learned from or scored before; 220 events behind them are scored" in str(problems.examples)


def test_a_file_is_known_under_another_name_and_a_new_one_under_its_name_is_not(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]))
    read(known, path)
    with path.open("ab") as file:
        file.writelines(SSH[300:310])
    path.rename(tmp_path / "auth.log.1")
    path.write_bytes(b"".join(SSH[310:700]))  # longer than what was read of the one before
    assert read(known, path)[0] == events(path)
    assert read(known, tmp_path / "auth.log.1")[0] == [line.decode().rstrip("\n") for line in SSH[300:310]]


@pytest.mark.parametrize("change", ["cut", "one byte", "first line", "inserted"])
def test_a_file_that_was_cut_or_written_anew_is_read_whole(tmp_path: Path, change: str) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]))
    read(known, path)
    whole = b"".join(SSH[:500])
    path.write_bytes(
        {
            "cut": b"".join(SSH[:200]),
            "one byte": whole[:5_000] + bytes([whole[5_000] ^ 1]) + whole[5_001:],
            "first line": b"".join(SSH[1:500]),
            "inserted": b"".join([*SSH[:150], SSH[600], *SSH[150:500]]),
        }[change]
    )
    assert read(known, path)[0] == events(path)


def test_whatever_is_appended_is_read(tmp_path: Path) -> None:
    """Any bytes, cut at any place, also in the middle of a line: no line is missing."""
    chance = random.Random(5)
    odd = [
        b"",
        b"\0",
        b"\r",
        b"\xef\xbb\xbf",
        b" at x\n",
        b"#fields\tx\n",
        b"{",
        b'"',
        b"\n\n",
        b"\xff\xfe\n",
        b"x" * 9_000,
    ]
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:100]))
    read(known, path)
    for number in range(100, 400, 10):
        new = b"".join(SSH[number : number + 10])
        cut = chance.randrange(len(new))
        found = ""
        for piece in (chance.choice(odd) + new[:cut], new[cut:]):
            with path.open("ab") as file:
                file.write(piece)
            found += "\n".join(read(known, path)[0]) + "\n"
        for line in SSH[number : number + 10]:
            assert line.decode() in found


def test_a_line_that_was_not_ended_is_read_again_when_it_is(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]) + SSH[300][:40])
    assert read(known, path)[0][-1] == SSH[300][:40].decode()
    assert read(known, path)[0] == []
    path.write_bytes(b"".join(SSH[:302]))
    assert read(known, path)[0] == [line.decode().rstrip("\n") for line in SSH[300:302]]
    assert len(known) == 1


def test_a_record_that_was_cut_is_read_whole_with_what_came_of_it(tmp_path: Path) -> None:
    path, known = tmp_path / "app.log", ReadSoFar()
    line = "2026-03-04 10:15:{:02} ERROR request failed\n"
    path.write_text("".join(line.format(second) for second in range(20)) + "Caused by: java.io.IOException\n")
    read(known, path)
    with path.open("a") as file:
        file.write("\tat a.b.C(D.java:3)\n" + line.format(30))
    trace = line.format(19) + "Caused by: java.io.IOException\n\tat a.b.C(D.java:3)"
    assert read(known, path)[0] == [trace, line.format(30).rstrip("\n")]


@pytest.mark.parametrize("kind", ["archive", "no times", "document", "utf-16"])
def test_what_is_in_an_archive_or_has_no_times_or_no_lines_is_read_whole(tmp_path: Path, kind: str) -> None:
    path, known = tmp_path / "some.log", ReadSoFar()
    data = b"".join(SSH[:300])
    path.write_bytes(
        {
            "archive": archive(data),
            "no times": b"".join(line[16:] for line in SSH[:300]),
            "document": b'{"Records": [{"eventTime": "2026-03-04T10:15:01Z", "eventName": "GetObject"}]}\n',
            "utf-16": data.decode().encode("utf-16"),
        }[kind]
    )
    assert read(known, path)[0] == read(known, path)[0] == events(path) != []
    assert len(known) == 0


def test_a_log_being_written_to_is_known_as_far_as_it_was_read(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]))
    reading = FileReading(known, Problems())
    stream = reading.events(str(path))
    found = [next(stream).raw]
    with path.open("ab") as file:
        file.writelines(SSH[300:600])
    found += [event.raw for event in stream]
    known.add(reading)
    assert found + read(known, path)[0] == events(path)


def test_a_line_that_is_ended_while_its_file_is_looked_at_is_not_read_in_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]) + SSH[300][:40])
    read(known, path)
    size = read_so_far._size

    def then_written_to(source: Source) -> int:
        found = size(source)
        path.write_bytes(b"".join(SSH[:301]))
        return found

    monkeypatch.setattr(read_so_far, "_size", then_written_to)
    found = read(known, path)[0] + read(known, path)[0]
    assert found == [SSH[300].decode().rstrip("\n")]


def test_a_file_that_was_not_read_to_its_end_is_not_known(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH))
    reading = FileReading(known, Problems())
    next(reading.events(str(path)))
    known.add(reading)
    assert len(known) == 0


def test_the_oldest_files_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_so_far, "_MOST_MARKS", 2)
    known = ReadSoFar()
    for number in range(3):
        (tmp_path / f"{number}.log").write_bytes(b"".join(SSH[100 * number : 100 * number + 100]))
        read(known, tmp_path / f"{number}.log")
    assert [bool(read(known, tmp_path / f"{number}.log")[0]) for number in (1, 2, 0)] == [False, False, True]
    assert ReadSoFar(known.values()).values() == known.values()


PACKING = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}


@pytest.mark.parametrize("kind", PACKING)
@pytest.mark.parametrize("log", GROWING, ids=lambda path: path.name)
def test_a_log_that_was_packed_is_known_by_what_it_holds(log: Path, kind: str, tmp_path: Path) -> None:
    """All of it, or as far as it was read before it was packed; a gzip of two members is one log."""
    lines, known = log.read_bytes().splitlines(keepends=True), ReadSoFar()
    cut = max(30, len(lines) // 2)
    plain, packed = tmp_path / log.name, tmp_path / f"{log.name}.2.{kind}"
    plain.write_bytes(b"".join(lines[:cut]))
    found = read(known, plain)[0]
    packed.write_bytes(PACKING[kind](plain.read_bytes()))
    assert read(known, packed)[0] == []
    packed.write_bytes(b"".join(PACKING[kind](b"".join(part)) for part in (lines[:cut], lines[cut:])))
    assert found + read(known, packed)[0] == events(log)
    plain.write_bytes(log.read_bytes())
    assert read(known, plain)[0] == read(known, packed)[0] == []
    assert len(known) == 1


def test_of_a_packed_log_whose_end_is_missing_what_is_there_is_known_and_it_is_said_once(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log.gz", ReadSoFar()
    whole = gzip.compress(b"".join(SSH[:600]))
    path.write_bytes(whole[: len(whole) // 2])
    found, problems = read(known, path)
    assert problems.notes["truncated"] == 1 and 50 < len(found) < 550
    again, problems = read(known, path)
    assert (again, problems.notes["truncated"], problems.notes["scored-before"]) == ([], 1, 1)
    path.write_bytes(whole)
    rest, problems = read(known, path)
    assert len(found) + len(rest) in (600, 601)  # the line that was cut is read again
    assert rest[-1] == SSH[599].decode().rstrip("\n") and not problems.has_losses


def test_the_events_of_a_packed_log_are_found_again_to_be_shown(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log.gz", ReadSoFar()
    path.write_bytes(gzip.compress(b"".join(SSH[:300])))
    read(known, path)
    path.write_bytes(gzip.compress(b"".join(SSH[:310])))
    reading = FileReading(known, Problems())
    new = list(reading.events(str(path)))
    (source,) = open_path(path, Problems(), reading.parts[str(path)])
    assert [event.location for event in read_source(source, Problems())] == [event.location for event in new] != []


def wait(known: ReadSoFar, path: Path) -> tuple[list[str], int]:
    """The events read where a last line may wait, and how many lines do."""
    problems = Problems()
    reading = FileReading(known, problems, waits=True)
    found = [event.raw for event in reading.events(str(path))]
    known.add(reading)
    return found, problems.notes["unfinished-line"]


def raw(lines: list[bytes]) -> list[str]:
    return [line.decode().rstrip("\n") for line in lines]


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]) + SSH[300][:40])
    assert wait(known, path) == (raw(SSH[:300]), 1)
    assert wait(known, path) == ([], 1)
    path.write_bytes(b"".join(SSH[:310]) + SSH[310][:40])
    assert wait(known, path) == (raw(SSH[300:310]), 1)
    path.write_bytes(b"".join(SSH[:311]))
    assert wait(known, path) == (raw(SSH[310:311]), 0)


def test_a_line_that_stays_without_end_is_read_where_nothing_was_written_for_an_hour(tmp_path: Path) -> None:
    path, known = tmp_path / "auth.log", ReadSoFar()
    path.write_bytes(b"".join(SSH[:300]) + SSH[300][:40])
    wait(known, path)
    path = path.rename(tmp_path / "auth.log.1")
    os.utime(path, (time.time() - 3_700,) * 2)
    assert wait(known, path) == ([SSH[300][:40].decode()], 0)
    assert wait(known, path) == ([], 0)


@pytest.mark.parametrize("mtime", [-3_700, 3_700])
def test_no_line_waits_in_a_file_written_to_long_ago_or_in_the_future(mtime: int, tmp_path: Path) -> None:
    path = tmp_path / "auth.log"
    path.write_bytes(b"".join(SSH[:300]) + SSH[300][:40])
    os.utime(path, (time.time() + mtime,) * 2)
    assert wait(ReadSoFar(), path) == ([*raw(SSH[:300]), SSH[300][:40].decode()], 0)


def test_no_line_waits_in_a_file_that_the_next_run_would_not_know(tmp_path: Path) -> None:
    path, known = tmp_path / "some.log", ReadSoFar()
    path.write_bytes(b"".join(line[16:] for line in SSH[:300]) + b"half a li")
    assert wait(known, path) == ([*raw([line[16:] for line in SSH[:300]]), "half a li"], 0)
    path.write_bytes(SSH[0][:40])
    assert wait(known, path) == ([SSH[0][:40].decode()], 0)
