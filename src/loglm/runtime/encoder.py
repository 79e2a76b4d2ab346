"""LogEncoder: rendered events to vectors, each distinct text computed once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from loglm.artifacts.config import EncoderConfig, StaticConfig
from loglm.artifacts.folder import open_model_dir
from loglm.corpus.cutting import cut_row
from loglm.errors import InputError, ModelError
from loglm.events.event import LogEvent
from loglm.events.reading import parse_line
from loglm.events.rendering import View, render
from loglm.runtime.long_texts import TextVector, text_vectors
from loglm.runtime.onnx_vectors import OnnxVectors
from loglm.runtime.static_vectors import StaticVectors
from loglm.tokenizer.bpe import load_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["LogEncoder"]

_COUNTED_AT_ONCE = 256
"""Texts, because a tokenizer needs far more memory than its text."""


class LogEncoder:
    """Turns log events into vectors of unit length; their dot product is the cosine similarity.

    The encoder reads ``config.max_tokens`` tokens at once. A longer text is read in overlapping pieces of as many, and
    its vector is their mean; of more than 48,000 tokens the first 48,000 count. Rendered events end at
    `loglm.events.rendering.MAX_TEXT_CHARS` characters; only texts given to `embed_texts` can be longer than that.

    >>> encoder = LogEncoder.from_pretrained()
    >>> encoder.embed(["sshd[4867]: Failed password for root from 10.0.0.7 port 51512 ssh2"]).shape[0]
    1
    """

    def __init__(
        self, vectors: OnnxVectors | StaticVectors, tokenizer: Tokenizer, *, cache_size: int = 200_000
    ) -> None:
        self.config = vectors.config
        self.cache_size = cache_size
        self.hits = 0
        """Texts whose vector was known already."""
        self.misses = 0
        """Texts that were computed."""
        self.in_pieces = 0
        """Texts, known ones included, too long to be read at once."""
        self.cut = 0
        """Texts, known ones included, whose end was not read."""
        self._vectors = vectors
        self._tokenizer = tokenizer
        self._cache: dict[bytes, TextVector] = {}
        tokenizer.no_truncation()
        tokenizer.no_padding()

    @classmethod
    def from_pretrained(cls, path: Path | str | None = None, *, threads: int | None = None) -> LogEncoder:
        """Load the encoder of a model folder; the shipped one without a path.

        Args:
            path: A model folder.
            threads: CPU threads for one batch; ONNX Runtime's default (all cores) for None.

        Raises:
            ModelError: The folder is missing, incomplete, altered or of another version.
        """
        folder, _ = open_model_dir(path)
        return cls.load(folder, threads=threads)

    @classmethod
    def load(cls, folder: Path, *, threads: int | None = None) -> LogEncoder:
        """Load the encoder of a model folder that `open_model_dir` has checked; see `from_pretrained`."""
        tokenizer = load_tokenizer(folder / "tokenizer.json")
        return cls(_load_vectors(folder, tokenizer.get_vocab_size(), threads), tokenizer)

    @property
    def width(self) -> int:
        """D, the length of a vector."""
        return self.config.vector_width

    def embed(self, events: Iterable[LogEvent | str], *, view: View = "masked") -> np.ndarray:
        """Vectors of events or of raw log lines (JSON, syslog, access log, ...; the format is recognised).

        Returns:
            float32 of shape (n, D), rows of unit length, in the order given.

        Raises:
            InputError: One text instead of a list of them.
        """
        if isinstance(events, str):
            raise InputError("expected a list of events, got one text; write [text]")
        parsed = (parse_line(event) if isinstance(event, str) else event for event in events)
        return self.embed_texts([render(event, view) for event in parsed])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of rendered events or of any other texts, float32 (n, D)."""
        if not texts:
            return np.zeros((0, self.width), np.float32)
        keys = [_key(text) for text in texts]
        distinct = dict(zip(keys, texts, strict=True))
        unknown = [key for key in distinct if key not in self._cache]
        self.hits += len(texts) - len(unknown)
        self.misses += len(unknown)
        if len(self._cache) + len(unknown) > self.cache_size:
            self._cache.clear()
            unknown = list(distinct)
        fresh = dict(zip(unknown, self._compute([distinct[key] for key in unknown]), strict=True))
        if len(fresh) <= self.cache_size:
            self._cache.update(fresh)
            fresh = self._cache
        found = [fresh[key] for key in keys]
        self.in_pieces += sum(text.in_pieces for text in found)
        self.cut += sum(text.is_cut for text in found)
        return np.stack([text.vector for text in found])

    def embed_tokens(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """Vectors of token sequences of this encoder's tokenizer, float32 (n, D); each is computed, and cut where it
        is longer than the encoder reads."""
        return self._vectors([cut_row(np.asarray(row), self.config.max_tokens).tolist() for row in rows])

    def count_tokens(self, texts: Sequence[str]) -> np.ndarray:
        """Tokens of texts as they stand, special ones not counted, int64 (n,)."""
        counts: list[int] = []
        for start in range(0, len(texts), _COUNTED_AT_ONCE):
            some = list(texts[start : start + _COUNTED_AT_ONCE])
            counts += [len(found.ids) for found in self._tokenizer.encode_batch_fast(some, add_special_tokens=False)]
        return np.asarray(counts, np.int64)

    def _compute(self, texts: list[str]) -> list[TextVector]:
        return text_vectors(texts, self._tokenizer, self._vectors, max_tokens=self.config.max_tokens)


def _key(text: str) -> bytes:
    """Stands for a text in the cache, whose memory so has a bound however long texts are."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _load_vectors(folder: Path, vocab_size: int, threads: int | None) -> OnnxVectors | StaticVectors:
    """Whichever the folder's ``config.json`` describes."""
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    if "static" in config:
        static = StaticConfig.from_json(config["static"])
        if static.vocab_size != vocab_size:
            raise ModelError(f"{folder}: {static.vocab_size} token vectors for a tokenizer of {vocab_size} tokens")
        return StaticVectors.load(folder, static)
    return OnnxVectors.load(folder, EncoderConfig.from_json(config["encoder"]), threads=threads)
