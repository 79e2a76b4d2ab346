"""LogEncoder: rendered events to vectors with ONNX Runtime, each distinct text computed once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.folder import open_model_dir
from loglm.errors import InputError, ModelError
from loglm.events.event import LogEvent
from loglm.events.reading import parse_line
from loglm.events.rendering import View, render
from loglm.tokenizer.bpe import load_tokenizer

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

__all__ = ["LogEncoder"]

_BATCH_TOKENS = 4_096


class LogEncoder:
    """Turns log events into vectors of unit length; their dot product is the cosine similarity.

    >>> encoder = LogEncoder.from_pretrained()
    >>> encoder.embed(["sshd[4867]: Failed password for root from 10.0.0.7 port 51512 ssh2"]).shape[0]
    1
    """

    def __init__(
        self, session: InferenceSession, tokenizer: Tokenizer, config: EncoderConfig, *, cache_size: int = 200_000
    ) -> None:
        self.config = config
        self.cache_size = cache_size
        self.hits = 0
        """Texts whose vector was known already."""
        self.misses = 0
        """Texts that were computed."""
        self._session = session
        self._tokenizer = tokenizer
        self._cache: dict[str, np.ndarray] = {}
        tokenizer.enable_truncation(config.max_tokens)
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
        from onnxruntime import InferenceSession, SessionOptions

        encoder_file = folder / "encoder.onnx"
        if not encoder_file.is_file():
            raise ModelError(f"{folder}: this model has no encoder (encoder.onnx)")
        config = EncoderConfig.from_json(json.loads((folder / "config.json").read_text(encoding="utf-8"))["encoder"])
        options = SessionOptions()
        options.log_severity_level = 3
        if threads is not None:
            options.intra_op_num_threads = threads
        session = InferenceSession(str(encoder_file), options, providers=["CPUExecutionProvider"])
        return cls(session, load_tokenizer(folder / "tokenizer.json"), config)

    @property
    def width(self) -> int:
        """D, the length of a vector."""
        return self.config.width

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
        """Vectors of rendered events, float32 (n, D)."""
        unknown = list(dict.fromkeys(text for text in texts if text not in self._cache))
        self.hits += len(texts) - len(unknown)
        self.misses += len(unknown)
        if len(self._cache) + len(unknown) > self.cache_size:
            self._cache.clear()
            unknown = list(dict.fromkeys(texts))
        fresh = dict(zip(unknown, self._compute(unknown), strict=True))
        if len(fresh) <= self.cache_size:
            self._cache.update(fresh)
            fresh = self._cache
        if not texts:
            return np.zeros((0, self.width), np.float32)
        return np.stack([fresh[text] for text in texts])

    def _compute(self, texts: list[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.width), np.float32)
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(texts)]
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        start = 0
        while start < len(order):
            stop = start + 1
            while stop < len(order) and len(ids[order[stop]]) * (stop + 1 - start) <= _BATCH_TOKENS:
                stop += 1
            rows = order[start:stop]
            vectors[rows] = self._run([ids[row] for row in rows])
            start = stop
        return vectors

    def _run(self, rows: list[list[int]]) -> np.ndarray:
        padded = np.zeros((len(rows), len(rows[-1])), np.int64)
        for index, row in enumerate(rows):
            padded[index, : len(row)] = row
        inputs = {"input_ids": padded, "attention_mask": (padded != 0).astype(np.int64)}
        output: np.ndarray = self._session.run(["vector"], inputs)[0]
        return output.astype(np.float32, copy=False)
