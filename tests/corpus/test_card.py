"""The data card: its licences, counts and hashes are those of what was read and written."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from html import unescape
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus.build import build_corpus
from loglm.corpus.options import BuildOptions
from loglm.corpus.sources import CorpusSource
from loglm.tokenizer.bpe import load_tokenizer

LICENCES = {"app": "CC0-1.0", "db": "MIT", "web": "Apache-2.0"}


@pytest.fixture
def folder(logs: Path, tmp_path: Path) -> Path:
    """A corpus of 180 lines in three files of each source, some of which are repeated or cut."""
    (logs / "db" / "part2.log").write_text((logs / "db" / "part0.log").read_text())
    sources = [
        CorpusSource(name, (str(logs / name),), licence, "odts" if name == "web" else "train")
        for name, licence in LICENCES.items()
    ]
    return build_corpus(sources, tmp_path / "out", BuildOptions(max_tokens=24, held_out=0.2)).path


def table(folder: Path, first_column: str) -> list[dict[str, str]]:
    """The rows of the card's table whose first column has a name."""
    lines = (folder / "card.md").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    rows = takewhile(bool, lines[start:])
    cells = [[unescape(cell.strip(" `")) for cell in row.strip("|").split("|")] for row in rows]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_card_names_licence_counts_and_hash_of_each_source(folder: Path, logs: Path) -> None:
    texts = Counter[tuple[str, str]]()
    for path in folder.glob("*.npz"):
        with np.load(path) as shard:
            texts.update((str(shard["names"][index]), path.name.partition("-")[0]) for index in shard["source"])
    assert table(folder, "source") == [
        {
            "source": name,
            "licence": licence,
            "files": "3",
            "events": "180",
            **{split: str(texts[name, split]) for split in ("train", "idts", "odts")},
            "sha256": hashlib.sha256(
                "\n".join(f"{sha256(file)}  {file.name}" for file in sorted((logs / name).iterdir())).encode()
            ).hexdigest()[:16],
        }
        for name, licence in LICENCES.items()
    ]
    assert texts["app", "train"] > 100 > texts["db", "idts"] > 0 and texts["web", "odts"] > 100


def test_the_card_counts_texts_and_tokens_of_each_split_and_shard(folder: Path) -> None:
    shards = {}
    for split in ("train", "idts", "odts"):
        with np.load(folder / f"{split}-00000.npz") as shard:
            shards[split] = {"texts": f"{len(shard['offsets']) - 1:,}", "tokens": f"{len(shard['ids']):,}"}
    splits = {row["split"]: {key: row[key] for key in ("texts", "tokens")} for row in table(folder, "split")}
    assert splits == shards
    cut = {row["split"]: int(row["cut at 24 tokens"]) for row in table(folder, "split")}
    assert cut == json.loads((folder / "corpus.json").read_text())["texts_cut"]
    assert cut["train"] > 0
    assert table(folder, "file") == [
        {"file": f"{split}-00000.npz", **counts, "sha256": sha256(folder / f"{split}-00000.npz")}
        for split, counts in shards.items()
    ]


def test_the_card_names_the_tokenizer_and_what_was_left_out(folder: Path) -> None:
    ids = load_tokenizer(folder / "tokenizer.json").get_vocab_size()
    assert f"Tokenizer: {ids:,} ids, sha256 `{sha256(folder / 'tokenizer.json')}`." in (folder / "card.md").read_text()
    totals = Counter[str]()
    for drop in json.loads((folder / "report.json").read_text())["drops"]:
        totals[drop["reason"]] += drop["count"]
    assert {row["reason"]: row["number"] for row in table(folder, "reason")} == {k: f"{v:,}" for k, v in totals.items()}
    assert totals["repeated text (masked view)"] >= 60
