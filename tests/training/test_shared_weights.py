"""One file of weights for training and for inference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from onnxruntime import InferenceSession
from safetensors.torch import save_file

from loglm.artifacts.config import EncoderConfig
from loglm.models.encoder import LogEncoderModel
from loglm.training.export import export_encoder
from loglm.training.shared_weights import share_weights

CONFIG = EncoderConfig(width=32, layers=2, heads=2, intermediate=48, vocab_size=600, pooling="first-last")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    model = LogEncoderModel(CONFIG)
    save_file({name: weight.half() for name, weight in model.state_dict().items()}, tmp_path / "model.safetensors")
    export_encoder(model, tmp_path / "encoder.onnx")
    return tmp_path


def _vectors(file: Path) -> np.ndarray:
    ids = np.arange(5, 29, dtype=np.int64).reshape(2, 12)
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    vectors: np.ndarray = InferenceSession(str(file), providers=["CPUExecutionProvider"]).run(None, feed)[0]
    return vectors


def test_an_encoder_reads_its_weights_from_the_file_beside_it(folder: Path) -> None:
    before, size = _vectors(folder / "encoder.onnx"), (folder / "encoder.onnx").stat().st_size
    saved = share_weights(folder / "encoder.onnx", folder / "model.safetensors")
    assert saved > 2 * CONFIG.vocab_size * CONFIG.width
    assert (folder / "encoder.onnx").stat().st_size < size - 0.9 * saved
    assert np.array_equal(_vectors(folder / "encoder.onnx"), before)


def test_weights_that_the_other_file_lacks_stay(folder: Path) -> None:
    before = _vectors(folder / "encoder.onnx")
    other = LogEncoderModel(CONFIG)
    save_file({name: weight.half() for name, weight in other.state_dict().items()}, folder / "other.safetensors")
    share_weights(folder / "encoder.onnx", folder / "other.safetensors")
    assert np.array_equal(_vectors(folder / "encoder.onnx"), before)
