"""The detectors on frozen embeddings that need torch."""

from __future__ import annotations

from loglm.evaluation.frozen.detectors import VectorDetector
from loglm.training.frozen.contrastive_graph import ContrastiveGraph
from loglm.training.frozen.graph_network import GraphNetwork
from loglm.training.frozen.recurrent_network import RecurrentNetwork
from loglm.training.frozen.sequence_classifier import SequenceClassifier

__all__ = ["network_detectors"]


def network_detectors() -> list[VectorDetector]:
    """With labels an LSTM and a graph network, without them a graph network."""
    return [
        VectorDetector("LSTM", lambda seed: SequenceClassifier(RecurrentNetwork, seed), has_labels=True),
        VectorDetector("graph network", lambda seed: SequenceClassifier(GraphNetwork, seed), has_labels=True),
        VectorDetector("contrastive graph network", ContrastiveGraph, has_labels=False),
    ]
