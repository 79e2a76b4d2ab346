"""Sequences of different lengths as tensors of one shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from loglm.evaluation.frozen.vector_sequences import VectorSequences

__all__ = ["PaddedSequences", "pad_sequences", "pool_events"]


@dataclass(frozen=True, slots=True)
class PaddedSequences:
    """Some sequences of events."""

    vectors: Tensor
    """float32 (B, T, D), 0 where there is no event."""
    gaps: Tensor
    """float32 (B, T): of each event to the one before (`VectorSequences.gaps`)."""
    mask: Tensor
    """bool (B, T): whether there is an event; sequences begin at 0."""


def pad_sequences(sequences: VectorSequences) -> PaddedSequences:
    """All of them; T is the number of events of the longest, at least 1."""
    lengths = np.asarray([len(row) for row in sequences.events.rows], np.int64)
    mask = np.arange(max(1, int(lengths.max(initial=0)))) < lengths[:, None]
    places = np.zeros(mask.shape, np.int64)
    gaps = np.zeros(mask.shape, np.float32)
    places[mask] = sequences.events.flat()[0]
    gaps[mask] = np.concatenate([np.zeros(0, np.float32), *sequences.gaps()])
    vectors = sequences.vectors[places] * mask[:, :, None]
    return PaddedSequences(torch.from_numpy(vectors), torch.from_numpy(gaps), torch.from_numpy(mask))


def pool_events(states: Tensor, mask: Tensor) -> Tensor:
    """(B, 2 W): mean and maximum over the events of each sequence, of states (B, T, W) that are at least 0."""
    states = states * mask.unsqueeze(-1)
    mean = states.sum(dim=1) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    return torch.cat([mean, states.amax(dim=1)], dim=-1)
