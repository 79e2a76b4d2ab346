"""The commands of docs/training.md in miniature: from raw logs to detection with an own model, and to smaller ones."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from loglm.artifacts.folder import MANIFEST, default_model_dir

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("polars", reason="needs the train extra")

_ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"<!-- run -->\n```shell\n(.*?)```", re.DOTALL)
_SHORTER = {
    "--minutes 30": "--steps 4 --layers 1 --batch-tokens 1024",
    "--minutes 10": "--steps 4 --batch-tokens 1024",
}


@pytest.mark.skipif(
    not (default_model_dir() / MANIFEST).is_file(), reason="needs the shipped model, src/loglm/data/model"
)
def test_from_raw_logs_to_detection_with_an_own_model(tmp_path: Path) -> None:
    page = (_ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    script = "\n".join(_BLOCK.findall(page))
    for long, short in _SHORTER.items():
        assert long in script
        script = script.replace(long, short)
    script += "\nloglm detect examples/logs\n"
    (tmp_path / "examples").symlink_to(_ROOT / "examples")
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "LOGLM_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    own, shipped = re.findall(r"^[1-9]\d* findings? \(.+?\) on \d+ \w+", done.stdout, re.MULTILINE)
    assert own == shipped  # the head is that of the shipped model
    assert np.load(tmp_path / "vectors.npz")["vectors"].shape[1] == 384
    assert np.load(tmp_path / "fast.npz")["vectors"].shape[1] == 384
    manifest = json.loads((tmp_path / "my-model" / MANIFEST).read_text())
    assert set(manifest["encoder"]["stages"]["masked"]["scores"]) == {"idts", "odts"}
