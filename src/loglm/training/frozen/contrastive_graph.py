"""A graph network that finds unusual sequences without labels, by the scheme of CONAD.

Source: Xu et al. 2022 (PAKDD), "Contrastive Attributed Network Anomaly Detection with Data Augmentation". A node is a
sequence with its mean event vector; edges join the closest 1 % of all pairs. Ours convolves where theirs attends,
and brings both errors to one scale before it adds them: there are as many edges to rebuild as nodes.
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
_EPOCHS, _LEARNING_RATE = 40, 5e-3
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

    def encode(self, vectors: Tensor, spread: Tensor) -> Tensor:
        """States (n, 64), by `normalized` edges."""
        states: Tensor = self.second(self.first(vectors, spread).relu(), spread)
        return states

    def errors(self, vectors: Tensor, edges: Tensor, spread: Tensor, states: Tensor) -> Tensor:
        """(n, 2): how badly the vector and the edges of each node are told from its state."""
        of_vectors = (self.vectors(states, spread) - vectors).norm(dim=1)
        of_edges = (torch.sigmoid(states @ states.T) - edges).norm(dim=1)
        return torch.stack([of_vectors, of_edges], dim=1)


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
        """Learn, in 40 epochs over the whole graph."""
        torch.manual_seed(self.seed)
        vectors = self._learned = torch.from_numpy(sequences.means())
        edges = _edges(vectors)
        spread = normalized(edges)
        network = self._network = _Network(vectors.shape[1])
        optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
        for _ in range(_EPOCHS):
            other_vectors, other_edges, is_unusual = make_unusual(vectors, edges)
            states = network.encode(vectors, spread)
            moved = F.pairwise_distance(states, network.encode(other_vectors, normalized(other_edges)))
            contrast = torch.where(is_unusual, (_MARGIN - moved).relu(), moved).mean()
            loss = (contrast + network.errors(vectors, edges, spread, states).mean()) / 2
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    @torch.inference_mode()
    def score(self, sequences: VectorSequences) -> np.ndarray:
        """float64 (n,): error of rebuilding vector and edges, each in parts of its mean over what was learned from;
        their mean."""
        if self._network is None:
            raise ValueError("call fit first")
        vectors = torch.cat([self._learned, torch.from_numpy(sequences.means())])
        edges = _edges(vectors)
        spread = normalized(edges)
        errors = self._network.errors(vectors, edges, spread, self._network.encode(vectors, spread))
        learned, asked = errors.double().numpy()[: len(self._learned)], errors.double().numpy()[len(self._learned) :]
        scores: np.ndarray = np.round((asked / learned.mean(axis=0)).mean(axis=1), _DIGITS)
        return scores


def make_unusual(vectors: Tensor, edges: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Vectors (n, D) and edges (n, n) in which some nodes are unusual, and which, bool (n,).

    A quarter of them each: joined to many nodes, to none, with the vector of the farthest of 50 nodes, with a vector
    ten times as long or a tenth.
    """
    nodes = len(vectors)
    kind = (torch.rand(nodes) / _UNUSUAL * 4).floor().clamp(max=4).long()
    vectors, edges = vectors.clone(), edges.clone()
    edges = edges.clone()
    many = (kind == 0).nonzero().squeeze(1)
    joined = (torch.rand(len(many), nodes) < _JOINED / nodes).float()
    edges[many] = torch.maximum(edges[many], joined)
    edges[:, many] = torch.maximum(edges[:, many], joined.T)
    edges.fill_diagonal_(0)
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
