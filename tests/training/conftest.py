"""A corpus folder, shards and a model that train in a moment."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tokenizers import Tokenizer

from loglm.artifacts.config import EncoderConfig
from loglm.corpus.folder import SPLITS, TOKENIZER_JSON, Split, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.tokenizer.bpe import TokenRoles, train_tokenizer

if TYPE_CHECKING:
    from loglm.training.recipe import PretrainRecipe

VOCABULARY = 64


def rendered_events(count: int) -> list[str]:
    """Texts as the renderer writes them."""
    numbers = random.Random(0)
    users, tools = ("root", "alice", "backup"), ("bash", "sudo", "cron", "sshd")
    return [
        f"linux/auth login\nmethod={numbers.choice(('password', 'publickey'))}\nprogram={numbers.choice(tools)}\n"
        f"Accepted {numbers.choice(users)} on port {numbers.randrange(20)}"
        for _ in range(count)
    ]


def write_corpus(
    folder: Path, splits: Mapping[Split, Mapping[str, list[str]]], tokenizer: Tokenizer | None = None
) -> Path:
    """As `loglm corpus build` leaves it, of texts by split and source; the tokenizer is of all of them by default."""
    folder.mkdir(exist_ok=True)
    texts = [text for sources in splits.values() for source in sources.values() for text in source]
    tokenizer = tokenizer or train_tokenizer(texts, vocab_size=640)
    tokenizer.save(str(folder / TOKENIZER_JSON))
    names = tuple(dict.fromkeys(name for sources in splits.values() for name in sources))
    for split, sources in splits.items():
        rows = [encoding.ids for source in sources.values() for encoding in tokenizer.encode_batch_fast(source)]
        numbers = [names.index(name) for name, source in sources.items() for _ in source]
        TokenShard.from_sequences(rows, numbers, names).save(folder / f"{split}.npz")
    counts = {name: {split: len(splits.get(split, {}).get(name, ())) for split in SPLITS} for name in names}
    about = {"sources": [{"name": name, "texts": texts} for name, texts in counts.items()]}
    shards = {split: [f"{split}.npz"] for split in splits}
    write_corpus_json(folder, shards, vocab_size=tokenizer.get_vocab_size(), about=about)
    return folder


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three splits of one source."""
    texts = rendered_events(200)
    splits: dict[Split, list[str]] = {"train": texts[:160], "idts": texts[160:180], "odts": texts[180:]}
    return write_corpus(tmp_path_factory.mktemp("corpus"), {split: {"auth": part} for split, part in splits.items()})


@pytest.fixture(scope="session")
def roles() -> TokenRoles:
    """Of ids below 64: 10 ends a line, 11 stands between key and value."""
    return TokenRoles([0, 1, 2, 3, 4, 10, 11], line_end_id=10, equals_id=11)


@pytest.fixture(scope="session")
def shard() -> TokenShard:
    """Random ids below 64."""
    numbers = np.random.default_rng(0)
    rows = [[2, *numbers.integers(5, VOCABULARY, n).tolist(), 3] for n in numbers.integers(4, 20, 40)]
    return TokenShard.from_sequences(rows, [0] * len(rows), ("made",))


@pytest.fixture(scope="session")
def tiny_config() -> EncoderConfig:
    """Fits `shard`."""
    return EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=VOCABULARY, max_tokens=32)


@pytest.fixture
def recipe(corpus_folder: Path, tmp_path: Path) -> PretrainRecipe:
    """A run of both stages that takes a second."""
    from loglm.training.recipe import PretrainRecipe

    return PretrainRecipe(
        corpus_folder,
        tmp_path / "run",
        layers=1,
        steps=8,
        contrastive_share=0.25,
        batch_tokens=256,
        threads=1,
        device="cpu",
        precision="fp32",
        checkpoint_every=7,
    )
