"""A corpus folder, shards and a model that train in a moment."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from loglm.artifacts.config import EncoderConfig
from loglm.corpus.folder import TOKENIZER_JSON, write_corpus_json
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


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `loglm corpus build` leaves it."""
    folder = tmp_path_factory.mktemp("corpus")
    texts = rendered_events(200)
    tokenizer = train_tokenizer(texts, vocab_size=640)
    tokenizer.save(str(folder / TOKENIZER_JSON))
    for name, part in (("train", texts[:160]), ("idts", texts[160:180]), ("odts", texts[180:])):
        rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(part)]
        TokenShard.from_sequences(rows, [0] * len(rows), ("auth",)).save(folder / f"{name}.npz")
    shards = {name: [f"{name}.npz"] for name in ("train", "idts", "odts")}
    write_corpus_json(folder, shards, vocab_size=tokenizer.get_vocab_size(), about={"sources": []})
    return folder


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
