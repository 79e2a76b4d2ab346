"""Vectors of token sequences by a transformer encoder in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.artifacts.config import EncoderConfig
from loglm.errors import ModelError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

__all__ = ["ENCODER_ONNX", "OnnxVectors", "batches_by_length"]

ENCODER_ONNX = "encoder.onnx"
_BATCH_TOKENS = 4_096


class OnnxVectors:
    """Contextual vectors: every token is read beside all others of its event."""

    def __init__(self, session: InferenceSession, config: EncoderConfig) -> None:
        self.config = config
        self._session = session

    @classmethod
    def load(cls, folder: Path, config: EncoderConfig, *, threads: int | None) -> OnnxVectors:
        """Of a model folder that `open_model_dir` has checked.

        Args:
            folder: The model folder.
            config: What its ``config.json`` says.
            threads: CPU threads for one batch; ONNX Runtime's default (all cores) for None.

        Raises:
            ModelError: There is no encoder in it.
        """
        from onnxruntime import InferenceSession, SessionOptions

        encoder_file = folder / ENCODER_ONNX
        if not encoder_file.is_file():
            raise ModelError(f"{folder}: this model has no encoder ({ENCODER_ONNX})")
        options = SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        return cls(InferenceSession(str(encoder_file), options, providers=["CPUExecutionProvider"]), config)

    def __call__(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Vectors of unit length, float32 (n, D), of token sequences of at most ``config.max_tokens``."""
        vectors = np.zeros((len(rows), self.config.vector_width), np.float32)
        for batch in batches_by_length(rows, tokens=_BATCH_TOKENS):
            vectors[batch] = self._run([rows[row] for row in batch])
        return vectors

    def _run(self, rows: list[Sequence[int]]) -> np.ndarray:
        padded = np.zeros((len(rows), len(rows[-1])), np.int64)
        for index, row in enumerate(rows):
            padded[index, : len(row)] = row
        inputs = {"input_ids": padded, "attention_mask": (padded != 0).astype(np.int64)}
        output: np.ndarray = self._session.run(["vector"], inputs)[0]
        return output.astype(np.float32, copy=False)


def batches_by_length(rows: Sequence[Sized], *, tokens: int) -> Iterator[list[int]]:
    """Indices of rows of similar length, shortest first, so many that padded they are at most ``tokens`` tokens."""
    order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and len(rows[order[stop]]) * (stop + 1 - start) <= tokens:
            stop += 1
        yield order[start:stop]
        start = stop
