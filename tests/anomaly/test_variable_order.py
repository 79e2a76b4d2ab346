"""Surprise by a Markov model of variable order."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.variable_order import VariableOrderModel

TURNS = [np.asarray([0, 1, 2] * 8), np.asarray([1, 2, 0] * 8)]


def fitted(order: int = 3) -> VariableOrderModel:
    return VariableOrderModel(order=order).fit(TURNS, kinds=3)


@pytest.mark.parametrize("before", [[], [0], [2, 0], [0, 0, 0], [7]], ids=str)
def test_probabilities_after_any_context_sum_to_one(before: list[int]) -> None:
    rows = [np.asarray([*before, event]) for event in range(4)]  # three known events and any unknown one
    assert sum(2 ** -bits[-1] for bits in fitted().bits(rows)) == pytest.approx(1)


def test_what_breaks_the_order_surprises_at_its_place() -> None:
    (usual, broken) = fitted().bits([np.asarray([0, 1, 2, 0, 1, 2]), np.asarray([0, 1, 2, 1, 1, 2])])
    assert usual[3] < 0.5
    assert broken[3] > 3
    assert broken[:3].tolist() == usual[:3].tolist()


def test_an_unknown_event_surprises_most() -> None:
    (bits,) = fitted().bits([np.asarray([0, 1, 5])])
    assert np.isfinite(bits).all()
    assert bits.argmax() == 2


def test_longer_contexts_tell_apart_what_shorter_ones_cannot() -> None:
    rows = [np.asarray([0, 2, 1] * 5), np.asarray([3, 2, 4] * 5)]
    asked = [np.asarray([0, 2, 4])]
    short, long = (VariableOrderModel(order=order).fit(rows, kinds=5).bits(asked)[0][2] for order in (1, 2))
    assert long > short + 1


def test_sequences_do_not_run_into_each_other() -> None:
    model = fitted()
    alone = model.bits([np.asarray([2, 0, 1])])[0]
    assert model.bits([np.asarray([0, 1]), np.asarray([2, 0, 1])])[1].tolist() == alone.tolist()


def test_empty_sequences_have_no_bits() -> None:
    assert [len(bits) for bits in fitted().bits([np.zeros(0, int), np.asarray([1]), np.zeros(0, int)])] == [0, 1, 0]
    assert fitted().bits([]) == []
