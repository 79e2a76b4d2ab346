"""Event vectors and entities for `context_encoders.py` and `context_heads.py`: read once, kept under ``--out``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from loglm.context.codebook import TemplateCodebook
from loglm.corpus.templates import text_hash
from loglm.runtime.encoder import LogEncoder

_MOST_CHARS = 1_000
_BATCH = 256


class KeepingCodebook(TemplateCodebook):
    """The shipped codebook, which keeps the texts that it is asked for until they have vectors."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, tuple[int, str]] = {}
        """Hash of a text -> its kind and itself."""

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The codes of rendered events, int64 (n,)."""
        kinds = super().__call__(texts)
        self.texts |= {text_hash(text): (kind, text) for text, kind in zip(texts, kinds.tolist(), strict=True)}
        return kinds


class EventVectors:
    """Vectors of events by the shipped LogEncoder, kept in a file.

    Of each kind the first texts are embedded, and what they begin with; an event with another text has the mean of its
    kind. What is learned first says what the vector of a kind is: later texts do not change it.
    """

    def __init__(self, path: Path, *, per_kind: int) -> None:
        self.path, self.per_kind = path, per_kind
        self._encoder = LogEncoder.from_pretrained()
        self._keys, self._kinds = np.zeros(0, np.uint64), np.zeros(0, np.int64)
        self._vectors = np.zeros((0, self._encoder.width), np.float32)
        if path.is_file():
            with np.load(path) as kept:
                self._keys, self._kinds, self._vectors = kept["keys"], kept["kinds"], kept["vectors"]

    def learn(self, texts: Mapping[int, tuple[int, str]]) -> None:
        """Embed the first texts of kinds not known yet; ``texts``: hash -> kind and text."""
        known, counts = set(self._kinds.tolist()), dict[int, int]()
        wanted = []
        for key, (kind, text) in texts.items():
            if kind not in known and counts.setdefault(kind, 0) < self.per_kind:
                counts[kind] += 1
                wanted.append((key, kind, text[:_MOST_CHARS]))
        if not wanted:
            return
        print(f"embedding {len(wanted):,} of {len(texts):,} texts", flush=True)
        parts = [wanted[i : i + _BATCH] for i in range(0, len(wanted), _BATCH)]
        fresh = np.concatenate([self._encoder.embed_texts([text for _, _, text in part]) for part in parts])
        self._keys = np.concatenate([self._keys, np.asarray([key for key, _, _ in wanted], np.uint64)])
        self._kinds = np.concatenate([self._kinds, np.asarray([kind for _, kind, _ in wanted], np.int64)])
        self._vectors = np.concatenate([self._vectors, fresh])
        np.savez(self.path, keys=self._keys, kinds=self._kinds, vectors=self._vectors)

    def matrix(self, codes: int) -> np.ndarray:
        """Vectors of kinds, float32 (codes, V), zeros for those without; behind them those of texts."""
        sums = np.zeros((codes, self._vectors.shape[1]), np.float32)
        np.add.at(sums, self._kinds, self._vectors)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.concatenate([sums / np.maximum(norms, 1e-9), self._vectors])

    def known(self, codes: int) -> np.ndarray:
        """Which kinds have vectors, bool (codes,)."""
        return np.bincount(self._kinds, minlength=codes) > 0

    def rows(self, keys: Iterable[int], kinds: Iterable[int], codes: int) -> np.ndarray:
        """Rows of `matrix` of events, int64 (n,): the text's own, else the kind's."""
        place = {key: codes + row for row, key in enumerate(self._keys.tolist())}
        return np.asarray([place.get(key, kind) for key, kind in zip(keys, kinds, strict=True)], np.int64)
