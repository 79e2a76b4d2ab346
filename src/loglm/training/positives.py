"""What the contrastive stage draws together: views of one event, or two events that belong together.

``views``: two partial views of one event. ``template``: views of two events of one template (same log source, action,
field names and first words of the message; other values), and other events of the template are no negatives; of one
event, where its template has no other. ``pairs``: views of the two texts of a given pair (`loglm.training.pairs`), and
of one event for all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from loglm.corpus.shards import TokenShard
from loglm.corpus.templates import template_of

__all__ = ["Kin", "Pairs", "Templates", "not_negatives", "partners"]


@dataclass(frozen=True, slots=True)
class Templates:
    """Which sequences of a shard are of one template."""

    numbers: np.ndarray
    """Of each sequence's template, int64 (n_sequences,)."""
    order: np.ndarray
    """Sequences by template, int64 (n_sequences,)."""
    place: np.ndarray
    """Of each sequence in ``order``, int64 (n_sequences,)."""
    first: np.ndarray
    """Place where each template begins, int64 (n_templates,)."""
    count: np.ndarray
    """Sequences of each template, int64 (n_templates,)."""

    @classmethod
    def of(cls, shard: TokenShard, tokenizer: Tokenizer) -> Templates:
        """Of all sequences of a shard."""
        texts = tokenizer.decode_batch([shard[i].tolist() for i in range(len(shard))])
        seen: dict[str, int] = {}
        numbers = np.asarray([seen.setdefault(template_of(text), len(seen)) for text in texts], np.int64)
        order = np.argsort(numbers, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        count = np.bincount(numbers, minlength=len(seen))
        return cls(numbers, order, place, np.cumsum(count) - count, count)

    def another(self, indices: np.ndarray, *, seed: int) -> np.ndarray:
        """Of each sequence's template another one at random, or itself where there is none, int64 (B,)."""
        numbers = self.numbers[indices]
        count, first = self.count[numbers], self.first[numbers]
        step = np.random.default_rng(seed).integers(0, np.maximum(count - 1, 1)) + 1
        return np.asarray(self.order[first + (self.place[indices] - first + step) % count])

    def alike(self, indices: np.ndarray) -> Tensor:
        """Which of some sequences are of one template, bool (B, B)."""
        numbers = self.numbers[indices]
        return torch.from_numpy(numbers[:, None] == numbers[None, :])


@dataclass(frozen=True, slots=True)
class Pairs:
    """Which sequences of a shard are two texts of a pair."""

    twin: np.ndarray
    """Of each sequence the other one, or itself where it has none, int64 (n_sequences,)."""
    group: np.ndarray
    """Number of each sequence's group, int64 (n_sequences,); every other sequence is one of its own."""

    @classmethod
    def after(cls, others: int, groups: np.ndarray) -> Pairs:
        """Of a shard in which pairs, of which the groups (2 n,) are given, follow on so many other sequences."""
        places = np.arange(others + len(groups))
        twin = places.copy()
        twin[others:] = others + (np.arange(len(groups)) ^ 1)
        return cls(twin, np.concatenate([-1 - places[:others], groups]))

    def another(self, indices: np.ndarray, *, seed: int) -> np.ndarray:  # noqa: ARG002 (as `Templates.another`)
        """The other text of each one's pair, or itself, int64 (B,)."""
        return np.asarray(self.twin[indices])

    def alike(self, indices: np.ndarray) -> Tensor:
        """Which of some sequences are of one group, bool (B, B)."""
        groups = self.group[indices]
        return torch.from_numpy(groups[:, None] == groups[None, :])


Kin = Templates | Pairs


def not_negatives(indices: np.ndarray, *, kin: Kin | None) -> Tensor:
    """Which of some sequences are not to be told apart, bool (B, B): those of one kin, and one that was drawn twice."""
    return torch.from_numpy(indices[:, None] == indices) if kin is None else kin.alike(indices)


def partners(indices: np.ndarray, *, kin: Kin | None, seed: int) -> np.ndarray:
    """Which sequence each one is drawn together with, int64 (B,); ``seed`` fixes what is random in it."""
    return indices if kin is None else kin.another(indices, seed=seed)
