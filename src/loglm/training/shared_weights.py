"""An ONNX file whose weights are those of the safetensors file beside it, so that a model folder holds them once.

ONNX names the file, offset and length of each tensor that it does not hold itself ("external data"), and safetensors
stores tensors as plain little-endian bytes: one file serves training and inference.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import TensorProto

__all__ = ["share_weights"]

_HEADER_LENGTH = 8


def share_weights(onnx_file: Path, weights_file: Path) -> int:
    """Let an ONNX file read its fp16 weights from a safetensors file in the same folder.

    Linear layers are stored by the exporter as their transposes; the graph turns those of the other file around, once,
    when it is loaded. What the other file lacks stays where it is.

    Args:
        onnx_file: Rewritten.
        weights_file: Of the same model, in fp16.

    Returns:
        Bytes that are no longer held twice.
    """
    import onnx
    from onnx import TensorProto, helper
    from onnx.external_data_helper import set_external_data

    held = _places(weights_file)
    model = onnx.load(str(onnx_file))
    saved, turns = 0, []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT16:
            continue
        size, (place, is_turned) = len(tensor.raw_data), _place(tensor, held)
        if place is None:
            continue
        if is_turned:
            own_name = tensor.name
            tensor.name = f"{own_name}.turned"
            tensor.dims[:] = tensor.dims[::-1]
            turns.append(helper.make_node("Transpose", [tensor.name], [own_name], name=f"{own_name}.turn", perm=[1, 0]))
        set_external_data(tensor, weights_file.name, offset=place, length=size)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        saved += size
    nodes = [*turns, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx_file.write_bytes(model.SerializeToString())
    return saved


def _places(weights_file: Path) -> dict[bytes, int]:
    """Hash of a tensor's bytes -> where they begin."""
    data = weights_file.read_bytes()
    start = _HEADER_LENGTH + int.from_bytes(data[:_HEADER_LENGTH], "little")
    header = json.loads(data[_HEADER_LENGTH:start])
    bounds = [entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"]
    return {_digest(data[start + a : start + b]): start + a for a, b in bounds}


def _place(tensor: TensorProto, held: dict[bytes, int]) -> tuple[int | None, bool]:
    """Where the weights of a tensor, or, if they are not held so, of its transpose begin."""
    found = held.get(_digest(tensor.raw_data))
    if found is not None or len(tensor.dims) != 2:
        return found, False
    turned = np.frombuffer(tensor.raw_data, "<f2").reshape(tuple(tensor.dims)).T
    return held.get(_digest(np.ascontiguousarray(turned).tobytes())), True


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()
