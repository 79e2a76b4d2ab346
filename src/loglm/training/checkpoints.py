"""Checkpoints: all from which a killed stage goes on to the same weights, in one file that is whole or not there.

Weights and optimiser state are written as one process would hold them, so that a run can go on with another number of
processes or another sharding, as long as a step has as many micro-batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from loglm.errors import TrainingError
from loglm.models.encoder import LogEncoderModel
from loglm.training.optimizer import EncoderOptimizer
from loglm.training.run_identity import refuse_another_run
from loglm.training.team import Team, like

__all__ = ["Progress", "restore_checkpoint", "save_checkpoint"]


@dataclass(slots=True)
class Progress:
    """Where a stage stands."""

    step: int = 0
    """Steps done, those left out among them."""
    tokens: int = 0
    """Read so far, padding included, by all processes."""
    seconds: float = 0.0
    skipped: int = 0
    """Steps left out by the guard."""
    skipped_in_a_row: int = 0


def save_checkpoint(
    path: Path,
    model: LogEncoderModel,
    optimizer: EncoderOptimizer,
    *,
    identity: Mapping[str, Any],
    progress: Progress,
    losses: list[float],
    team: Team,
) -> None:
    """Write atomically; every process calls it, the first one writes.

    Args:
        path: The file.
        model: Weights.
        optimizer: Its state.
        identity: What the run is (plan, encoder, corpus, tokenizer), as JSON values.
        progress: Where the stage stands.
        losses: Of the last good steps, for the guard.
        team: The processes of the run.

    Raises:
        TrainingError: The file cannot be written.
    """
    moments = optimizer.state(team)
    weights = team.gather(model.state_dict())
    if not team.leads:
        return
    partial = path.with_name(f".{path.name}.partial")
    data = {
        "identity": dict(identity),
        "model": weights,
        "optimizer": moments,
        "progress": [
            progress.step,
            progress.tokens,
            progress.seconds,
            progress.skipped,
            progress.skipped_in_a_row,
        ],
        "losses": losses,
    }
    try:
        torch.save(data, partial)
        partial.replace(path)
    except (OSError, RuntimeError) as error:  # torch says RuntimeError where the disk is full
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{path}: the checkpoint cannot be written ({str(error)[:200]}); make room on the disk and run the same "
            "command again, it goes on from the last checkpoint"
        ) from error


def restore_checkpoint(
    path: Path, model: LogEncoderModel, optimizer: EncoderOptimizer, *, identity: Mapping[str, Any]
) -> tuple[Progress, list[float]]:
    """Load weights and optimiser state in place.

    Returns:
        Where the stage stands, and the losses of the last good steps.

    Raises:
        TrainingError: The checkpoint is of another run, or broken.
    """
    data = _read(path)
    refuse_another_run(path, data["identity"], identity)
    with torch.no_grad():
        for name, value in model.state_dict().items():
            value.copy_(like(data["model"][name], value))
    optimizer.restore(data["optimizer"])
    step, tokens, seconds, skipped, in_a_row = data["progress"]
    return Progress(int(step), int(tokens), float(seconds), int(skipped), int(in_a_row)), list(data["losses"])


def _read(path: Path) -> dict[str, Any]:
    try:
        # Tensors and plain values only: loading runs no code. Mapped, so that processes of one machine read one copy.
        data: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        missing = {"identity", "model", "optimizer", "progress", "losses"} - data.keys()
    except Exception as error:
        raise TrainingError(f"{path}: not a checkpoint ({str(error)[:200]}); delete it to start again") from error
    if missing:
        raise TrainingError(f"{path}: a checkpoint without {', '.join(sorted(missing))}; delete it to start again")
    return data
