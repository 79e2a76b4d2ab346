"""The model that another one is distilled from: its event vectors, computed as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import open_model_dir
from loglm.corpus.cutting import cut_row
from loglm.corpus.folder import TOKENIZER_JSON
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError, ModelError
from loglm.models.backbones import transformer_layers
from loglm.models.encoder import LogEncoderModel
from loglm.runtime.encoder import LogEncoder
from loglm.runtime.onnx_vectors import ENCODER_ONNX, batches_by_length
from loglm.training.batches import pad_rows
from loglm.training.hardware import Hardware
from loglm.training.run_folder import RunFiles
from loglm.training.run_models import holds_weights, load_trained

__all__ = ["Targets", "Teacher", "borrow_weights", "load_teacher", "refuse_wider", "targets_of_width"]

Targets = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Token sequences to the vectors of unit length that a student is to give for them, float32 (n, D)."""

_BATCH_TOKENS = 16_384
_AXES_SAMPLE = 4_096


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained event encoder."""

    name: str
    width: int
    max_tokens: int
    """Longer events are cut."""
    vectors: Targets
    tokenizer_path: Path
    sha256: str
    """Of its weights."""
    model: LogEncoderModel | None
    """Where its weights in full precision are at hand; on the CPU or on the hardware's device."""


def load_teacher(path: Path, hardware: Hardware) -> Teacher:
    """From a run folder or a model folder; weights in full precision where there are any, else ONNX on the CPU.

    Raises:
        ModelError: Neither of them, altered, or a model of static vectors.
    """
    if not holds_weights(path):
        folder, _ = open_model_dir(path)
        if not (folder / ENCODER_ONNX).is_file():
            raise ModelError(f"{path}: has no encoder ({ENCODER_ONNX}) to learn from; give another --teacher")
        encoder = LogEncoder.load(folder, threads=torch.get_num_threads())
        return Teacher(
            path.resolve().name,
            encoder.width,
            encoder.config.max_tokens,
            lambda rows: encoder.embed_tokens([row.tolist() for row in rows]),
            folder / TOKENIZER_JSON,
            file_sha256(folder / ENCODER_ONNX),
            None,
        )
    trained = load_trained(path)
    model, files = trained.model.to(hardware.device), RunFiles(path)
    return Teacher(
        trained.name,
        model.config.vector_width,
        model.config.max_tokens,
        _torch_vectors(model, hardware),
        files.tokenizer,
        file_sha256(files.weights),
        model,
    )


def refuse_wider(teacher: Teacher, width: int) -> None:
    """Raises InputError for a student of more numbers than the teacher, before the work that would be lost."""
    if width > teacher.width:
        raise InputError(f"vectors of {width} numbers cannot be learned from a teacher of {teacher.width}; go narrower")


def targets_of_width(teacher: Teacher, shard: TokenShard, weights: np.ndarray, width: int) -> Targets:
    """The teacher's vectors, for a narrower student along those ``width`` directions in which they vary most.

    Directions are the first right singular vectors, not centred, of a sample of the corpus: no others keep more of the
    dot products between vectors.

    Args:
        teacher: The teacher.
        shard: What the student learns from.
        weights: Chance of each sequence, (n_sequences,).
        width: Of the student's vectors.

    Raises:
        InputError: The student is wider than the teacher.
    """
    refuse_wider(teacher, width)
    if width == teacher.width:
        return teacher.vectors
    count = min(_AXES_SAMPLE, int((weights > 0).sum()))
    drawn = np.random.default_rng(0).choice(len(shard), count, replace=False, p=weights / weights.sum())
    axes = np.linalg.svd(teacher.vectors([shard[i] for i in drawn]), full_matrices=False)[2][:width].T

    def targets(rows: Sequence[np.ndarray]) -> np.ndarray:
        narrow = teacher.vectors(rows) @ axes
        unit: np.ndarray = narrow / np.maximum(np.linalg.norm(narrow, axis=1, keepdims=True), 1e-9)
        return unit

    return targets


def borrow_weights(student: LogEncoderModel, teacher: LogEncoderModel) -> None:
    """Start a student of the teacher's width with its weights: of its layers, evenly spaced ones from the first on.

    Source: DistilBERT (Sanh et al. 2019, arXiv:1910.01108). What has another shape keeps its random weights.
    """
    mine, theirs = transformer_layers(student.backbone), transformer_layers(teacher.backbone)
    _copy_equal(student.state_dict(), teacher.state_dict())
    for layer, number in zip(mine, np.linspace(0, len(theirs) - 1, len(mine)).round().astype(int), strict=True):
        _copy_equal(layer.state_dict(), theirs[number].state_dict())


def _copy_equal(to: dict[str, Tensor], given: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, weight in to.items():
            if name in given and given[name].shape == weight.shape:
                weight.copy_(given[name])


def _torch_vectors(model: LogEncoderModel, hardware: Hardware) -> Targets:
    @torch.inference_mode()
    def vectors(rows: Sequence[np.ndarray]) -> np.ndarray:
        rows = [cut_row(row, model.config.max_tokens).astype(np.int64) for row in rows]
        found = np.zeros((len(rows), model.config.vector_width), np.float32)
        for batch in batches_by_length(rows, tokens=_BATCH_TOKENS):
            ids, mask = pad_rows([rows[row] for row in batch])
            with hardware.autocast():
                output = model(ids.to(hardware.device), mask.to(hardware.device))
            found[batch] = output.float().cpu().numpy()
        return found

    return vectors
