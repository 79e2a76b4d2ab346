"""An LSTM that predicts the next event of a sequence: the baseline of Du et al. 2017 (DeepLog), without its parameters.

Two layers of 64 units read a window of 10 events; an event is a miss where it is not among the 9 likeliest. DeepLog
calls a sequence with a miss anomalous; here the score is the number of misses, so that the threshold can come from
validation data, and between equal numbers the mean surprise decides. Beside it the mean surprise alone, in bits.
Training is bounded: 300 steps of 256 windows. What repeats is computed once: equal windows of a step, weighed by how
often they were drawn, equal windows of what is scored, and all that both detectors have in common.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

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
_MOST_WINDOWS, _MOST_NETWORKS, _MOST_JUDGED = 12, 8, 128
"""Kept: windows of so many collections of sequences, networks of less than a megabyte each, results."""
_DIGITS = 6

_Value = TypeVar("_Value")


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


class _Windows(NamedTuple):
    """The events of sequences, each with those before it."""

    distinct: np.ndarray
    """int64 (m, window + 1): the distinct ones; the last number is the event."""
    place: np.ndarray
    """int64 (events,): which of them each event is."""


class _Judged(NamedTuple):
    """What a network says of sequences, float64 (n,) each."""

    misses: np.ndarray
    surprise: np.ndarray
    """Mean, in bits."""


class _Recent(Generic[_Value]):
    """The values asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, _Value] = OrderedDict()

    def get(self, key: bytes, make: Callable[[], _Value]) -> _Value:
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return self._kept[key]


class _Shared:
    """What two detectors that score by the same networks have in common, all seeds of one before the other's."""

    def __init__(self) -> None:
        self.windows = _Recent[_Windows](_MOST_WINDOWS)
        self.networks = _Recent[_Network](_MOST_NETWORKS)
        self.judged = _Recent[_Judged](_MOST_JUDGED)


def lstm_kinds() -> list[DetectorKind]:
    """Rows of the benchmark: by misses and by surprise."""
    shared = _Shared()
    return [
        DetectorKind("lstm-deeplog", lambda seed: NextEventLstm(seed, "misses", shared), is_random=True),
        DetectorKind("lstm-surprise", lambda seed: NextEventLstm(seed, "surprise", shared), is_random=True),
    ]


class NextEventLstm:
    """A detector of the benchmark (`loglm.evaluation.anomaly.detectors.detector.Detector`).

    Args:
        seed: Fixes weights and batches.
        scored_by: Misses, or the mean surprise.
        shared: What another detector has computed already.
    """

    def __init__(self, seed: int, scored_by: ScoredBy = "misses", shared: _Shared | None = None) -> None:
        self.seed = seed
        self.scored_by = scored_by
        self._shared = shared or _Shared()
        self._known: KnownTexts | None = None
        self._network: _Network | None = None
        self._name = b""
        """Of the network."""

    def fit(self, sequences: EventSequences) -> None:
        """Learn from normal sequences.

        Raises:
            EmptyInputError: They hold no event.
        """
        self._known = known = KnownTexts(sequences)
        rows = known.encode(sequences).rows
        windows = self._windows(rows)
        if not len(windows.place):
            raise EmptyInputError("no event to learn from")
        self._name = _digest(rows, f"{len(known)} {self.seed}")
        self._network = self._shared.networks.get(self._name, lambda: _train(windows, len(known) + 2, self.seed))

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,): misses and less than 1 for the mean surprise, or the mean surprise alone, in bits."""
        if self._network is None or self._known is None:
            raise ValueError("call fit first")
        rows = self._known.encode(sequences).rows
        judged = self._shared.judged.get(_digest(rows, self._name.hex()), lambda: self._judge(rows))
        surprise = judged.surprise
        both = surprise if self.scored_by == "surprise" else judged.misses + surprise / (1 + surprise)
        scores: np.ndarray = np.round(both, _DIGITS)
        return scores

    def _judge(self, rows: Sequence[np.ndarray]) -> _Judged:
        lengths = np.asarray([len(row) for row in rows], np.int64)
        windows = self._windows(rows)
        misses, bits = self._judge_distinct(windows.distinct)
        of = np.repeat(np.arange(len(lengths)), lengths)
        missed = np.bincount(of, misses[windows.place], len(lengths))
        return _Judged(missed, np.bincount(of, bits[windows.place], len(lengths)) / np.maximum(lengths, 1))

    @torch.inference_mode()
    def _judge_distinct(self, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Whether each event is a miss, and its surprise in bits; an unknown event is one."""
        if self._network is None or self._known is None:
            raise ValueError("call fit first")
        misses, bits = np.zeros(len(windows)), np.zeros(len(windows))
        for start in range(0, len(windows), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            asked = torch.from_numpy(windows[part])
            logits, events = self._network(asked[:, :-1]), asked[:, -1]
            own = logits.gather(1, events[:, None])
            misses[part] = ((logits > own).sum(dim=1) >= _TOP).numpy()
            bits[part] = nn.functional.cross_entropy(logits, events, reduction="none").numpy() / np.log(2)
        misses[windows[:, -1] == len(self._known)] = 1
        return misses, bits

    def _windows(self, rows: Sequence[np.ndarray]) -> _Windows:
        """Of sequences of numbers of known texts; the number after that of unknown ones stands for no event."""
        none = len(self._known or ()) + 1
        return self._shared.windows.get(_digest(rows, str(none)), lambda: _distinct_windows(rows, none))


def _distinct_windows(rows: Sequence[np.ndarray], none: int) -> _Windows:
    padding = np.full(_WINDOW, none, np.int64)
    padded = [np.concatenate([padding, row]) for row in rows if len(row)]
    views = [np.lib.stride_tricks.sliding_window_view(row, _WINDOW + 1) for row in padded]
    joined = np.concatenate([np.zeros((0, _WINDOW + 1), np.int64), *views])
    distinct, place = np.unique(joined, axis=0, return_inverse=True)
    return _Windows(distinct, place.ravel())


def _digest(rows: Sequence[np.ndarray], of: str) -> bytes:
    digest = hashlib.sha256(of.encode() + np.asarray([len(row) for row in rows], np.int64).tobytes())
    for row in rows:
        digest.update(row.tobytes())
    return digest.digest()


def _train(windows: _Windows, kinds: int, seed: int) -> _Network:
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = _Network(kinds)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _LEARNING_RATE, total_steps=_STEPS)
    for _ in range(_STEPS):
        loss = _loss(network, windows, random.integers(len(windows.place), size=_BATCH))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network


def _loss(network: _Network, windows: _Windows, drawn: np.ndarray) -> torch.Tensor:
    """Mean cross entropy of the events drawn, in nats; equal windows are computed once."""
    chosen, times = np.unique(windows.place[drawn], return_counts=True)
    asked = torch.from_numpy(windows.distinct[chosen])
    losses = nn.functional.cross_entropy(network(asked[:, :-1]), asked[:, -1], reduction="none")
    return losses @ torch.from_numpy(times.astype(np.float32)) / len(drawn)
