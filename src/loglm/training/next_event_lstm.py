"""An LSTM that predicts the next event of a sequence: the baseline of Du et al. 2017 (DeepLog), without its parameters.

Two layers of 64 units read a window of 10 events; an event is a miss where it is not among the 9 likeliest. DeepLog
calls a sequence with a miss anomalous; here the score is the number of misses, so that the threshold can come from
validation data, and between equal numbers the mean surprise decides. Beside it the mean surprise alone, in bits.
Training is bounded: 300 steps of 256 windows.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np
import torch
from torch import nn

from loglm.anomaly.event_sequences import EventSequences
from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.detectors.detector import DetectorKind, KnownTexts

__all__ = ["NextEventLstm", "lstm_kinds"]

ScoredBy = Literal["misses", "surprise"]

_WINDOW, _TOP = 10, 9
_UNITS, _LAYERS, _WIDTH = 64, 2, 32
_STEPS, _BATCH, _LEARNING_RATE = 300, 256, 1e-2
_SCORED_AT_ONCE = 8_192
_MOST_KEPT = 8
"""Networks, of less than a megabyte each."""
_DIGITS = 6


class _Network(nn.Module):
    def __init__(self, kinds: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(kinds, _WIDTH)
        self.lstm = nn.LSTM(_WIDTH, _UNITS, _LAYERS, batch_first=True)
        self.head = nn.Linear(_UNITS, kinds)

    def forward(self, windows: torch.Tensor) -> torch.Tensor:
        """int64 (B, window) to logits (B, kinds)."""
        states, _ = self.lstm(self.embedding(windows))
        logits: torch.Tensor = self.head(states[:, -1])
        return logits


class _Training:
    """Trains networks; the last ones are kept, because two detectors score by the same, all seeds of one before the
    other's."""

    def __init__(self) -> None:
        self._kept: dict[bytes, _Network] = {}

    def train(self, windows: np.ndarray, events: np.ndarray, kinds: int, seed: int) -> _Network:
        """A network over ``kinds`` events, from int64 (n, window) and int64 (n,)."""
        key = hashlib.sha256(windows.tobytes() + events.tobytes() + f"{kinds} {seed}".encode()).digest()
        if key not in self._kept:
            if len(self._kept) == _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = _train(windows, events, kinds, seed)
        return self._kept[key]


def lstm_kinds() -> list[DetectorKind]:
    """Rows of the benchmark: by misses and by surprise."""
    training = _Training()
    return [
        DetectorKind("lstm-deeplog", lambda seed: NextEventLstm(seed, "misses", training), is_random=True),
        DetectorKind("lstm-surprise", lambda seed: NextEventLstm(seed, "surprise", training), is_random=True),
    ]


class NextEventLstm:
    """A detector of the benchmark (`loglm.evaluation.anomaly.detectors.detector.Detector`).

    Args:
        seed: Fixes weights and batches.
        scored_by: Misses, or the mean surprise.
        training: What trains, and remembers the last network.
    """

    def __init__(self, seed: int, scored_by: ScoredBy = "misses", training: _Training | None = None) -> None:
        self.seed = seed
        self.scored_by = scored_by
        self._training = training or _Training()
        self._known: KnownTexts | None = None
        self._network: _Network | None = None

    def fit(self, sequences: EventSequences) -> None:
        """Learn from normal sequences.

        Raises:
            EmptyInputError: They hold no event.
        """
        self._known = KnownTexts(sequences)
        windows, events = self._windows(sequences)
        if not len(events):
            raise EmptyInputError("no event to learn from")
        self._network = self._training.train(windows, events, len(self._known) + 2, self.seed)

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,): misses and less than 1 for the mean surprise, or the mean surprise alone, in bits."""
        windows, events = self._windows(sequences)
        lengths = np.asarray([len(row) for row in sequences.rows], np.int64)
        distinct, place = np.unique(np.column_stack([windows, events]), axis=0, return_inverse=True)
        misses, bits = self._judge(distinct[:, :-1], distinct[:, -1])
        of = np.repeat(np.arange(len(lengths)), lengths)
        missed = np.bincount(of, misses[place.ravel()], len(lengths))
        surprise = np.bincount(of, bits[place.ravel()], len(lengths)) / np.maximum(lengths, 1)
        both = surprise if self.scored_by == "surprise" else missed + surprise / (1 + surprise)
        scores: np.ndarray = np.round(both, _DIGITS)
        return scores

    @torch.inference_mode()
    def _judge(self, windows: np.ndarray, events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whether each event is a miss, and its surprise in bits; an unknown event is one."""
        if self._network is None or self._known is None:
            raise ValueError("call fit first")
        misses, bits = np.zeros(len(events)), np.zeros(len(events))
        for start in range(0, len(events), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            logits = self._network(torch.from_numpy(windows[part]))
            asked = torch.from_numpy(events[part])
            own = logits.gather(1, asked[:, None])
            misses[part] = ((logits > own).sum(dim=1) >= _TOP).numpy()
            bits[part] = nn.functional.cross_entropy(logits, asked, reduction="none").numpy() / np.log(2)
        misses[events == len(self._known)] = 1
        return misses, bits

    def _windows(self, sequences: EventSequences) -> tuple[np.ndarray, np.ndarray]:
        """The events before each one, int64 (events, window), and itself; the number after the last stands for none."""
        if self._known is None:
            raise ValueError("call fit first")
        padding = np.full(_WINDOW, len(self._known) + 1, np.int64)
        rows = [row.astype(np.int64) for row in self._known.encode(sequences).rows if len(row)]
        views = [np.lib.stride_tricks.sliding_window_view(np.concatenate([padding, row]), _WINDOW)[:-1] for row in rows]
        if not rows:
            return np.zeros((0, _WINDOW), np.int64), np.zeros(0, np.int64)
        return np.concatenate(views), np.concatenate(rows)


def _train(windows: np.ndarray, events: np.ndarray, kinds: int, seed: int) -> _Network:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = _Network(kinds)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=_STEPS)
    for _ in range(_STEPS):
        drawn = random.integers(len(events), size=_BATCH)
        loss = nn.functional.cross_entropy(network(torch.from_numpy(windows[drawn])), torch.from_numpy(events[drawn]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network
