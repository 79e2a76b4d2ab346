"""Last steps: a tokenizer learned from a sample of the training texts, and the texts as shards of its ids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.corpus.documents import import_polars, read_range, read_rows
from loglm.corpus.folder import SPLITS, TOKENIZER_JSON
from loglm.corpus.planning import read_plan
from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.corpus.shards import TokenShard
from loglm.corpus.splitting import TRAIN
from loglm.tokenizer.bpe import load_tokenizer, train_tokenizer

if TYPE_CHECKING:
    import polars
    from tokenizers import Encoding

__all__ = ["ShardJob", "Tokenization", "TokenizerJob", "shard_part", "shard_ranges", "tokenizer_part"]

_SHARD_TEXTS = 50_000
_SAMPLE_TEXTS = 120_000
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class TokenizerJob:
    """What a tokenizer is learned from, unless one is given."""

    plan: Path
    paths: tuple[Path, ...]
    vocab_size: int
    given: tuple[Path, str] | None
    """A tokenizer to take, and its sha256."""
    key: bytes | None
    """Of the pseudonyms; None leaves texts as they are."""


@dataclass(frozen=True, slots=True)
class Tokenization:
    """How texts become token ids."""

    tokenizer: Path
    max_tokens: int
    """Where a text is cut."""
    key: bytes | None
    """Of the pseudonyms."""

    def encode(self, texts: polars.Series) -> Iterator[Encoding]:
        """``ids`` of each text; ``overflowing`` is empty where none was cut off."""
        tokenizer = load_tokenizer(self.tokenizer)
        tokenizer.enable_truncation(self.max_tokens)
        for start in range(0, len(texts), _BATCH):
            yield from tokenizer.encode_batch_fast(_pseudonymised(texts[start : start + _BATCH].to_list(), self.key))


@dataclass(frozen=True, slots=True)
class ShardJob:
    """Documents of one split in a range of hashes."""

    plan: Path
    paths: tuple[Path, ...]
    tokenization: Tokenization
    split: int
    low: int
    high: int
    """Included."""
    source_names: tuple[str, ...]
    file_name: str


def tokenizer_part(job: TokenizerJob, out: Path) -> dict[str, Any]:
    """Write ``tokenizer.json``. Returns ``vocab_size``."""
    if job.given is not None:
        tokenizer = load_tokenizer(job.given[0])
        (out / TOKENIZER_JSON).write_bytes(job.given[0].read_bytes())
    else:
        tokenizer = train_tokenizer(_sample(job), vocab_size=job.vocab_size)
        (out / TOKENIZER_JSON).write_text(tokenizer.to_str(), encoding="utf-8")
    return {"vocab_size": tokenizer.get_vocab_size()}


def shard_ranges(plan: polars.DataFrame, split: int) -> list[tuple[int, int]]:
    """Ranges of hashes, both ends included, of 50,000 documents of a split each."""
    hashes = plan.filter(import_polars().col("split") == split)["hash"].to_list()
    pieces = [hashes[start : start + _SHARD_TEXTS] for start in range(0, len(hashes), _SHARD_TEXTS)]
    return [(piece[0], piece[-1]) for piece in pieces]


def shard_part(job: ShardJob, out: Path) -> dict[str, Any]:
    """Write one shard, its documents ordered by hash, so that every shard is a fair mixture.

    Returns:
        ``split``, and ``cut``: how many texts were longer than its sequences may be.
    """
    pl = import_polars()
    wanted = read_plan(job.plan).filter(pl.col("split") == job.split, pl.col("hash").is_between(job.low, job.high))
    texts = read_range(job.paths, job.low, job.high).select("hash", "text")
    rows = wanted.join(texts, on="hash", how="left").sort("hash")
    sequences: list[list[int]] = []
    cut = 0
    for encoding in job.tokenization.encode(rows["text"]):
        sequences.append(encoding.ids)
        cut += bool(encoding.overflowing)
    shard = TokenShard.from_sequences(sequences, rows["source"].to_list(), job.source_names)
    shard.save(out / job.file_name, rows["weight"].to_numpy())
    return {"split": SPLITS[job.split], "cut": cut}


def _sample(job: TokenizerJob) -> Iterator[str]:
    """Texts for training, drawn by weight, in order of hash."""
    pl = import_polars()
    plan = read_plan(job.plan).filter(pl.col("split") == TRAIN)
    weights = plan["weight"].to_numpy()
    number = min(_SAMPLE_TEXTS, len(plan))
    drawn = np.random.default_rng(0).choice(len(plan), size=number, replace=False, p=weights / weights.sum())
    hashes = plan["hash"].to_numpy()[np.sort(drawn)].tolist()
    for start in range(0, len(hashes), _BATCH * 4):
        rows = read_rows(job.paths, "hash", hashes[start : start + _BATCH * 4]).sort("hash")
        yield from _pseudonymised(rows["text"].to_list(), job.key)


def _pseudonymised(texts: list[str], key: bytes | None) -> list[str]:
    if key is None:
        return texts
    pseudonymiser = Pseudonymiser(key)
    return [pseudonymiser.apply(text) for text in texts]
