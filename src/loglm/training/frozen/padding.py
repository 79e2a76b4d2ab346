"""Sequences of different lengths as tensors of one shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from loglm.evaluation.frozen.vector_sequences import VectorSequences
from loglm.training.frozen.graphs import closest_pairs, normalized

__all__ = ["PaddedSequences", "pad_sequences", "pool_events"]

_BLOCK = 128
"""Sequences whose distances are computed at once."""


@dataclass(frozen=True, slots=True)
class PaddedSequences:
    """Some sequences of events."""

    vectors: Tensor
    """float32 (B, T, D), 0 where there is no event."""
    gaps: Tensor
    """float32 (B, T): of each event to the one before (`VectorSequences.gaps`)."""
    mask: Tensor
    """bool (B, T): whether there is an event; sequences begin at 0."""
    edges: Tensor
    """float32 (B, T, T): `normalized` edges between the `closest_pairs` of each sequence's events."""

    def take(self, chosen: Tensor) -> PaddedSequences:
        """Some of them, by their places, int64 (b,)."""
        return PaddedSequences(self.vectors[chosen], self.gaps[chosen], self.mask[chosen], self.edges[chosen])


def pad_sequences(sequences: VectorSequences) -> PaddedSequences:
    """All of them; T is the number of events of the longest, at least 1."""
    lengths = np.asarray([len(row) for row in sequences.events.rows], np.int64)
    mask = np.arange(max(1, int(lengths.max(initial=0)))) < lengths[:, None]
    places = np.zeros(mask.shape, np.int64)
    gaps = np.zeros(mask.shape, np.float32)
    places[mask] = sequences.events.flat()[0]
    gaps[mask] = np.concatenate([np.zeros(0, np.float32), *sequences.gaps()])
    vectors = torch.from_numpy(sequences.vectors[places] * mask[:, :, None])
    is_event = torch.from_numpy(mask)
    blocks = zip(torch.split(vectors, _BLOCK), torch.split(is_event, _BLOCK), strict=True)
    edges = torch.cat([normalized(closest_pairs(*block)) for block in blocks])
    return PaddedSequences(vectors, torch.from_numpy(gaps), is_event, edges)


def pool_events(states: Tensor, mask: Tensor) -> Tensor:
    """(B, 2 W): mean and maximum over the events of each sequence, of states (B, T, W) that are at least 0."""
    states = states * mask.unsqueeze(-1)
    mean = states.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([mean, states.amax(dim=1)], dim=-1)
