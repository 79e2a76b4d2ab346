"""A folder takes another's place in one step where the system can, and in two where it cannot."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts import files
from loglm.artifacts.exchange import exchange
from loglm.artifacts.files import take_place

KILLED_BY_ITS_FIRST = """
import os, pathlib, shutil, signal, sys
from loglm.artifacts.files import take_place

def killing(call):
    def done(*given, **more):
        call(*given, **more)
        os.kill(os.getpid(), signal.SIGKILL)
    return done

if sys.argv[1] == "rename":
    pathlib.Path.rename = killing(pathlib.Path.rename)
else:
    shutil.rmtree = lambda *given, **more: os.kill(os.getpid(), signal.SIGKILL)
folder = pathlib.Path(sys.argv[2])
take_place(folder / "partial", folder / "model")
"""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="another system does it in two steps")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An old folder, and a new one that is to take its place."""
    for name, content in (("model", "old"), ("partial", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(content)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@on_linux
@pytest.mark.parametrize(("call", "ends"), [("rename", 0), ("rmtree", -signal.SIGKILL)])
def test_a_kill_after_any_step_leaves_a_whole_folder_in_place(folder: Path, call: str, ends: int) -> None:
    """Nothing is renamed away, so that no kill can come between two renames; one before the old folder is removed
    finds the new one in place."""
    done = subprocess.run([sys.executable, "-c", KILLED_BY_ITS_FIRST, call, str(folder)], check=False)
    assert done.returncode == ends
    assert (folder / "model" / "weights").read_text() == "new"


@on_linux
def test_two_folders_change_places(folder: Path) -> None:
    assert exchange(folder / "model", folder / "partial")
    assert [(folder / name / "weights").read_text() for name in ("model", "partial")] == ["new", "old"]
    assert not exchange(folder / "model", folder / "absent")
    assert names(folder) == ["model", "partial"]


@pytest.mark.parametrize("can_exchange", [True, False])
def test_the_old_folder_is_removed(folder: Path, monkeypatch: pytest.MonkeyPatch, can_exchange: bool) -> None:
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda *_: False)
    take_place(folder / "partial", folder / "model")
    assert (folder / "model" / "weights").read_text() == "new"
    assert names(folder) == ["model"]


def test_what_a_kill_between_two_renames_left_stays_until_another_folder_is_in_place(folder: Path) -> None:
    (folder / "model").rename(folder / ".model.old")
    with pytest.raises(FileNotFoundError):
        take_place(folder / "absent", folder / "model")
    assert (folder / ".model.old" / "weights").read_text() == "old"
    take_place(folder / "partial", folder / "model")
    assert names(folder) == ["model"]
