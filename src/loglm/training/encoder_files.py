"""The files of an encoder in a model folder: its weights, and the ONNX graph, checked against them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors.torch import save
from torch import Tensor

from loglm.errors import ModelError
from loglm.models.encoder import LogEncoderModel
from loglm.runtime.onnx_vectors import ENCODER_ONNX
from loglm.training.export import WeightFormat, export_encoder, parity
from loglm.training.run_folder import RunFiles
from loglm.training.shared_weights import share_weights

__all__ = ["write_encoder"]

_LOWEST_PARITY: dict[WeightFormat, float] = {"fp16": 0.999, "fp32": 0.9999}
"""Smallest cosine between a vector of the exported encoder and of the weights."""


def write_encoder(
    model: LogEncoderModel,
    folder: Path,
    held_out: Sequence[tuple[Tensor, Tensor]],
    *,
    precision: WeightFormat = "fp16",
    advice: str = "",
) -> float:
    """Write ``model.safetensors`` in fp16, and ``encoder.onnx``, which reads its weights from there if in fp16 too.

    Args:
        model: Trained weights.
        folder: Where to; files there are replaced.
        held_out: (ids, mask) batches to compare the vectors of, int64 (B, T) each.
        precision: Of the weights that the graph computes with.
        advice: What to do where they differ, for the error.

    Returns:
        The smallest cosine between a vector of the graph and of ``model``.

    Raises:
        ModelError: It is lower than rounding explains, or not a number; or ONNX cannot express this model.
    """
    weights, graph = RunFiles(folder).weights, folder / ENCODER_ONNX
    weights.write_bytes(save({name: value.half() for name, value in model.state_dict().items()}))
    export_encoder(model, graph, precision)
    if precision == "fp16":
        share_weights(graph, weights)
    worst, lowest = parity(model, graph, held_out), _LOWEST_PARITY[precision]
    if not worst >= lowest:
        raise ModelError(
            f"the exported encoder differs from the trained one: cosine {worst:.4f} on a held-out event, at least "
            f"{lowest} expected{advice}"
        )
    return worst
