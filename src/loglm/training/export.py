"""ONNX export of the event encoder: fp32, then smaller weights, with a parity check."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel

__all__ = ["WeightFormat", "export_encoder", "parity", "quiet_export", "strip_traces"]

WeightFormat = Literal["fp16", "fp32"]
_SMALLEST_HALVED = 256
"""Numbers of a tensor that is worth storing in fp16."""


def export_encoder(model: LogEncoderModel, target: Path, weights: WeightFormat = "fp16") -> Path:
    """Write ``encoder.onnx`` with inputs ``input_ids`` and ``attention_mask`` (B, T) and output ``vector`` (B, D).

    Args:
        model: Trained weights.
        target: File to write.
        weights: ``fp16``: stored in 16 bits, computed in 32. Not 8 bits: whitening blows their rounding errors up, to
            a cosine of .7 at the worst.

    Raises:
        ModelError: torch cannot express this model in ONNX.
    """
    model = model.eval()
    ids = torch.randint(5, model.config.vocab_size, (2, 16))
    batch, tokens = torch.export.Dim("batch", min=1), torch.export.Dim("tokens", min=2, max=model.config.max_tokens)
    shapes = {"input_ids": {0: batch, 1: tokens}, "attention_mask": {0: batch, 1: tokens}}
    with torch.inference_mode(), quiet_export():
        try:
            program = torch.onnx.export(
                model,
                (ids, torch.ones_like(ids)),
                dynamo=True,
                input_names=["input_ids", "attention_mask"],
                output_names=["vector"],
                dynamic_shapes=shapes,
                verbose=False,
            )
        except torch.onnx.errors.OnnxExporterError as error:
            raise ModelError(f"this {model.config.family} encoder cannot be exported to ONNX: {error}") from error
        if program is None:
            raise ModelError("ONNX export returned nothing")
        program.save(str(target))
    if weights == "fp16":
        _halve(target)
    strip_traces(target)
    return target


def parity(model: LogEncoderModel, onnx_file: Path, batches: Sequence[tuple[Tensor, Tensor]]) -> float:
    """Smallest cosine between torch's and ONNX Runtime's vectors over (ids, mask) batches, int64 (B, T) each; NaN where
    one is."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(onnx_file), providers=["CPUExecutionProvider"])
    worst = np.float32(1.0)
    model = model.eval()
    for ids, mask in batches:
        with torch.inference_mode():
            expected = model(ids, mask).numpy()
        got = session.run(["vector"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]
        worst = np.minimum(worst, (expected * got).sum(axis=1).min())
    return float(worst)


def _halve(file: Path) -> None:
    """Store large tensors in fp16, each turned back into fp32 where the graph reads it."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(file))
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < _SMALLEST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}.fp16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    file.with_name(file.name + ".data").unlink(missing_ok=True)
    onnx.save(model, str(file))


def strip_traces(file: Path) -> None:
    """Remove what the exporter notes beside the graph: source files and their paths on this machine."""
    import onnx

    model = onnx.load(str(file), load_external_data=False)
    graph = model.graph
    for noted in (model, graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del noted.metadata_props[:]
        noted.doc_string = ""
    del graph.value_info[:]
    onnx.save(model, str(file))


@contextmanager
def quiet_export() -> Iterator[None]:
    """The exporters warn of their own deprecations and of packages that are not needed here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
