"""Model folders appear whole or not at all, whatever ends the process that writes one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts.folder import MANIFEST, open_model_dir, write_model_dir

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from loglm.artifacts.folder import write_model_dir

def fill(folder):
    (folder / "weights").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

write_model_dir(Path(sys.argv[1]), fill, about={}, overwrite=True)
"""


def fill(folder: Path) -> None:
    (folder / "weights").write_bytes(b"whole")


def kill_while_writing(target: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(target)], check=False)
    assert done.returncode == -signal.SIGKILL


def test_a_kill_leaves_no_model_folder_and_the_next_run_makes_one(tmp_path: Path) -> None:
    target = tmp_path / "model"
    kill_while_writing(target)
    assert not target.exists()
    write_model_dir(target, fill, about={"name": "made again"})
    assert open_model_dir(target)[1]["name"] == "made again"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_kill_leaves_the_model_that_was_there(tmp_path: Path) -> None:
    target = write_model_dir(tmp_path / "model", fill, about={"name": "first"})
    kill_while_writing(target)
    assert open_model_dir(target)[1]["name"] == "first"
    assert (target / "weights").read_bytes() == b"whole"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "ctrl-c"])
def test_an_error_leaves_the_model_that_was_there(tmp_path: Path, error: BaseException) -> None:
    target = write_model_dir(tmp_path / "model", fill, about={"name": "first"})

    def fail(folder: Path) -> None:
        fill(folder)
        raise error

    with pytest.raises(BaseException, match=r"make room|^$"):
        write_model_dir(target, fail, about={}, overwrite=True)
    assert json.loads((target / MANIFEST).read_text())["name"] == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
