"""Corpus folders: what `loglm corpus build` leaves and pretraining reads, checked against their checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from loglm.artifacts.files import file_sha256
from loglm.corpus.joining import ShardJoiner
from loglm.corpus.shards import TokenShard, parse_shard
from loglm.errors import InputError

__all__ = ["CORPUS_JSON", "SPLITS", "TOKENIZER_JSON", "CorpusFolder", "Split", "write_corpus_json"]

Split = Literal["train", "idts", "odts"]
"""Training; in-distribution test (later, and other files, of the same sources); out-of-distribution test (others)."""
SPLITS: tuple[Split, ...] = get_args(Split)
CORPUS_JSON = "corpus.json"
TOKENIZER_JSON = "tokenizer.json"
FORMAT_VERSION = 1
_BUILD_AGAIN = "build the corpus again with `loglm corpus build`"


@dataclass(frozen=True, slots=True)
class CorpusFolder:
    """A corpus on disk: token shards of three splits, the tokenizer that made them, and where they come from."""

    path: Path
    facts: dict[str, Any]
    """``corpus.json``: tokenizer, sources with licences, counts and hashes, steps, drops, splits and their shards."""

    @classmethod
    def open(cls, path: Path | str) -> CorpusFolder:
        """Read ``corpus.json`` and check it and the tokenizer; shards are checked when loaded.

        Raises:
            InputError: No corpus here, one of another format, or the tokenizer is not the one it was made with.
        """
        folder = Path(path)
        facts = _read_facts(folder)
        corpus = cls(folder, facts)
        expected = facts["tokenizer"]["sha256"]
        if not corpus.tokenizer_path.is_file():
            raise InputError(f"{corpus.tokenizer_path}: missing; {_BUILD_AGAIN}, or copy the folder again")
        if file_sha256(corpus.tokenizer_path) != expected:
            raise InputError(
                f"{corpus.tokenizer_path}: not the tokenizer that made this corpus (sha256 differs from the one in "
                f"{CORPUS_JSON}, {expected[:12]}…), so its token ids mean something else; put that file back, or "
                "build the corpus again with `loglm corpus build PATH... --tokenizer FILE`"
            )
        return corpus

    @property
    def tokenizer_path(self) -> Path:
        """The ``tokenizer.json`` that made the token ids."""
        return self.path / TOKENIZER_JSON

    @property
    def vocab_size(self) -> int:
        """Ids of the tokenizer; every token id is below it."""
        return int(self.facts["tokenizer"]["vocab_size"])

    def sequences(self, split: Split) -> int:
        """Number of token sequences of a split, 0 where it is empty."""
        return sum(int(shard["sequences"]) for shard in self._shards(split))

    def sources_of(self, split: Split) -> set[str]:
        """Names of the sources that have texts in a split, as ``corpus.json`` says."""
        return {source["name"] for source in self.facts.get("sources", ()) if source["texts"][split]}

    def require(self, split: Split) -> None:
        """Complain of a split that `load` cannot load, as far as can be told without reading it.

        Raises:
            InputError: It is empty, or a shard is missing.
        """
        if split not in SPLITS:
            raise InputError(f"no split {split!r}; expected one of {', '.join(SPLITS)}")
        if not self.sequences(split):
            raise InputError(f"{self.path}: the split {split!r} is empty; {_hint(split)}")
        missing = [path for entry in self._shards(split) if not (path := self.path / entry["file"]).is_file()]
        if missing:
            raise InputError(f"{missing[0]}: shard cannot be read (there is no such file); copy the folder again")

    def load(self, split: Split, *, max_tokens: int | None = None) -> tuple[TokenShard, np.ndarray]:
        """All shards of a split as one, and the chance of each sequence to be drawn.

        Needs memory for the split, 2 bytes a token and 18 a sequence (`ShardJoiner`), and for one shard more while it
        is read: 50,000 sequences, as `loglm corpus build` writes them.

        Args:
            split: Which.
            max_tokens: Longer sequences are cut (`loglm.corpus.cutting`), shard by shard.

        Returns:
            The token sequences, and float64 weights of shape (n_sequences,), of any positive scale.

        Raises:
            InputError: The split is empty, or a shard is missing or was changed since it was written.
        """
        self.require(split)
        entries = self._shards(split)
        sequences, tokens = (sum(int(entry[key]) for entry in entries) for key in ("sequences", "tokens"))
        joiner = ShardJoiner(sequences=sequences, tokens=tokens, max_tokens=max_tokens)
        for entry in entries:
            joiner.add(*self._read(entry))
        return joiner.joined()

    def _shards(self, split: Split) -> list[dict[str, Any]]:
        return list(self.facts["splits"].get(split, {}).get("shards", ()))

    def _read(self, entry: dict[str, Any]) -> tuple[TokenShard, np.ndarray]:
        path = self.path / entry["file"]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path}: shard cannot be read ({error.strerror}); copy the folder again") from error
        if hashlib.sha256(data).hexdigest() != entry["sha256"]:
            raise InputError(
                f"{path}: changed since the corpus was built (sha256 differs from the one in {CORPUS_JSON}); copy the "
                f"folder again, or {_BUILD_AGAIN}"
            )
        shard, weights = parse_shard(data, path)
        if (len(shard), len(shard.ids)) != (entry["sequences"], entry["tokens"]):
            raise InputError(f"{path}: holds other sequences than {CORPUS_JSON} says; {_BUILD_AGAIN}")
        return shard, weights


def write_corpus_json(
    folder: Path, shards: Mapping[Split, Sequence[str]], *, vocab_size: int, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Write ``corpus.json`` for shards and a ``tokenizer.json`` that lie in ``folder``; the last step of making one.

    Args:
        folder: Holds the shard files (`TokenShard.save`) and the tokenizer.
        shards: Names of the shard files of each split, in order.
        vocab_size: Ids of the tokenizer.
        about: Further facts: ``sources``, ``steps``, ``drops``, ``options``.

    Returns:
        What was written.
    """
    splits = {split: _split_facts(folder, names) for split, names in shards.items()}
    tokenizer = {"file": TOKENIZER_JSON, "sha256": file_sha256(folder / TOKENIZER_JSON), "vocab_size": vocab_size}
    facts = {"format_version": FORMAT_VERSION, "tokenizer": tokenizer, **about, "splits": splits}
    partial = folder / f".{CORPUS_JSON}.partial"
    partial.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    partial.replace(folder / CORPUS_JSON)
    return facts


