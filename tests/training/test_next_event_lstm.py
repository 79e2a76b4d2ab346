"""The LSTM of the anomaly benchmark."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

import torch

from loglm.anomaly.event_sequences import EventSequences
from loglm.training import next_event_lstm
from loglm.training.next_event_lstm import lstm_kinds

TEXTS = tuple(f"event {n}" for n in range(16))


def sequences(*rows: list[int]) -> EventSequences:
    return EventSequences(TEXTS, [np.asarray(row, np.int32) for row in rows])


NORMAL = sequences(*([*range(n, 15), *range(n)] for n in range(15)))
USUAL, TURNED, UNKNOWN = list(range(15)), list(range(14, -1, -1)), [0, 1, 2, 15, 4]


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_event_lstm, "_STEPS", 80)
    monkeypatch.setattr(next_event_lstm, "_BATCH", 64)


def test_misses_are_counted_and_surprise_is_in_bits() -> None:
    misses, surprise = (kind.make(0) for kind in lstm_kinds())
    for detector in (misses, surprise):
        detector.fit(NORMAL)
    counted = misses.score(sequences(USUAL, TURNED, UNKNOWN, []))
    assert counted[0] < 1  # no miss
    assert counted[1] > 5
    assert 1 <= counted[2] < 4
    bits = surprise.score(sequences(USUAL, TURNED))
    assert bits[0] < 1 < bits[1]


def test_both_score_by_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    train = next_event_lstm._train
    monkeypatch.setattr(next_event_lstm, "_train", lambda *args: (trained.append(1), train(*args))[1])
    for kind in lstm_kinds():
        for seed in (0, 1):
            kind.make(seed).fit(NORMAL)
    assert trained == [1, 1]


def test_equal_windows_weigh_as_often_as_they_were_drawn() -> None:
    rows = [np.asarray([0, 1, 0, 1, 0, 1, 2]), np.asarray([0, 1, 1])]
    windows = next_event_lstm._distinct_windows(rows, 4)
    assert len(windows.distinct) == 8 < len(windows.place) == 10  # the first two events begin both sequences
    drawn = np.asarray([0, 7, 1, 8, 9, 9, 3])
    torch.manual_seed(0)
    network = next_event_lstm._Network(5)
    each = torch.from_numpy(windows.distinct[windows.place[drawn]])
    plain = torch.nn.functional.cross_entropy(network(each[:, :-1]), each[:, -1])
    torch.testing.assert_close(next_event_lstm._loss(network, windows, drawn), plain)


def test_what_both_detectors_judge_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[int] = []
    judge = next_event_lstm.NextEventLstm._judge_distinct
    monkeypatch.setattr(
        next_event_lstm.NextEventLstm,
        "_judge_distinct",
        lambda self, windows: (judged.append(len(windows)), judge(self, windows))[1],
    )
    asked = sequences(USUAL, TURNED)
    for kind in lstm_kinds():
        detector = kind.make(0)
        detector.fit(NORMAL)
        detector.score(asked)
        detector.score(sequences(UNKNOWN))
    assert judged == [30, 5]
