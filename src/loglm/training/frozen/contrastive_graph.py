"""A graph network that finds unusual sequences without labels, by the scheme of CONAD.

Source: Xu et al. 2022 (PAKDD), "Contrastive Attributed Network Anomaly Detection with Data Augmentation". A node is a
sequence with its mean event vector; edges join the closest 1 % of all pairs. Ours convolves where theirs attends.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from loglm.evaluation.frozen.vector_sequences import VectorSequences
from loglm.training.frozen.graphs import GraphLayer, closest_pairs, normalized

__all__ = ["ContrastiveGraph", "make_unusual"]

_UNITS = 64
_EPOCHS, _LEARNING_RATE = 60, 5e-3
_UNUSUAL = 0.1
"""Share of nodes that are made unusual."""
_JOINED, _CANDIDATES, _SCALE = 50, 50, 10.0
"""Edges of a node joined to many; nodes among which the farthest is taken; factor of vectors that are scaled."""
_MARGIN = 0.5
_DIGITS = 6


class _Network(nn.Module):
    """Encoder of nodes, and decoders of their edges and vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = GraphLayer(width, _UNITS), GraphLayer(_UNITS, _UNITS)
        self.vectors = GraphLayer(_UNITS, width)

    def encode(self, vectors: Tensor, edges: Tensor) -> Tensor:
        """(n, 64)."""
        spread = normalized(edges)
        states: Tensor = self.second(self.first(vectors, spread).relu(), spread)
        return states

    def errors(self, vectors: Tensor, edges: Tensor, states: Tensor) -> Tensor:
        """(n,): how badly vector and edges of each node are told from its state, half and half."""
        of_vectors = (self.vectors(states, normalized(edges)) - vectors).norm(dim=1)
        of_edges = (torch.sigmoid(states @ states.T) - edges).norm(dim=1)
        both: Tensor = (of_vectors + of_edges) / 2
        return both


class ContrastiveGraph:
    """A `loglm.evaluation.frozen.detectors.Unlabelled`.

    It learns to rebuild the graph of the sequences learned from, and to keep the states of nodes apart from those of
    the same nodes made unusual. Others are scored in the graph of both.

    Args:
        seed: Fixes weights and what is made unusual.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._network: _Network | None = None
        self._learned = torch.zeros(0)

    def fit(self, sequences: VectorSequences) -> None:
        """Learn, in 60 epochs over the whole graph."""
        torch.manual_seed(self.seed)
        vectors = self._learned = torch.from_numpy(sequences.means())
        edges = _edges(vectors)
        network = self._network = _Network(vectors.shape[1])
        optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
        for _ in range(_EPOCHS):
            other_vectors, other_edges, is_unusual = make_unusual(vectors, edges)
            states = network.encode(vectors, edges)
            moved = F.pairwise_distance(states, network.encode(other_vectors, other_edges))
            contrast = torch.where(is_unusual, (_MARGIN - moved).relu(), moved).mean()
            loss = (contrast + network.errors(vectors, edges, states).mean()) / 2
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    @torch.inference_mode()
    def score(self, sequences: VectorSequences) -> np.ndarray:
        """float64 (n,): error of rebuilding."""
        if self._network is None:
            raise ValueError("call fit first")
        vectors = torch.cat([self._learned, torch.from_numpy(sequences.means())])
        edges = _edges(vectors)
        errors = self._network.errors(vectors, edges, self._network.encode(vectors, edges))
        scores: np.ndarray = np.round(errors[len(self._learned) :].double().numpy(), _DIGITS)
        return scores


def make_unusual(vectors: Tensor, edges: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors (n, D) and edges (n, n) in which some nodes are unusual, and which, bool (n,).

    A quarter of them each: joined to many nodes, to none, with the vector of the farthest of 50 nodes, with a vector
    ten times as long or a tenth.
    """
    nodes = len(vectors)
    kind = (torch.rand(nodes) / _UNUSUAL * 4).floor().clamp(max=4).long()
    vectors, edges = vectors.clone(), edges.clone()
    joined = (torch.rand(nodes, nodes) < _JOINED / nodes) & (kind == 0).unsqueeze(1)
    joined.fill_diagonal_(False)
    edges = torch.maximum(edges, torch.maximum(joined, joined.T).float())
    is_alone = kind == 1
    edges[is_alone] = 0
    edges[:, is_alone] = 0
    vectors = vectors.clone()
    candidates = vectors[torch.randperm(nodes)[:_CANDIDATES]]
    moved = kind == 2
    vectors[moved] = candidates[torch.cdist(vectors[moved], candidates).argmax(dim=1)]
    scaled = kind == 3
    longer = torch.rand(int(scaled.sum()), 1) < 0.5
    vectors[scaled] = torch.where(longer, vectors[scaled] * _SCALE, vectors[scaled] / _SCALE)
    return vectors, edges, kind < 4


def _edges(vectors: Tensor) -> Tensor:
    mask = torch.ones(1, len(vectors), dtype=torch.bool)
    return closest_pairs(vectors.unsqueeze(0), mask).squeeze(0)
