"""Training of the ATT&CK head learns what it is shown. Needs the train extra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

pytest.importorskip("torch", reason="needs the train extra")

from loglm.errors import EmptyInputError
from loglm.training.attack.head import HeadExamples, HeadPlan, train_attack_head

WORDS = ("mimikatz", "useradd", "notepad", "once")
PLAN = HeadPlan(epochs=30, batch_size=16)


def examples(repeats: int = 20) -> HeadExamples:
    rows = np.asarray([[1, 0, 1, 0], [0, 1, 1, 0], [0, 0, 1, 0]] * repeats + [[0, 0, 1, 1]], np.float32)
    technique = np.asarray([[1, 0], [0, 1], [0, 0]] * repeats + [[0, 0]], np.float32)
    attack = np.asarray([1, 1, 0] * repeats + [np.nan], np.float32)
    weight = np.ones(len(rows), np.float32)
    return HeadExamples(csr_matrix(rows), WORDS, technique, technique.sum(axis=1), attack, weight, ("T1003", "T1136"))


def test_head_tells_attacks_from_benign_and_one_from_another() -> None:
    head = train_attack_head(examples(), PLAN)
    scores = head.score_windows([[head.columns(text)] for text in ("mimikatz notepad", "useradd notepad", "notepad")])
    assert scores.technique.argmax(axis=1)[:2].tolist() == [0, 1]
    assert scores.attack[0] > 0.5 > scores.attack[2] < scores.attack[1]


def test_a_word_of_one_example_is_left_out() -> None:
    assert set(train_attack_head(examples(), PLAN).words) == {"mimikatz", "useradd", "notepad"}
    assert train_attack_head(examples(), replace(PLAN, max_words=1)).words == ("notepad",)


def test_training_is_the_same_under_one_seed() -> None:
    first, second = train_attack_head(examples(), PLAN), train_attack_head(examples(), PLAN)
    assert np.array_equal(first.weights, second.weights)


def test_what_is_no_attack_example_teaches_no_attack() -> None:
    data = examples()
    data.attack[:] = np.nan
    with pytest.raises(EmptyInputError, match="benign windows"):
        train_attack_head(data, PLAN)
