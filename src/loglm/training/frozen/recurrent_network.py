"""An LSTM that reads event vectors in their order, with the time since the event before."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from loglm.training.frozen.padding import PaddedSequences

__all__ = ["RecurrentNetwork"]

_UNITS = 64


class RecurrentNetwork(nn.Module):
    """One layer of 64 units (Hochreiter and Schmidhuber 1997) on vectors mapped to 64 numbers; its state after the last
    event decides.

    Args:
        width: Of event vectors.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.event = nn.Linear(width, _UNITS)
        self.lstm = nn.LSTM(_UNITS + 1, _UNITS, batch_first=True)
        self.head = nn.Linear(_UNITS, 1)

    def forward(self, sequences: PaddedSequences) -> Tensor:
        """Logits of an anomaly, (B,)."""
        states, _ = self.lstm(torch.cat([self.event(sequences.vectors), sequences.gaps.unsqueeze(-1)], dim=-1))
        last = (sequences.mask.sum(dim=1) - 1).clamp(min=0)
        logits: Tensor = self.head(states[torch.arange(len(states)), last])
        return logits.squeeze(-1)
