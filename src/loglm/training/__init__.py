"""Pretraining, fine-tuning and ONNX export. Needs the ``train`` extra."""

import importlib.util

from loglm.errors import MissingExtraError

for _package in ("torch", "transformers"):
    if importlib.util.find_spec(_package) is None:
        raise MissingExtraError(_package, "train")