def _split_facts(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    for name in names:
        shard = TokenShard.load(folder / name)
        entries.append(
            {
                "file": name,
                "sha256": file_sha256(folder / name),
                "sequences": len(shard),
                "tokens": int(shard.offsets[-1]),
            }
        )
    totals = {key: sum(entry[key] for entry in entries) for key in ("sequences", "tokens")}
    return {**totals, "shards": entries}


def _read_facts(folder: Path) -> dict[str, Any]:
    path = folder / CORPUS_JSON
    if not path.is_file():
        reason = f"no {CORPUS_JSON} in it" if folder.is_dir() else "there is no such folder"
        raise InputError(f"{folder}: no corpus here ({reason}); make one with `loglm corpus build PATH... --out DIR`")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = facts["format_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); {_BUILD_AGAIN}") from error
    if version != FORMAT_VERSION:
        raise InputError(f"{path}: format {version}, but this loglm reads format {FORMAT_VERSION}; {_BUILD_AGAIN}")
    problem = _misshapen(facts)
    if problem:
        raise InputError(f"{path}: {problem}; {_BUILD_AGAIN}")
    return facts


def _misshapen(facts: dict[str, Any]) -> str | None:
    """What is wrong with the parts that are relied on, so that an edited file gives a message and no KeyError."""
    tokenizer, splits = facts.get("tokenizer"), facts.get("splits")
    if not isinstance(tokenizer, dict) or not isinstance(tokenizer.get("sha256"), str):
        return "names no sha256 of the tokenizer"
    if not isinstance(tokenizer.get("vocab_size"), int) or not isinstance(splits, dict):
        return "names no vocabulary size or no splits"
    for shard in (shard for split in splits.values() for shard in split.get("shards", ())):
        name = shard.get("file")
        if not isinstance(name, str) or Path(name).name != name:
            return f"names a shard outside the folder: {name!r}"
        counts = [shard.get(key) for key in ("sequences", "tokens")]
        if not isinstance(shard.get("sha256"), str) or not all(isinstance(count, int) for count in counts):
            return f"gives no sha256 or counts for {name}"
    return None


def _hint(split: Split) -> str:
    return {
        "train": _BUILD_AGAIN,
        "idts": "no source has enough documents to hold some out; add logs, or raise --test-share",
        "odts": "keep whole sources out of training with `loglm corpus build --odts NAME`",
    }[split]
