"""What tells the vectors of one encoder from those of another."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from loglm.artifacts.files import file_sha256
from loglm.search.encoders import load_encoder


def _with_file(folder: Path, name: str, data: bytes) -> Path:
    manifest = folder / "manifest.json"
    (folder / name).write_bytes(data)
    facts = json.loads(manifest.read_text())
    facts["files"][name] = file_sha256(folder / name)
    manifest.write_text(json.dumps(facts))
    return folder


def test_other_weights_are_another_encoder_and_another_card_is_not(model_folder: Path, tmp_path: Path) -> None:
    own = load_encoder(model_folder, threads=1)[1]
    copies = [Path(shutil.copytree(model_folder, tmp_path / name)) for name in ("card", "weights")]
    card = load_encoder(_with_file(copies[0], "README.md", b"another card"), threads=1)[1]
    weights = load_encoder(_with_file(copies[1], "model.safetensors", b"other weights"), threads=1)[1]
    assert card == own
    assert weights != own
