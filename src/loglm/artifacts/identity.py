"""Which encoder a model folder holds, whatever else lies beside it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from loglm.artifacts.folder import open_model_dir

__all__ = ["encoder_identity"]

_PARTS = ("encoder.onnx", "tokenizer.json", "vectors.npz")
"""Files that say what the vectors of events are."""


def encoder_identity(path: Path | str | None) -> str:
    """A sha256 over what makes a folder's vectors (the shipped folder for None); its ATT&CK head does not count.

    Raises:
        ModelError: It is no model folder, or was altered.
    """
    _, manifest = open_model_dir(path)
    files = {name: manifest["files"][name] for name in _PARTS if name in manifest["files"]}
    return hashlib.sha256("\n".join(f"{name} {digest}" for name, digest in sorted(files.items())).encode()).hexdigest()
