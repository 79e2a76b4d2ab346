"""The encoders of a pretraining run: at the end of each of its stages, or as far as a stage has come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from loglm.artifacts.config import EncoderConfig
from loglm.corpus.folder import file_sha256
from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.training.run_folder import RunFiles, load_run

__all__ = ["RunModel", "load_run_models"]

_SUFFIX = ".checkpoint.pt"


@dataclass(frozen=True, slots=True)
class RunModel:
    """An encoder with its weights."""

    name: str
    """Name of the run folder, and the stage where the weights are a stage's."""
    model: LogEncoderModel
    tokenizer_sha256: str | None
    """Of the tokenizer that it reads tokens of; None where the run does not say."""


def load_run_models(run_dir: Path) -> list[RunModel]:
    """Load what a run folder holds: the checkpoint of each stage; without any, the weights of the finished run.

    Raises:
        ModelError: There is no run, a file cannot be read, or weights are of another size than the run says.
    """
    checkpoints = sorted(run_dir.glob(f"*{_SUFFIX}"), key=lambda path: path.stat().st_mtime_ns)
    if checkpoints:
        return [_of_checkpoint(path) for path in checkpoints]
    files = RunFiles(run_dir)
    return [RunModel(run_dir.resolve().name, load_run(files), file_sha256(files.tokenizer))]


def _of_checkpoint(path: Path) -> RunModel:
    name = f"{path.parent.resolve().name} {path.name.removesuffix(_SUFFIX)}"
    try:
        # Tensors and plain values only: loading runs no code.
        data: Any = torch.load(path, map_location="cpu", weights_only=True)
        identity, weights = data["identity"], data["model"]
        config = EncoderConfig.from_json(identity["encoder"])
    except Exception as error:
        raise ModelError(f"{path}: not a checkpoint of `loglm pretrain` ({str(error)[:200]})") from error
    model = LogEncoderModel(config)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(f"{path}: weights of another encoder than it says ({str(error)[:200]})") from error
    return RunModel(name, model, identity.get("tokenizer"))
