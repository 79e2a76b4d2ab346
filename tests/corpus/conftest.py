"""Logs of a few sources, made the same in every process, and documents."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from loglm.corpus.documents import schema, write_documents
from loglm.corpus.templates import header_hash, template_hash, text_hash

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


def documents(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of documents with the given columns, the rest as it follows from them."""
    import polars as pl

    full = [
        {
            "hash": text_hash(row.get("exact") or row["text"]),
            "text_hash": text_hash(row["text"]),
            "template": template_hash(row["text"]),
            "header": header_hash(row["text"]),
            "source": 0,
            "file": 0,
            "row": number,
            "time": None,
            "count": 1,
            "is_held_out": False,
            "exact": None,
            **row,
        }
        for number, row in enumerate(rows)
    ]
    write_documents(pl.DataFrame(full, schema=schema()), path)
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with the sources ``app``, ``db`` and ``web``."""
    folder = tmp_path / "logs"
    for name in ("app", "db", "web"):
        write_source(folder / name)
    return folder
