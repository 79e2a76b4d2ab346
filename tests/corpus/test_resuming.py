"""The bytes of a corpus do not depend on where its parts were computed, nor on whether a run was killed between."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corpus.conftest import write_source

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

OPTIONS = ("--odts", "s5", "--test-share", "0.1", "--vocab-size", "512", "--dedup-view", "both")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    for number in range(6):
        write_source(folder / f"s{number}", files=60, lines=12)
    return folder


@pytest.fixture(scope="module")
def expected(logs: Path) -> dict[str, bytes]:
    """The files that one process makes in one go."""
    out = logs.with_name("expected")
    finish(start(logs, out))
    return contents(out)


def start(logs: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "loglm", "corpus", "build", str(logs), "--out", str(out), *OPTIONS, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(run: subprocess.Popen[str]) -> str:
    """What it says on stderr."""
    _, errors = run.communicate(timeout=300)
    assert run.returncode == 0, errors
    return errors


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def kill_when(run: subprocess.Popen[str], marker: Path) -> None:
    """SIGKILL to the run alone, as soon as a part is finished; its workers have to end by themselves."""
    while not marker.is_dir():
        assert run.poll() is None, run.communicate()[1]
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=60)


@pytest.mark.parametrize("part", ["read-00007", "near-exact-00000", "tokenizer-00000"])
def test_a_killed_run_goes_on_to_the_same_bytes(
    logs: Path, tmp_path: Path, expected: dict[str, bytes], part: str
) -> None:
    out = tmp_path / "out"
    kill_when(start(logs, out), tmp_path / ".out.building" / part)
    assert not out.exists()
    before = (tmp_path / ".out.building" / part / "done.json").stat().st_ino
    second = start(logs, out)
    kept = _inode_until_the_end(second, tmp_path / ".out.building" / part / "done.json")
    assert kept == {before}, "the finished part was computed again"
    assert contents(out) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def _inode_until_the_end(run: subprocess.Popen[str], marker: Path) -> set[int]:
    seen = set()
    while run.poll() is None:
        try:
            seen.add(marker.stat().st_ino)
        except FileNotFoundError:
            continue
        time.sleep(0.005)
    finish(run)
    return seen


def test_a_run_that_goes_on_with_another_view_is_that_of_the_other_view(
    logs: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    run = start(logs, tmp_path / "out", "--dedup-view", "masked")  # the last one given counts
    kill_when(run, tmp_path / ".out.building" / "near-masked-00000")
    finish(start(logs, tmp_path / "out"))
    assert contents(tmp_path / "out") == expected


def test_a_killed_run_of_processes_goes_on_to_the_same_bytes(
    logs: Path, tmp_path: Path, expected: dict[str, bytes]
) -> None:
    run = start(logs, tmp_path / "out", "--workers", "2")
    kill_when(run, tmp_path / ".out.building" / "read-00003")
    assert "goes on from an earlier run that did not end: what it had finished" in finish(start(logs, tmp_path / "out"))
    assert contents(tmp_path / "out") == expected


@pytest.mark.skipif(not Path("/proc/self/stat").is_file(), reason="needs /proc")
def test_workers_end_when_the_run_is_killed(logs: Path, tmp_path: Path) -> None:
    run = start(logs, tmp_path / "out", "--workers", "2")
    kill_when(run, tmp_path / ".out.building" / "read-00001")
    for _ in range(1_000):
        if not _members(run.pid):
            return
        time.sleep(0.02)
    pytest.fail("workers of a killed run are still there")


def _members(session: int) -> list[int]:
    """Running processes of a session."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = status.read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_session) == session and state != "Z":
            found.append(int(status.parent.name))
    return found


def test_two_processes_make_the_same_bytes(logs: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    finish(start(logs, tmp_path / "out", "--workers", "2"))
    assert contents(tmp_path / "out") == expected


def test_ray_makes_the_same_bytes(logs: Path, tmp_path: Path, expected: dict[str, bytes]) -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    finish(start(logs, tmp_path / "out", "--ray", "local"))
    assert contents(tmp_path / "out") == expected
