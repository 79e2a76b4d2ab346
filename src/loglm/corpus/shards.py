"""Token shards: rendered events as one flat array of token ids with offsets, on disk as .npz."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.errors import InputError

__all__ = ["TokenShard"]


@dataclass(frozen=True, slots=True)
class TokenShard:
    """Many token sequences. ``offsets`` has one more entry than there are sequences."""

    ids: np.ndarray
    """uint16 or uint32, shape (n_tokens,)."""
    offsets: np.ndarray
    """int64, shape (n_sequences + 1,)."""
    source: np.ndarray
    """int16, shape (n_sequences,): index of the data source each came from."""
    source_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens per sequence, int64 (n_sequences,)."""
        return np.diff(self.offsets)

    def __getitem__(self, index: int) -> np.ndarray:
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @classmethod
    def from_sequences(cls, sequences: list[list[int]], sources: list[int], names: tuple[str, ...]) -> TokenShard:
        """Pack sequences of ids below 65,536."""
        offsets = np.zeros(len(sequences) + 1, np.int64)
        np.cumsum([len(sequence) for sequence in sequences], out=offsets[1:])
        flat = np.concatenate([np.asarray(s, np.uint16) for s in sequences]) if sequences else np.zeros(0, np.uint16)
        return cls(flat, offsets, np.asarray(sources, np.int16), names)

    def save(self, path: Path) -> None:
        """Write atomically: a killed run leaves no half file."""
        partial = path.with_name(f".{path.name}.partial.npz")
        np.savez_compressed(
            partial, ids=self.ids, offsets=self.offsets, source=self.source, names=np.asarray(self.source_names)
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> TokenShard:
        """Raises InputError where the file is absent or no shard."""
        try:
            with np.load(path, allow_pickle=False) as data:
                names = tuple(str(name) for name in data["names"])
                return cls(data["ids"], data["offsets"], data["source"], names)
        except (OSError, KeyError, ValueError) as error:
            raise InputError(f"{path}: not a token shard ({error}); make one with `loglm corpus build`") from error
