"""Where the parts of a step are computed: here, in several processes, or on a Ray cluster; the results are the same."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, Protocol, TypeVar

from loglm.errors import InputError, MissingExtraError

__all__ = [
    "Executor",
    "Processes",
    "RayCluster",
    "ThisProcess",
    "connect_ray",
    "end_with_parent",
    "make_executor",
]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_IN_FLIGHT_PER_CPU = 2
_ANSWER_S = 10.0


class Executor(Protocol):
    """Computes a function over jobs."""

    def run(self, function: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> Iterator[_Result]:
        """The results in the order in which they are ready; the first error of a job ends it and is raised."""


@dataclass(frozen=True, slots=True)
class ThisProcess:
    """One job after the other."""

    def run(self, function: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> Iterator[_Result]:
        """See `Executor.run`."""
        yield from map(function, jobs)


@dataclass(frozen=True, slots=True)
class Processes:
    """Several processes of this machine; of one job or none they are not started."""

    count: int

    def run(self, function: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> Iterator[_Result]:
        """See `Executor.run`.

        Raises:
            InputError: A process was killed, most often because memory was short.
        """
        if len(jobs) <= 1:
            yield from map(function, jobs)
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(self.count, len(jobs)), context, end_with_parent) as pool:
            futures = [pool.submit(function, job) for job in jobs]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BrokenProcessPool as error:
                raise InputError(
                    f"one of {self.count} processes was killed, most often because memory ran out; run the same "
                    "command again with fewer --workers: finished parts are not done again"
                ) from error
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, slots=True)
class RayCluster:
    """The workers of a Ray cluster, which see the same files under the same paths and have loglm installed.

    They may stand in another folder than the caller, so that jobs must name files by absolute paths.
    """

    address: str
    """As ``ray.init`` takes it; ``local`` starts a cluster on this machine."""

    def run(self, function: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> Iterator[_Result]:
        """See `Executor.run`.

        Raises:
            MissingExtraError: Ray is not installed.
            InputError: There is no cluster at the address.
        """
        ray = connect_ray(self.address)
        remote = ray.remote(function)
        waiting, running = list(reversed(jobs)), list[Any]()
        room = max(1, int(ray.cluster_resources().get("CPU", 1))) * _IN_FLIGHT_PER_CPU
        while waiting or running:
            while waiting and len(running) < room:
                running.append(remote.remote(waiting.pop()))
            ready, running = ray.wait(running)
            yield _result(ray, ready[0])


def make_executor(*, workers: int = 1, ray_address: str | None = None) -> Executor:
    """Ray where an address is given, else as many processes as asked for.

    Raises:
        InputError: Both were asked for.
    """
    if ray_address is not None:
        if workers != 1:
            raise InputError("give --workers or --ray, not both; Ray uses the CPUs of its cluster")
        return RayCluster(ray_address)
    return Processes(workers) if workers > 1 else ThisProcess()


def end_with_parent() -> None:
    """A worker whose parent was killed must not go on writing beside the run that resumes it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (wait([parent.sentinel]), os._exit(1)), daemon=True).start()


def connect_ray(address: str, *, quiet: bool = True) -> Any:
    """The ``ray`` module, connected to a cluster; ``local`` starts one on this machine.

    Args:
        address: As ``ray.init`` takes it.
        quiet: What workers write to stderr is not shown here.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: There is no cluster at the address.
    """
    try:
        import ray
    except ModuleNotFoundError as error:
        raise MissingExtraError("ray", "ray") from error
    if not ray.is_initialized():
        _refuse_silence(address)
        try:
            ray.init(
                address,
                include_dashboard=False if address == "local" else None,
                log_to_driver=not quiet,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise InputError(f"--ray {address}: no Ray cluster there ({reason}); give its address, or local") from error
    return ray


def _refuse_silence(address: str) -> None:
    """Ray tries for minutes to reach a port where nobody listens; ask once before."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        return  # auto, local, or what Ray will refuse itself
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"--ray {address}: no Ray cluster there ({error}); give its address, or local") from error


def _result(ray: Any, reference: Any) -> Any:
    """What a job gave; its own error rather than Ray's, so that a full disk is one wherever it happens."""
    try:
        return ray.get(reference)
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(error.cause, Exception) else error) from None
