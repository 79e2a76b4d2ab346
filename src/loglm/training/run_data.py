"""What a run learns from and is measured on, from corpus folders."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from loglm.artifacts.files import file_sha256
from loglm.corpus.folder import CORPUS_JSON, CorpusFolder, Split
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.pretrain import TrainingData

__all__ = ["Replay", "held_out_shards", "mixed", "training_data"]

_HELD_OUT: tuple[Split, ...] = ("idts", "odts")
_REPLAYED = "replay-"


@dataclass(frozen=True, slots=True)
class Replay:
    """A corpus that a model learned from before, mixed in so that it does not forget (experience replay)."""

    corpus: CorpusFolder
    share: float
    """Of the tokens read, on average."""

    @classmethod
    def open(cls, path: Path, share: float, *, tokenizer_sha256: str) -> Replay:
        """Raises InputError for no corpus, one of another tokenizer or without texts, or a share outside 0 to 1."""
        if not 0 < share < 1:
            raise InputError(f"replay share {share} must lie between 0 and 1")
        corpus = CorpusFolder.open(path)
        if corpus.facts["tokenizer"]["sha256"] != tokenizer_sha256:
            raise InputError(
                f"{path}: made with another tokenizer than the corpus to learn from; build one of them again with "
                f"`loglm corpus build --tokenizer {shlex.quote(str(corpus.tokenizer_path))}` or the other's"
            )
        corpus.require("train")
        return cls(corpus, share)

    def identity(self) -> dict[str, object]:
        """What a checkpoint has to agree in."""
        return {"corpus": file_sha256(self.corpus.path / CORPUS_JSON), "share": self.share}


def training_data(corpus: CorpusFolder, max_tokens: int, replay: Replay | None = None) -> TrainingData:
    """Sequences of at most ``max_tokens`` tokens; the held-out splits of a replayed corpus are ``replay-idts``, ...

    Needs memory as `CorpusFolder.load` does, for each split; with a replayed corpus twice that of both training splits
    while they are mixed.
    """
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    train, weights = corpus.load("train", max_tokens=max_tokens)
    held_out: dict[str, TokenShard] = dict(held_out_shards(corpus, max_tokens))
    if replay is not None:
        old, old_weights = replay.corpus.load("train", max_tokens=max_tokens)
        train, weights = mixed(train, weights, old, old_weights, share=replay.share)
        held_out |= {f"{_REPLAYED}{name}": shard for name, shard in held_out_shards(replay.corpus, max_tokens)}
    return TrainingData(train, weights, TokenRoles.of(tokenizer), bytes_of_tokens(tokenizer), held_out)


def held_out_shards(corpus: CorpusFolder, max_tokens: int) -> Iterator[tuple[str, TokenShard]]:
    """The test splits that a corpus has, cut at ``max_tokens``."""
    for split in _HELD_OUT:
        if corpus.sequences(split):
            yield split, corpus.load(split, max_tokens=max_tokens)[0]


def mixed(
    first: TokenShard, first_weights: np.ndarray, second: TokenShard, second_weights: np.ndarray, *, share: float
) -> tuple[TokenShard, np.ndarray]:
    """Both shards as one, and the chance of each sequence, such that on average ``share`` of the tokens drawn are of
    the second."""
    names = (*first.source_names, *second.source_names)
    moved = replace(second, source=second.source + np.int16(len(first.source_names)))
    shard = TokenShard.concatenate([replace(first, source_names=names), moved])
    own = first_weights * ((1 - share) / float(first_weights @ first.lengths))
    other = second_weights * (share / float(second_weights @ second.lengths))
    return shard, np.concatenate([own, other])
