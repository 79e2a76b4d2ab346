"""Executors: what a job gives or raises reaches the caller, wherever it ran."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.conftest import write_source
from loglm.corpus.build import build_corpus
from loglm.corpus.executors import Executor, Processes, RayCluster, ThisProcess, make_executor
from loglm.corpus.sources import sources_of_paths
from loglm.errors import InputError


def full(job: int) -> int:
    if job == 2:
        raise OSError(errno.ENOSPC, "No space left on device")
    return job * 10


@pytest.mark.parametrize("executor", [ThisProcess(), Processes(2)], ids=["this process", "two processes"])
def test_results_and_errors_reach_the_caller(executor: Executor) -> None:
    assert sorted(executor.run(full, [0, 1, 3])) == [0, 10, 30]
    assert list(executor.run(full, [])) == []
    with pytest.raises(OSError, match="No space left") as caught:
        list(executor.run(full, [1, 2, 3]))
    assert caught.value.errno == errno.ENOSPC


def die(job: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return job


def test_a_process_that_was_killed_is_said() -> None:
    with pytest.raises(InputError, match="one of 2 processes was killed, most often because memory"):
        list(Processes(2).run(die, [1, 2]))


_TESTS = Path(__file__).resolve().parents[1]
_RAY = """
import os, sys
from corpus.test_executors import full
from loglm.cli.main import app
from loglm.corpus.executors import RayCluster
cluster = RayCluster("local")
print(sorted(cluster.run(full, [0, 1, 3])))
try:
    list(cluster.run(full, [1, 2, 3]))
except OSError as error:
    print(type(error).__name__, error.errno)
os.chdir(sys.argv[1])  # workers were started elsewhere
app("corpus build logs --out out --tokenizer first/tokenizer.json --ray local -q".split())
"""


def test_results_and_errors_of_ray_reach_the_caller_and_paths_are_those_of_the_command(tmp_path: Path) -> None:
    for package in ("ray", "polars", "rensa"):
        pytest.importorskip(package, reason="needs the ray and train extras")
    for name in ("app", "db"):
        write_source(tmp_path / "logs" / name)
    build_corpus(sources_of_paths([tmp_path / "logs"]), tmp_path / "first")
    command = [sys.executable, "-c", _RAY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=_TESTS)
    assert done.stdout.splitlines()[:2] == ["[0, 10, 30]", f"OSError {errno.ENOSPC}"], done.stderr
    shards = [(tmp_path / out / "train-00000.npz").read_bytes() for out in ("first", "out")]
    assert shards[0] == shards[1], done.stderr


@pytest.mark.parametrize(
    ("workers", "address", "expected"),
    [(1, None, ThisProcess()), (3, None, Processes(3)), (1, "local", RayCluster("local"))],
    ids=["one", "three", "ray"],
)
def test_make_executor_takes_what_is_asked_for(workers: int, address: str | None, expected: Executor) -> None:
    assert make_executor(workers=workers, ray_address=address) == expected


def test_make_executor_refuses_both() -> None:
    with pytest.raises(InputError, match="give --workers or --ray, not both"):
        make_executor(workers=2, ray_address="local")


@pytest.mark.parametrize("address", ["127.0.0.1:{port}", "ray://127.0.0.1:{port}", "127.0.0.1:99999"])
def test_a_port_where_nobody_listens_is_refused_at_once(address: str) -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    with socket.socket() as unused:  # bound, but not listening: nobody else gets it
        unused.bind(("127.0.0.1", 0))
        address = address.format(port=unused.getsockname()[1])
        with pytest.raises(InputError, match=f"--ray {address}: no Ray cluster there .*give its address, or local"):
            list(RayCluster(address).run(len, ["a"]))


def test_an_address_that_is_none_is_refused() -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    code = "from loglm.corpus.executors import RayCluster\nlist(RayCluster('no port').run(len, ['a']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "--ray no port: no Ray cluster there" in done.stderr


def test_ray_that_is_not_installed_names_the_extra() -> None:
    code = "import sys; sys.modules['ray'] = None\n"
    code += "from loglm.corpus.executors import RayCluster\nlist(RayCluster('local').run(len, ['a']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "comes with the extra loglm[ray]" in done.stderr.splitlines()[-1]
