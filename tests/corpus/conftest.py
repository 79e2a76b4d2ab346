"""Logs of a few sources, made the same in every process."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

_WORDS = (
    "alpha beta gamma delta kernel disk user mount link agent task queue cache index shard token page block".split()
)


def write_source(folder: Path, *, files: int = 3, lines: int = 60, seed: int = 0) -> Path:
    """A folder of syslog files whose messages are random words."""
    folder.mkdir(parents=True)
    source = random.Random(f"{folder.name} {seed}")  # text seeds are hashed the same in every process
    for number in range(files):
        text = "".join(
            f"Mar  {1 + number} 10:{i // 60:02d}:{i % 60:02d} web1 {folder.name}[{i}]: "
            f"{' '.join(source.choices(_WORDS, k=source.randint(4, 12)))}\n"
            for i in range(lines)
        )
        (folder / f"part{number}.log").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with the sources ``app``, ``db`` and ``web``."""
    folder = tmp_path / "logs"
    for name in ("app", "db", "web"):
        write_source(folder / name)
    return folder
