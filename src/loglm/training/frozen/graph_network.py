"""A graph network that judges a sequence as the graph of its events, whatever their order."""

from __future__ import annotations

from torch import Tensor, nn

from loglm.training.frozen.graphs import GraphLayer
from loglm.training.frozen.padding import PaddedSequences, pool_events

__all__ = ["GraphNetwork"]

_UNITS = 64


class GraphNetwork(nn.Module):
    """Two graph convolutions of 64 units over the closest 1 % of event pairs; mean and maximum over the events decide.

    Args:
        width: Of event vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = GraphLayer(width, _UNITS), GraphLayer(_UNITS, _UNITS)
        self.head = nn.Linear(2 * _UNITS, 1)

    def forward(self, sequences: PaddedSequences) -> Tensor:
        """Logits of an anomaly, (B,)."""
        first = self.first(sequences.vectors, sequences.edges).relu()
        states = self.second(first, sequences.edges).relu()
        logits: Tensor = self.head(pool_events(states, sequences.mask))
        return logits.squeeze(-1)
