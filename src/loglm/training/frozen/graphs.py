"""Graphs whose edges join the closest vectors, as dense matrices: sequences and samples are small."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["GraphLayer", "closest_pairs", "normalized"]

_SHARE = 0.01


def closest_pairs(vectors: Tensor, mask: Tensor) -> Tensor:
    """Edges between the closest 1 % of the pairs of a graph's nodes by Euclidean distance, one pair at least; pairs as
    close as the last of them too.

    Args:
        vectors: (B, T, D) of nodes.
        mask: bool (B, T): whether there is a node.

    Returns:
        float32 (B, T, T), symmetric, 0 or 1, 0 on the diagonal.
    """
    distances = torch.cdist(vectors, vectors)
    nodes = vectors.shape[1]
    apart = ~torch.eye(nodes, dtype=torch.bool)
    is_pair = mask.unsqueeze(1) & mask.unsqueeze(2) & apart
    distances = distances.masked_fill(~is_pair, math.inf)
    counts = is_pair.sum(dim=(1, 2))  # each pair twice
    rank = (counts * _SHARE / 2).ceil().clamp(min=1).long() * 2
    ordered = distances.flatten(1).sort(dim=1).values
    last = ordered.gather(1, (rank - 1).clamp(max=max(0, nodes * nodes - 1)).unsqueeze(1))
    return ((distances <= last.unsqueeze(-1)) & is_pair).float()


def normalized(edges: Tensor) -> Tensor:
    """Edges (B, T, T) and an edge of each node to itself, each divided by the root of both ends' numbers of edges."""
    edges = edges + torch.eye(edges.shape[-1])
    root = edges.sum(dim=-1).rsqrt()
    return edges * root.unsqueeze(-1) * root.unsqueeze(-2)


class GraphLayer(nn.Module):
    """Graph convolution (Kipf and Welling 2017): each node's mean over itself and its neighbours, then a linear map."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width_in, width_out)

    def forward(self, nodes: Tensor, edges: Tensor) -> Tensor:
        """(B, T, width_in) and `normalized` edges to (B, T, width_out)."""
        mapped: Tensor = edges @ self.linear(nodes)
        return mapped
