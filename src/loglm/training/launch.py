"""Start a run: in this process, in several of this machine, under torchrun, or on a Ray cluster.

However they were started, the processes form one group of `torch.distributed` (gloo on CPUs, NCCL on GPUs) and run the
same `run_recipe`; the first writes and reports.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import Any

import torch
import torch.distributed as dist

from loglm.corpus.executors import connect_ray, end_with_parent
from loglm.errors import InputError, LogLMError, MissingExtraError, TrainingError
from loglm.training.hardware import Device, choose_hardware
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_folder import lock_run

__all__ = ["launch"]

_RAY_TRAIN = ("ray", "fsspec", "pandas", "pyarrow", "pydantic", "requests", "tensorboardX")
"""Packages of ``ray[train]``."""


def launch(
    recipe: PretrainRecipe, *, processes: int = 1, ray_address: str | None = None, quiet: bool = True
) -> dict[str, Any] | None:
    """Pretrain with so many processes.

    Args:
        recipe: What to do.
        processes: Each takes an equal part of every step; under torchrun its number counts instead.
        ray_address: Start the processes with Ray Train on this cluster, which has to see corpus and run folder under
            the same paths; ``local`` starts a cluster on this machine.
        quiet: No progress on stderr.

    Returns:
        What `run_recipe` returns; None in all but the first process of torchrun.

    Raises:
        InputError: Corpus or options cannot be used, another process trains in the run folder, or there is no Ray
            cluster.
        TrainingError: The run cannot go on.
        MissingExtraError: Ray is asked for and not installed.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        return _under_torchrun(recipe, quiet=quiet)
    if ray_address is not None:
        return _on_ray(recipe, ray_address, processes, quiet=quiet)
    with lock_run(recipe.run_dir):
        return run_recipe(recipe, quiet=quiet) if processes == 1 else _in_processes(recipe, processes, quiet=quiet)


def _under_torchrun(recipe: PretrainRecipe, *, quiet: bool) -> dict[str, Any] | None:
    with _Group(recipe.device):
        leads = dist.get_rank() == 0
        with lock_run(recipe.run_dir) if leads else nullcontext():
            results = run_recipe(recipe, quiet=quiet)
        return results if leads else None


def _in_processes(recipe: PretrainRecipe, count: int, *, quiet: bool) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    port = _free_port()
    with ProcessPoolExecutor(count, context, end_with_parent) as pool:
        futures = [pool.submit(_worker, recipe, rank, count, port, quiet=quiet) for rank in range(count)]
        wait(futures, return_when=FIRST_EXCEPTION)
        try:
            return _first_result(futures)
        except BrokenProcessPool as error:
            raise TrainingError(
                "a training process was killed; the same command goes on from the last checkpoint. Where memory is "
                "short, start in another --out with smaller --batch-tokens and larger --accumulate"
            ) from error


def _first_result(futures: list[Future[dict[str, Any]]]) -> dict[str, Any]:
    """Of the first process; where one failed, the others lose their connection, so its own error comes first."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in sorted(errors, key=lambda error: not isinstance(error, LogLMError)):
        raise error
    return futures[0].result()


def _on_ray(recipe: PretrainRecipe, address: str, count: int, *, quiet: bool) -> dict[str, Any]:
    try:
        from loglm.training.ray_train import run_with_ray_train
    except ImportError as error:
        if not _is_of_ray(error):
            raise
        raise MissingExtraError("ray[train]", "ray") from error
    ray = connect_ray(address, quiet=quiet)
    resources = ray.cluster_resources()
    if resources.get("CPU", 0) < count * (recipe.threads or 1):
        raise InputError(f"--ray {address}: too few CPUs in the cluster for {count} processes; lower --workers")
    on_gpus = recipe.device != "cpu" and resources.get("GPU", 0) >= count
    with lock_run(recipe.run_dir):  # not in a process of the run, which Ray Train may start again before it is gone
        return run_with_ray_train(recipe, processes=count, on_gpus=on_gpus, quiet=quiet)


def _is_of_ray(error: ImportError) -> bool:
    """Whether Ray is missing, or what Ray Train needs beside Ray's core, and nothing else."""
    missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__  # Ray Train raises from it
    name = missing.name if isinstance(missing, ModuleNotFoundError) else None
    return (name or "").partition(".")[0] in _RAY_TRAIN


def _worker(recipe: PretrainRecipe, rank: int, count: int, port: int, *, quiet: bool) -> dict[str, Any]:
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "RANK": str(rank),
        "WORLD_SIZE": str(count),
        "LOCAL_RANK": str(rank),
    }
    with _Group(recipe.device):
        return run_recipe(recipe, quiet=quiet)


class _Group:
    """The process group of `torch.distributed`, from the environment; leaving it tells the other processes."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self.backend = "nccl" if device != "cpu" and torch.cuda.is_available() else "gloo"

    def __enter__(self) -> None:
        if self.backend == "nccl":
            local_rank = int(os.environ.get("LOCAL_RANK", "0"))
            torch.cuda.set_device(choose_hardware(device=self._device, local_rank=local_rank).device)
        dist.init_process_group(self.backend)

    def __exit__(self, *_: object) -> None:
        dist.destroy_process_group()


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("", 0))
        return int(server.getsockname()[1])
