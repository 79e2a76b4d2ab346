"""Token shards: rendered events as one flat array of token ids with offsets, on disk as .npz."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.errors import InputError

__all__ = ["TokenShard", "parse_shard"]


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

    @classmethod
    def concatenate(cls, shards: Sequence[TokenShard]) -> TokenShard:
        """One shard of all sequences, in order; all shards number the same sources."""
        ends = np.cumsum([shard.offsets[-1] for shard in shards])
        starts = [0, *ends[:-1]]
        offsets = [shard.offsets[1:] + start for shard, start in zip(shards, starts, strict=True)]
        return cls(
            np.concatenate([shard.ids for shard in shards]),
            np.concatenate([np.zeros(1, np.int64), *offsets]),
            np.concatenate([shard.source for shard in shards]),
            shards[0].source_names,
        )

    def save(self, path: Path, weights: np.ndarray | None = None) -> None:
        """Write atomically: a killed run leaves no half file.

        Args:
            path: The ``.npz`` file.
            weights: Chance of each sequence to be drawn, (n_sequences,), of any positive scale; None: all the same.
        """
        partial = path.with_name(f".{path.name}.partial.npz")
        chances = np.ones(len(self)) if weights is None else np.asarray(weights, np.float64)
        np.savez_compressed(
            partial,
            ids=self.ids,
            offsets=self.offsets,
            source=self.source,
            names=np.asarray(self.source_names),
            weights=chances,
        )
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> TokenShard:
        """Raises InputError where the file is absent or no shard."""
        try:
            return parse_shard(path.read_bytes(), path)[0]
        except OSError as error:
            raise InputError(
                f"{path}: no token shard ({error.strerror}); make one with `loglm corpus build`"
            ) from error


def parse_shard(data: bytes, path: Path) -> tuple[TokenShard, np.ndarray]:
    """A shard and its sampling weights, float64 (n_sequences,), all 1 where it has none, from a ``.npz`` file's bytes.

    Raises:
        InputError: The bytes are no shard; ``path`` is for the message.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            names = tuple(str(name) for name in arrays["names"])
            shard = TokenShard(arrays["ids"], arrays["offsets"], arrays["source"], names)
            return shard, arrays["weights"] if "weights" in arrays else np.ones(len(shard))
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: not a token shard ({error}); make one with `loglm corpus build`") from error
