"""Event vectors and entities for `context_encoders.py` and `context_heads.py`: read once, kept under ``--out``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from loglm.context.codebook import TemplateCodebook
from loglm.corpus.templates import text_hash
from loglm.runtime.encoder import LogEncoder

_MOST_CHARS = 400
_PER_KIND = 2
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
    """Vectors of events by the shipped LogEncoder; those of texts are kept in a file from run to run.

    Of each kind the first two texts are embedded, each by what it begins with; an event with another text has the mean
    of its kind. What is learned first says what the vector of a kind is: later texts do not change it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoder = LogEncoder.from_pretrained()
        self._computed: dict[int, np.ndarray] = {}
        self._keys: list[int] = []
        self._kinds: list[int] = []
        self._place: dict[int, int] = {}
        if path.is_file():
            with np.load(path) as kept:
                self._computed = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def learn(self, texts: Mapping[int, tuple[int, str]]) -> None:
        """Take the first texts of kinds not known yet; ``texts``: hash -> kind and text."""
        known, counts, fresh = set(self._kinds), Counter[int](), {}
        for key, (kind, text) in texts.items():
            if kind not in known and counts[kind] < _PER_KIND:
                counts[kind] += 1
                self._place[key] = len(self._keys)
                self._keys.append(key)
                self._kinds.append(kind)
                if key not in self._computed:
                    fresh[key] = text[:_MOST_CHARS]
        print(f"# embedding {len(fresh):,} of {len(texts):,} texts", flush=True)
        asked = list(fresh)
        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            vectors = self._encoder.embed_texts([fresh[key] for key in part])
            self._computed |= dict(zip(part, vectors, strict=True))
            keys = np.fromiter(self._computed, np.uint64, len(self._computed))
            np.savez(self._path, keys=keys, vectors=np.stack(list(self._computed.values())))

    def matrix(self, codes: int) -> np.ndarray:
        """Vectors of kinds, float32 (codes, V), zeros for those without; behind them those of texts."""
        vectors = np.stack([self._computed[key] for key in self._keys])
        sums = np.zeros((codes, vectors.shape[1]), np.float32)
        np.add.at(sums, self._kinds, vectors)
        return np.concatenate([sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), vectors])

    def known(self, codes: int) -> np.ndarray:
        """Which kinds have vectors, bool (codes,)."""
        return np.bincount(self._kinds, minlength=codes) > 0

    def rows(self, keys: Iterable[int], kinds: Iterable[int], codes: int) -> np.ndarray:
        """Rows of `matrix` of events, int64 (n,): the text's own, else the kind's."""
        own = (self._place.get(key) for key in keys)
        return np.asarray([k if row is None else codes + row for row, k in zip(own, kinds, strict=True)], np.int64)
