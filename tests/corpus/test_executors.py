"""Executors: what a job gives or raises reaches the caller, wherever it ran."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.corpus.executors import Executor, Processes, RayCluster, ThisProcess, make_executor
from loglm.errors import InputError


def full(job: int) -> int:
    if job == 2:
        raise OSError(errno.ENOSPC, "No space left on device")
    return job * 10


@pytest.mark.parametrize("executor", [ThisProcess(), Processes(2)], ids=["this process", "two processes"])
def test_results_and_errors_reach_the_caller(executor: Executor) -> None:
    assert sorted(executor.run(full, [0, 1, 3])) == [0, 10, 30]
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
from corpus.test_executors import full
from loglm.corpus.executors import RayCluster
cluster = RayCluster("local")
print(sorted(cluster.run(full, [0, 1, 3])))
try:
    list(cluster.run(full, [1, 2, 3]))
except OSError as error:
    print(type(error).__name__, error.errno)
"""


def test_results_and_errors_of_ray_reach_the_caller() -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    done = subprocess.run([sys.executable, "-c", _RAY], capture_output=True, text=True, check=False, cwd=_TESTS)
    assert done.stdout.splitlines()[-2:] == ["[0, 10, 30]", f"OSError {errno.ENOSPC}"], done.stderr


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


def test_an_address_that_is_none_is_refused() -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    code = "from loglm.corpus.executors import RayCluster\nlist(RayCluster('no port').run(len, ['a']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "--ray no port: no Ray cluster there" in done.stderr


def test_ray_that_is_not_installed_names_the_extra() -> None:
    code = "import sys; sys.modules['ray'] = None\n"
    code += "from loglm.corpus.executors import RayCluster\nlist(RayCluster('local').run(len, ['a']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'loglm[ray]'" in done.stderr.splitlines()[-1]
