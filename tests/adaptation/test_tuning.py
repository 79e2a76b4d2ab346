"""Attack weights moved towards an environment."""

from __future__ import annotations

import numpy as np

from loglm.adaptation.tuning import TuningExamples, tune_attack
from loglm.detection.head import AttackHead

WORDS = ("mimikatz", "lsass", "sensor", "chrome", "sysmon", "notepad")
EVIL, LAB, BENIGN = ([0, 1, 4], [2, 1, 4], [3, 5])
"""An attack; a sensor that looks like one; desk work. As columns of `WORDS`."""


def head() -> AttackHead:
    """Takes lsass and sysmon for signs of an attack."""
    weights = np.zeros((len(WORDS), 3), np.float32)
    weights[:, 0] = (3, 3, 0, -3, 2, -3)
    return AttackHead(("T1003", "T1059"), WORDS, np.ones(len(WORDS), np.float32), weights, np.zeros(3, np.float32))


def rows(*windows: list[int], times: int = 1) -> list[np.ndarray]:
    return [np.asarray(window, np.int32) for window in windows for _ in range(times)]


def examples(
    benign: list[np.ndarray], labelled: list[np.ndarray] | None = None, attack: tuple[bool, ...] = ()
) -> TuningExamples:
    known = rows(EVIL, BENIGN, times=20)
    sides = np.repeat([True, False], 20)
    return TuningExamples(benign, labelled or [], np.asarray(attack, bool), known, sides, known, sides)


def score(model: AttackHead, window: list[int]) -> float:
    return float(model.score_windows([rows(window)]).attack[0])


def test_background_is_learned_and_the_attack_kept() -> None:
    tuned = tune_attack(head(), examples(rows(LAB, times=50)))
    assert score(head(), LAB) > 0.9
    assert score(tuned, LAB) < 0.5
    assert score(tuned, EVIL) > 0.8


def test_names_of_techniques_are_left_as_they_are() -> None:
    tuned = tune_attack(head(), examples(rows(LAB, times=50)))
    assert np.array_equal(tuned.weights[:, 1:], head().weights[:, 1:])
    assert np.array_equal(tuned.bias[1:], head().bias[1:])


def test_a_word_of_which_nothing_is_new_keeps_its_weight() -> None:
    known = rows([0, 4], [3], times=20)
    sides = np.repeat([True, False], 20)
    tuned = tune_attack(head(), TuningExamples(rows([2, 4]), [], np.zeros(0, bool), known, sides, known, sides))
    assert tuned.weights[1, 0] == head().weights[1, 0]
    assert tuned.weights[5, 0] == head().weights[5, 0]


def test_a_false_positive_lowers_and_a_true_positive_raises() -> None:
    window = rows([2, 5])
    low = tune_attack(head(), examples([], window, (False,)))
    high = tune_attack(head(), examples([], window, (True,)))
    neither = tune_attack(head(), examples([]))
    assert score(low, [2, 5]) < score(neither, [2, 5]) < score(high, [2, 5])


def test_the_benign_tail_of_what_was_known_stays_where_it_was() -> None:
    tuned = tune_attack(head(), examples(rows(LAB, times=50)))
    assert abs(score(tuned, BENIGN) - score(head(), BENIGN)) < 0.01
    assert tuned.attack_scale[0] >= head().attack_scale[0]
