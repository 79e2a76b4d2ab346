"""Trained encoders with their weights: of each stage of a pretraining run, or to train on and to compare."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import MANIFEST, open_model_dir
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.training.run_folder import RunFiles, load_run, load_weights

__all__ = ["RunModel", "holds_weights", "load_exported", "load_run_models", "load_trained"]

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


def holds_weights(path: Path) -> bool:
    """Whether `load_trained` can read a folder: a run folder, or a model folder with weights."""
    return RunFiles(path).run.is_file() or RunFiles(path).weights.is_file()


def load_trained(path: Path) -> RunModel:
    """The weights of a finished run, or of a model folder that was exported with them.

    Raises:
        ModelError: There are none, or they were altered.
    """
    files = RunFiles(path)
    name = path.resolve().name
    if files.run.is_file():
        return RunModel(name, load_run(files), file_sha256(files.tokenizer))
    if not (path / MANIFEST).is_file():
        raise ModelError(f"{path}: neither a run folder of `loglm pretrain` nor a model folder; give one of them")
    folder, model = load_exported(path)
    return RunModel(name, model, file_sha256(folder / TOKENIZER_JSON))


def load_exported(path: Path | None) -> tuple[Path, LogEncoderModel]:
    """The folder of a model (the shipped one for None; of a folder of versions the current one) and its encoder.

    Raises:
        ModelError: It was altered, or there are no weights in it.
    """
    folder, _ = open_model_dir(path)
    weights = RunFiles(folder).weights
    if not weights.is_file():
        raise ModelError(
            f"{folder}: this model folder has no weights ({weights.name}), and nothing else in it can be trained on; "
            "give a run folder, or a model folder that `loglm model export` made"
        )
    config = EncoderConfig.from_json(json.loads((folder / "config.json").read_text(encoding="utf-8"))["encoder"])
    return folder, load_weights(config, weights)


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
