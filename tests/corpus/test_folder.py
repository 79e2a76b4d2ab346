"""Corpus folders: what was written is what is read, and whatever was changed since is refused."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from loglm.corpus.folder import CORPUS_JSON, TOKENIZER_JSON, CorpusFolder, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError

NAMES = ("ssh", "web")
ROWS = [[2, 9, 3], [2, 10, 11, 3], [2, 12, 3]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "corpus"
    made.mkdir()
    (made / TOKENIZER_JSON).write_text("{}")
    TokenShard.from_sequences(ROWS[:2], [0, 1], NAMES).save(made / "train-00000.npz", np.array([1.0, 2.5]))
    TokenShard.from_sequences(ROWS[2:], [1], NAMES).save(made / "train-00001.npz", np.array([0.5]))
    shards = {"train": ["train-00000.npz", "train-00001.npz"], "idts": [], "odts": []}
    write_corpus_json(made, shards, vocab_size=16, about={"sources": []})
    return made


def test_load_joins_the_shards_and_their_weights(folder: Path) -> None:
    shard, weights = CorpusFolder.open(folder).load("train")
    assert [shard[i].tolist() for i in range(len(shard))] == ROWS
    assert shard.source.tolist() == [0, 1, 1]
    assert weights.tolist() == [1.0, 2.5, 0.5]


def test_load_cuts_longer_sequences_before_their_last_token(folder: Path) -> None:
    shard, weights = CorpusFolder.open(folder).load("train", max_tokens=3)
    assert [shard[i].tolist() for i in range(len(shard))] == [[2, 9, 3], [2, 10, 3], [2, 12, 3]]
    assert len(shard.ids) == 9
    assert weights.tolist() == [1.0, 2.5, 0.5]


def test_load_holds_one_shard_beside_the_split(tmp_path: Path) -> None:
    """Eight shards: their parts and a copy of them all would be twice the split."""
    (tmp_path / TOKENIZER_JSON).write_text("{}")
    row = [2, *range(4, 101), 3]
    names = [f"train-{number}.npz" for number in range(8)]
    for name in names:
        TokenShard.from_sequences([row] * 2_000, [0] * 2_000, ("made",)).save(tmp_path / name)
    write_corpus_json(tmp_path, {"train": names}, vocab_size=128, about={"sources": []})
    corpus = CorpusFolder.open(tmp_path)
    tracemalloc.start()
    shard, weights = corpus.load("train", max_tokens=64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    split = 8 * 2_000 * (2 * len(row) + 18)
    assert (len(shard.ids), len(weights)) == (8 * 2_000 * 64, 8 * 2_000)
    assert split < peak < 1.5 * split


def test_load_refuses_a_shard_of_other_counts(folder: Path) -> None:
    facts = json.loads((folder / CORPUS_JSON).read_text())
    facts["splits"]["train"]["shards"][1]["tokens"] = 4
    (folder / CORPUS_JSON).write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"train-00001\.npz: holds other sequences than corpus\.json says"):
        CorpusFolder.open(folder).load("train")


def test_counts_are_known_without_loading(folder: Path) -> None:
    corpus = CorpusFolder.open(folder)
    assert [corpus.sequences(split) for split in ("train", "idts", "odts")] == [3, 0, 0]
    assert corpus.facts["splits"]["train"]["tokens"] == 10


def test_load_names_the_changed_shard(folder: Path) -> None:
    shutil.copy(folder / "train-00000.npz", folder / "train-00001.npz")
    with pytest.raises(InputError, match=r"train-00001\.npz: changed since the corpus was built.*build"):
        CorpusFolder.open(folder).load("train")


def test_load_names_the_missing_shard(folder: Path) -> None:
    (folder / "train-00000.npz").unlink()
    with pytest.raises(InputError, match=r"train-00000\.npz: shard cannot be read"):
        CorpusFolder.open(folder).load("train")


def test_load_says_what_fills_an_empty_split(folder: Path) -> None:
    with pytest.raises(InputError, match=r"'odts' is empty; .*--odts NAME"):
        CorpusFolder.open(folder).load("odts")


def test_load_refuses_a_split_whose_shards_hold_nothing(folder: Path) -> None:
    TokenShard.from_sequences([], [], NAMES).save(folder / "train-00000.npz")
    write_corpus_json(folder, {"train": ["train-00000.npz"]}, vocab_size=16, about={"sources": []})
    with pytest.raises(InputError, match="'train' is empty; build the corpus again"):
        CorpusFolder.open(folder).load("train")


def test_open_refuses_another_tokenizer(folder: Path) -> None:
    (folder / TOKENIZER_JSON).write_text('{"other": 1}')
    with pytest.raises(InputError, match="not the tokenizer that made this corpus"):
        CorpusFolder.open(folder)


@pytest.mark.parametrize("exists", [True, False], ids=["no corpus.json", "no folder"])
def test_open_says_how_to_make_a_corpus(tmp_path: Path, exists: bool) -> None:
    path = tmp_path if exists else tmp_path / "absent"
    with pytest.raises(InputError, match=r"no corpus here .*loglm corpus build PATH"):
        CorpusFolder.open(path)


def test_open_refuses_a_later_format(folder: Path) -> None:
    facts = json.loads((folder / CORPUS_JSON).read_text())
    (folder / CORPUS_JSON).write_text(json.dumps(facts | {"format_version": 99}))
    with pytest.raises(InputError, match="format 99, but this loglm reads format 1"):
        CorpusFolder.open(folder)


def test_open_refuses_shards_outside_the_folder(folder: Path) -> None:
    facts = json.loads((folder / CORPUS_JSON).read_text())
    facts["splits"]["train"]["shards"][0]["file"] = "../other.npz"
    (folder / CORPUS_JSON).write_text(json.dumps(facts))
    with pytest.raises(InputError, match=r"outside the folder: '\.\./other\.npz'"):
        CorpusFolder.open(folder)


@pytest.mark.parametrize("key", ["tokenizer", "splits"])
def test_open_refuses_a_file_that_was_cut_down(folder: Path, key: str) -> None:
    facts = json.loads((folder / CORPUS_JSON).read_text())
    del facts[key]
    (folder / CORPUS_JSON).write_text(json.dumps(facts))
    with pytest.raises(InputError, match="build the corpus again"):
        CorpusFolder.open(folder)
