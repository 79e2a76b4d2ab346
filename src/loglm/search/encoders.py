"""The encoder of a model folder together with what tells its vectors from those of others."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from loglm.artifacts.folder import open_model_dir
from loglm.runtime.encoder import LogEncoder
from loglm.runtime.onnx_vectors import ENCODER_ONNX
from loglm.runtime.static_vectors import STATIC_VECTORS
from loglm.search.store import EncoderId

__all__ = ["load_encoder"]

_FILES = ("config.json", "tokenizer.json", ENCODER_ONNX, "model.safetensors", STATIC_VECTORS)
"""What vectors depend on: the encoder may read its weights from the file beside it. Another head or card leaves them as
they are."""


def load_encoder(path: Path | str | None = None, *, threads: int | None = None) -> tuple[LogEncoder, EncoderId]:
    """The encoder of a model folder, the shipped one without a path.

    It remembers no texts: an index does.

    Raises:
        ModelError: The folder is missing, incomplete, altered or of another version.
    """
    folder, manifest = open_model_dir(path)
    encoder = LogEncoder.load(folder, threads=threads)
    encoder.cache_size = 0
    digest = sha256("".join(f"{name} {manifest['files'].get(name, '-')}\n" for name in _FILES).encode()).hexdigest()
    return encoder, EncoderId(str(manifest.get("name") or folder.name), digest, encoder.width)
