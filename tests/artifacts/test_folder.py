"""Model folders appear whole or not at all, whatever ends the process that writes one."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts.folder import MANIFEST, open_model_dir, write_model_dir
from loglm.artifacts.folder_lock import lock_beside
from loglm.errors import InputError

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from loglm.artifacts.folder import write_model_dir

def fill(folder):
    (folder / "weights").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

write_model_dir(Path(sys.argv[1]), fill, about={}, overwrite=True)
"""


WRITES = """
import sys
from pathlib import Path
from loglm.artifacts.folder import write_model_dir
from loglm.errors import InputError

try:
    write_model_dir(Path(sys.argv[1]), lambda folder: (folder / "weights").write_bytes(b"second"), about={})
except InputError as error:
    sys.exit(str(error))
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


def test_a_second_process_is_refused_and_the_first_one_is_whole(tmp_path: Path) -> None:
    refusals = []

    def fill_slowly(folder: Path) -> None:
        fill(folder)
        second = [sys.executable, "-c", WRITES, str(tmp_path / "model")]
        refusals.append(subprocess.run(second, capture_output=True, text=True, check=False))
        (folder / "more").write_bytes(b"first")

    target = write_model_dir(tmp_path / "model", fill_slowly, about={"name": "first"})
    assert refusals[0].returncode == 1
    assert f"{target}: another process is writing this model; wait for its end" in refusals[0].stderr
    assert set(open_model_dir(target)[1]["files"]) == {"weights", "more"}
    assert (target / "weights").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_another_finished_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not there when this one began, and is when its turn comes."""
    from loglm.artifacts import folder as module

    def finished_before(target: Path, *, busy: str) -> object:
        monkeypatch.undo()
        write_model_dir(target, fill, about={"name": "first"})
        return lock_beside(target, busy=busy)

    monkeypatch.setattr(module, "lock_beside", finished_before)
    with pytest.raises(InputError, match="already there; use --force"):
        write_model_dir(tmp_path / "model", fill, about={"name": "second"})
    assert open_model_dir(tmp_path / "model")[1]["name"] == "first"


def test_a_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    with lock_beside(tmp_path / "new" / "run", busy="taken"):
        assert [path.name for path in (tmp_path / "new").iterdir()] == [".run.lock"]
        with (
            pytest.raises(InputError, match="taken"),
            lock_beside(tmp_path / "new" / ".." / "new" / "run", busy="taken"),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_command_to_copy_is_quoted(tmp_path: Path) -> None:
    root = tmp_path / "my models"
    for name in ("0000", "0001"):
        write_model_dir(root / "versions" / name, fill, about={})
    (root / "current").write_text("0001")
    (root / "versions" / "0001" / "weights").unlink()
    with pytest.raises(Exception, match="is whole") as raised:
        open_model_dir(root)
    command = str(raised.value).split("`")[1]
    assert shlex.split(command) == ["loglm", "model", "rollback", str(root), "--to", "0000"]
