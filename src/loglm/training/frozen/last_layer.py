"""Encoders of which only the last layer learns, to tell anomalous sequences by labels.

As SecEncoder's authors do (arXiv:2411.07528, 4.2.3): all but the last layer is frozen, and a classifier reads the
vectors of a sequence's events. They concatenate the vectors; here, where sequences differ in length, the classifier
takes mean and maximum over events. ``low rank``: the last layer's matrices are frozen too, and a product of two thin
ones is added to each (LoRA, Hu et al. 2022).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from loglm.anomaly.event_sequences import EventSequences
from loglm.models.backbones import transformer_layers
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.batches import pad_rows
from loglm.training.frozen.learning import learn_labels
from loglm.training.frozen.padding import pool_events

__all__ = ["WAYS", "LastLayerClassifier", "Way", "open_last_layer"]

Way = Literal["last layer", "low rank"]
WAYS: tuple[Way, ...] = ("last layer", "low rank")

_RANK = 8
_UNITS = 64
_STEPS, _BATCH, _LEARNING_RATE = 60, 16, 2e-3
_MOST_TOKENS = 64
"""Of an event."""
_EMBEDDED_AT_ONCE = 64


class _LowRank(nn.Module):
    """A matrix and the product of two thin ones, which is 0 at first."""

    def __init__(self, rows: int, columns: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(_RANK, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, _RANK))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down


class _Head(nn.Module):
    """Event vectors of sequences to logits."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.event, self.sequence = nn.Linear(width, _UNITS), nn.Linear(2 * _UNITS, 1)

    def forward(self, vectors: Tensor, rows: Sequence[np.ndarray]) -> Tensor:
        """(texts, D) and the texts of each of B sequences to (B,)."""
        states = self.event(vectors).relu()
        places = nn.utils.rnn.pad_sequence([torch.from_numpy(row.astype(np.int64)) for row in rows], batch_first=True)
        lengths = torch.tensor([len(row) for row in rows])
        mask = torch.arange(places.shape[1]) < lengths.unsqueeze(1)
        logits: Tensor = self.sequence(pool_events(states[places], mask))
        return logits.squeeze(-1)


class LastLayerClassifier:
    """A detector of event sequences that learns from labels (`loglm.evaluation.anomaly.detectors.detector.Labelled`).

    Args:
        make: The encoder to begin with; it is copied.
        tokenizer: Its file.
        way: What of the last layer learns.
        seed: Fixes what is added and the batches.
    """

    def __init__(self, make: Callable[[int], LogEncoderModel], tokenizer: Path, way: Way, seed: int) -> None:
        self.seed = seed
        self.way = way
        self._make = make
        self._tokenizer = load_tokenizer(tokenizer)
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.no_padding()
        self._model: LogEncoderModel | None = None
        self._head: _Head | None = None

    def fit(self, sequences: EventSequences, is_anomaly: np.ndarray) -> None:
        """Learn, in 60 steps of 16 sequences."""
        torch.manual_seed(self.seed)
        model = copy.deepcopy(self._make(self.seed)).eval()
        head = _Head(model.config.vector_width)
        learning = open_last_layer(model, self.way)
        ids = self._ids(sequences.texts)

        def logits(drawn: np.ndarray) -> Tensor:
            rows = [sequences.rows[place] for place in drawn.tolist()]
            used, places = np.unique(np.concatenate(rows), return_inverse=True)
            bounds = np.cumsum([len(row) for row in rows])[:-1]
            vectors: Tensor = model(*pad_rows([ids[text] for text in used.tolist()]))
            found: Tensor = head(vectors, np.split(places, bounds))
            return found

        parameters = [*learning, *head.parameters()]
        learn_labels(
            logits,
            parameters,
            is_anomaly,
            seed=self.seed,
            steps=_STEPS,
            batch=_BATCH,
            learning_rate=_LEARNING_RATE,
        )
        self._model, self._head = model, head

    @torch.inference_mode()
    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,): the logit of an anomaly."""
        if self._model is None or self._head is None:
            raise ValueError("call fit first")
        used = np.unique(sequences.flat()[0])
        ids = self._ids([sequences.texts[text] for text in used.tolist()])
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        vectors = torch.zeros(len(ids), self._model.config.vector_width)
        for start in range(0, len(order), _EMBEDDED_AT_ONCE):
            part = order[start : start + _EMBEDDED_AT_ONCE]
            vectors[part] = self._model(*pad_rows([ids[place] for place in part]))
        rows = [np.searchsorted(used, row) for row in sequences.rows]
        scores: np.ndarray = self._head(vectors, rows).double().numpy()
        return np.round(scores, 6)

    def _ids(self, texts: Sequence[str]) -> list[np.ndarray]:
        return [np.asarray(encoding.ids, np.int64) for encoding in self._tokenizer.encode_batch_fast(list(texts))]


def open_last_layer(model: LogEncoderModel, way: Way) -> list[nn.Parameter]:
    """Freeze a model but for its last layer, or for what is added to that layer's matrices; what is left to learn."""
    model.requires_grad_(False)
    last = transformer_layers(model.backbone)[-1]
    if way == "last layer":
        last.requires_grad_(True)
    else:
        for module in [module for module in last.modules() if isinstance(module, nn.Linear)]:
            parametrize.register_parametrization(module, "weight", _LowRank(*module.weight.shape))
    return [parameter for parameter in last.parameters() if parameter.requires_grad]
