"""Training of the ATT&CK head learns what it is shown. Needs the train extra."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.errors import EmptyInputError
from loglm.training.attack_head import HeadExamples, HeadPlan, train_attack_head

TEXTS = ["a\nCommandLine=mimikatz sekurlsa", "a\nCommandLine=net user add", "a\nCommandLine=notepad readme"]


def examples(repeats: int = 20) -> HeadExamples:
    rows = [np.asarray([i % 3, 2]) for i in range(3 * repeats)]
    technique = np.zeros((len(rows), 2), np.float32)
    technique[0::3, 0] = technique[1::3, 1] = 1
    attack = np.asarray([1, 1, 0] * repeats, np.float32)
    return HeadExamples(TEXTS, rows, technique, attack, np.ones(len(rows), np.float32), ("T1003", "T1136"))


def test_head_tells_attacks_from_benign_and_one_from_another() -> None:
    head = train_attack_head(examples(), HeadPlan(epochs=40, batch_windows=16, min_text_frequency=1))
    scores = head.score_windows(head.score_events(TEXTS), [[0, 2], [1, 2], [2, 2]])
    assert scores.technique.argmax(axis=1)[:2].tolist() == [0, 1]
    assert scores.attack[0] > scores.attack[2] < scores.attack[1]
    assert scores.weights[0][0] > scores.weights[0][1]


def test_training_is_the_same_under_one_seed() -> None:
    plan = HeadPlan(epochs=2, min_text_frequency=1)
    first, second = train_attack_head(examples(), plan), train_attack_head(examples(), plan)
    assert np.array_equal(first.feature_weights, second.feature_weights)


def test_no_window_is_an_error() -> None:
    empty = HeadExamples([], [], np.zeros((0, 1), np.float32), np.zeros(0), np.zeros(0), ("T1003",))
    with pytest.raises(EmptyInputError):
        train_attack_head(empty, HeadPlan())
