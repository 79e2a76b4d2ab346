"""Start a run on a Ray cluster with Ray Train, which places its processes, connects them and starts them again.

Only `loglm.training.launch` imports this, where a cluster is asked for: it needs the ray extra.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ray.train.torch import TorchConfig
from ray.train.v2.api.callback import UserCallback
from ray.train.v2.api.config import FailureConfig, LoggingConfig, RunConfig, ScalingConfig
from ray.train.v2.api.exceptions import ControllerError, TrainingFailedError, WorkerGroupError
from ray.train.v2.torch.torch_trainer import TorchTrainer

from loglm.errors import LogLMError, TrainingError
from loglm.training.recipe import PretrainRecipe, run_recipe

__all__ = ["run_with_ray_train"]

_RESTARTS = 3
"""Times that all processes are started again after one of them died; each goes on from the last checkpoint."""


def run_with_ray_train(recipe: PretrainRecipe, *, processes: int, on_gpus: bool, quiet: bool) -> dict[str, Any]:
    """Pretrain on the cluster that this process is connected to.

    Args:
        recipe: What to do; all machines see its files under the same paths.
        processes: Each takes an equal part of every step.
        on_gpus: Whether each has a GPU of its own.
        quiet: No progress.

    Returns:
        What `run_recipe` returns in the first process.

    Raises:
        InputError: Corpus or options cannot be used.
        TrainingError: The run cannot go on, or processes died more than three times.
    """
    recipe = _with_absolute_paths(recipe)
    notes = recipe.run_dir.with_name(f".{recipe.run_dir.name}.ray")  # of Ray Train; checkpoints are the recipe's own
    shutil.rmtree(notes, ignore_errors=True)  # of a run that was killed, which Ray Train would go on from
    trainer = TorchTrainer(
        _train,
        train_loop_config={"recipe": recipe, "quiet": quiet},
        torch_config=TorchConfig(backend="nccl" if on_gpus else "gloo"),
        scaling_config=ScalingConfig(
            num_workers=processes,
            use_gpu=on_gpus,
            resources_per_worker={"CPU": recipe.threads or 1, "GPU": int(on_gpus)},
        ),
        run_config=RunConfig(
            name=notes.name,
            storage_path=str(notes.parent),
            failure_config=FailureConfig(max_failures=_RESTARTS),
            callbacks=[_Failures()],
            logging_config=LoggingConfig(log_level="CRITICAL"),  # `_Failures` tells what has to be told
        ),
    )
    try:
        result: Any = trainer.fit()
        results: dict[str, Any] = result.return_value  # of the first process
        return results
    except TrainingFailedError as error:
        raise _own_error(error) from error
    finally:
        shutil.rmtree(notes, ignore_errors=True)


def _train(config: dict[str, Any]) -> dict[str, Any]:
    """One process of the run; Ray Train has made its process group."""
    return run_recipe(config["recipe"], quiet=config["quiet"])


class _Failures(UserCallback):
    """Tells of processes that died, and ends the run at an error that starting again would only repeat.

    That is one of LogLM's own. Others may come of another process's death, which can be noticed later.
    """

    def after_exception(self, run_context: Any, worker_exceptions: Mapping[int, Exception]) -> None:  # noqa: ARG002
        causes = [_cause(error) for _, error in sorted(worker_exceptions.items())]
        for cause in causes:
            if isinstance(cause, LogLMError):
                raise cause
        sys.stderr.write(f"a process ended ({_brief(causes[0])}); all start again, at most {_RESTARTS} times\n")


def _own_error(error: TrainingFailedError) -> LogLMError:
    """What a process, or `_Failures`, raised; Ray Train's error in one line where that is none of ours."""
    if isinstance(error, ControllerError) and isinstance(error.controller_failure, LogLMError):
        return error.controller_failure
    causes = [_cause(each) for each in error.worker_failures.values()] if isinstance(error, WorkerGroupError) else []
    return TrainingError(
        f"training on Ray failed ({_brief(causes[0] if causes else error)}); the same command goes on from the last "
        "checkpoint. Where memory is short, start in another --out with smaller --batch-tokens and larger --accumulate"
    )


def _cause(error: BaseException) -> BaseException:
    """What a process raised, out of what Ray Train wraps it in."""
    cause: BaseException = getattr(error, "_base_exc", error)
    return cause


def _brief(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _with_absolute_paths(recipe: PretrainRecipe) -> PretrainRecipe:
    """For a process that may stand in another folder."""
    values: dict[str, Any] = {option.name: getattr(recipe, option.name) for option in fields(recipe)}
    paths: dict[str, Any] = {name: value.absolute() for name, value in values.items() if isinstance(value, Path)}
    return replace(recipe, **paths)
