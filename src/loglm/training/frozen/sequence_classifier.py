"""A network that learns from labelled sequences of frozen vectors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from loglm.evaluation.frozen.vector_sequences import VectorSequences
from loglm.training.frozen.learning import learn_labels
from loglm.training.frozen.padding import pad_sequences

__all__ = ["SequenceClassifier"]

_STEPS, _BATCH, _LEARNING_RATE = 100, 16, 5e-3
_SCORED_AT_ONCE = 256
_DIGITS = 6


class SequenceClassifier:
    """A `loglm.evaluation.frozen.detectors.Labelled`.

    Args:
        make: A network by the width of event vectors; it takes `PaddedSequences` and returns logits (B,).
        seed: Fixes weights and batches.
    """

    def __init__(self, make: Callable[[int], nn.Module], seed: int) -> None:
        self.seed = seed
        self._make = make
        self._network: nn.Module | None = None

    def fit(self, sequences: VectorSequences, is_anomaly: np.ndarray) -> None:
        """Learn, in 100 steps of 16 sequences."""
        torch.manual_seed(self.seed)
        network = self._network = self._make(sequences.vectors.shape[1])
        padded = pad_sequences(sequences)

        def logits(drawn: np.ndarray) -> Tensor:
            found: Tensor = network(padded.take(torch.from_numpy(drawn)))
            return found

        network.train()
        learn_labels(
            logits,
            network.parameters(),
            is_anomaly,
            seed=self.seed,
            steps=_STEPS,
            batch=_BATCH,
            learning_rate=_LEARNING_RATE,
        )

    @torch.inference_mode()
    def score(self, sequences: VectorSequences) -> np.ndarray:
        """float64 (n,): the logit of an anomaly."""
        if self._network is None:
            raise ValueError("call fit first")
        self._network.eval()
        found = [np.zeros(0)]
        for start in range(0, len(sequences), _SCORED_AT_ONCE):
            batch = np.arange(start, min(start + _SCORED_AT_ONCE, len(sequences)))
            found.append(self._network(pad_sequences(sequences.take(batch))).double().numpy())
        scores: np.ndarray = np.round(np.concatenate(found), _DIGITS)
        return scores
