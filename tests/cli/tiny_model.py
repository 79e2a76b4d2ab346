"""A model folder made in a moment: a tokenizer of a few log lines, and the mean of random token vectors as encoder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.folder import write_model_dir
from loglm.tokenizer.bpe import train_tokenizer

CONFIG = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=640, max_tokens=64)


def write_tiny_model(target: Path) -> Path:
    return write_model_dir(target, _fill, about={"name": "tiny", "version": "1", "licence": "Apache-2.0"})


def _fill(folder: Path) -> None:
    texts = [f"linux/sshd sshd\nFailed password for <user> from <ip4:{kind}>" for kind in ("private", "public")] * 4
    train_tokenizer(texts, vocab_size=CONFIG.vocab_size).save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"encoder": CONFIG.to_json()}))
    onnx.save(_mean_of_tokens(), str(folder / "encoder.onnx"))


def _mean_of_tokens() -> onnx.ModelProto:
    table = np.random.default_rng(0).normal(size=(CONFIG.vocab_size, CONFIG.width)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["tokens"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["wide_mask"]),
        helper.make_node("Mul", ["tokens", "wide_mask"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "second"], ["sum"], keepdims=0),
        helper.make_node("LpNormalization", ["sum"], ["vector"], axis=1, p=2),
    ]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["B", "T"]) for n in ("input_ids", "attention_mask")]
    output = helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["B", CONFIG.width])
    constants = [
        numpy_helper.from_array(table, "table"),
        numpy_helper.from_array(np.array([-1], np.int64), "last"),
        numpy_helper.from_array(np.array([1], np.int64), "second"),
    ]
    graph = helper.make_graph(nodes, "mean", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
