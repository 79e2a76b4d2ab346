"""What a run learns from and is measured on, from a corpus folder."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loglm.corpus.folder import CorpusFolder, Split
from loglm.corpus.shards import TokenShard
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.pretrain import TrainingData

__all__ = ["training_data"]

_HELD_OUT: tuple[Split, ...] = ("idts", "odts")


def training_data(corpus: CorpusFolder, max_tokens: int) -> TrainingData:
    """Sequences of at most ``max_tokens`` tokens."""
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    train, weights = corpus.load("train")
    held_out: dict[str, TokenShard] = {
        split: _cut(corpus.load(split)[0], max_tokens) for split in _HELD_OUT if corpus.sequences(split)
    }
    train = _cut(train, max_tokens)
    return TrainingData(train, weights, TokenRoles.of(tokenizer), bytes_of_tokens(tokenizer), held_out)


def _cut(shard: TokenShard, max_tokens: int) -> TokenShard:
    """Sequences of at most so many tokens, each with its own last one, [SEP]."""
    lengths = np.minimum(shard.lengths, max_tokens)
    position = np.arange(len(shard.ids)) - np.repeat(shard.offsets[:-1], shard.lengths)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    ids = shard.ids[position < max_tokens]
    ids[offsets[1:] - 1] = shard.ids[shard.offsets[1:] - 1]
    return replace(shard, ids=ids, offsets=offsets)
