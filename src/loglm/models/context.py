"""ContextEncoder in torch: from the events of one entity so far to whom to believe about the next one, and when it
comes."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from loglm.artifacts.config import ContextConfig

__all__ = ["ContextModel", "ContextStep"]

_START = 0.1
"""Standard deviation of embeddings at the start."""
_OCTAVES = 8.0
"""Octaves of probability that become one unit of input."""


class ContextModel(nn.Module):
    """A gated recurrent unit (Cho et al. 2014) over events, each told by levels and by how well each expert foresaw
    it."""

    def __init__(self, config: ContextConfig, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.dropout = nn.Dropout(dropout)
        width = config.width
        self.gap = nn.Embedding(config.levels, width)
        self.rarity = nn.Embedding(config.levels, width)
        self.own_rarity = nn.Embedding(config.levels, width)
        self.source = nn.Embedding(config.sources, width)
        for table in (self.gap, self.rarity, self.own_rarity, self.source):
            nn.init.normal_(table.weight, std=_START)
        self.foreseen = nn.Linear(config.experts, width)
        self.before = nn.LayerNorm(width)
        self.recurrent = nn.GRU(width, width, batch_first=True)
        self.after = nn.LayerNorm(width)
        self.weights = nn.Linear(width, config.experts)
        self.gaps = nn.Linear(width, config.levels)

    def inputs(self, events: Tensor, given: Tensor) -> Tensor:
        """What the recurrence reads, (..., D), of levels int64 (..., 4) and probabilities float (..., experts)."""
        foreseen = self.foreseen(torch.log2(given) / _OCTAVES)
        levels = self.gap(events[..., 0]) + self.rarity(events[..., 1]) + self.own_rarity(events[..., 2])
        read: Tensor = self.dropout(self.before(levels + self.source(events[..., 3]) + foreseen))
        return read

    def outputs(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Logits of the experts (..., experts) and of the levels of the next gap (..., levels)."""
        state = self.dropout(self.after(hidden))
        return self.weights(state), self.gaps(state)

    def forward(self, events: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        """Logits after each of the events (B, T, 4), which the experts gave (B, T, experts)."""
        hidden, _ = self.recurrent(self.inputs(events, given))
        return self.outputs(hidden)


class ContextStep(nn.Module):
    """One event at a time, as the runtime reads them; the recurrence written out, with the weights of a
    `ContextModel`."""

    def __init__(self, model: ContextModel) -> None:
        super().__init__()
        self.model = model
        recurrent = model.recurrent
        self.of_input = nn.Linear(model.config.width, 3 * model.config.width)
        self.of_hidden = nn.Linear(model.config.width, 3 * model.config.width)
        with torch.no_grad():
            for linear, name in ((self.of_input, "ih"), (self.of_hidden, "hh")):
                linear.weight.copy_(getattr(recurrent, f"weight_{name}_l0"))
                linear.bias.copy_(getattr(recurrent, f"bias_{name}_l0"))

    def forward(self, hidden: Tensor, events: Tensor, given: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The next state (B, D), and logits as `ContextModel.outputs`, of a state (B, D) and one event each."""
        reset, update, new = self.of_input(self.model.inputs(events, given)).chunk(3, dim=-1)
        old_reset, old_update, old_new = self.of_hidden(hidden).chunk(3, dim=-1)
        keep = torch.sigmoid(update + old_update)
        proposed = torch.tanh(new + torch.sigmoid(reset + old_reset) * old_new)
        following = (1 - keep) * proposed + keep * hidden
        return following, *self.model.outputs(following)
