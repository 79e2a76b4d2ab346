"""Surprise by a Markov model of variable order: what came, and all that may come, by the same counts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.context.ngrams import NgramCounts

KNOWN, UNKNOWN, START = 3, 3, 4
TURNS = [np.asarray([0, 1, 2] * 8), np.asarray([1, 2, 0] * 8)]
SEQUENCES = st.lists(st.lists(st.integers(0, KNOWN), max_size=20).map(np.asarray), max_size=4)


def counted(rows: list[np.ndarray], *, orders: int = 3, codes: int = KNOWN + 2) -> NgramCounts:
    counts = NgramCounts(codes, orders=orders)
    counts.learn(rows, [[codes - 1] * orders] * len(rows))
    return counts


def bits(counts: NgramCounts, *rows: list[int]) -> list[np.ndarray]:
    start = [counts.codes - 1] * counts.orders
    return counts.bits([np.asarray(row, np.int64) for row in rows], start, base=1 / (counts.codes - 1))


@pytest.mark.parametrize("before", [[], [0], [2, 0], [0, 0, 0], [UNKNOWN]], ids=str)
def test_probabilities_after_any_context_sum_to_one(before: list[int]) -> None:
    rows = [[*before, code] for code in range(KNOWN + 1)]  # three known ones and any unknown one
    assert sum(2 ** -found[-1] for found in bits(counted(TURNS), *rows)) == pytest.approx(1)


def test_what_breaks_the_order_surprises_at_its_place() -> None:
    (usual, broken) = bits(counted(TURNS), [0, 1, 2, 0, 1, 2], [0, 1, 2, 1, 1, 2])
    assert usual[3] < 0.5
    assert broken[3] > 3
    assert broken[:3].tolist() == usual[:3].tolist()


def test_an_unknown_code_surprises_most() -> None:
    (found,) = bits(counted(TURNS), [0, 1, UNKNOWN])
    assert np.isfinite(found).all()
    assert found.argmax() == 2


@pytest.mark.parametrize("codes", [7, 5_000], ids=["exact", "hashed"])
def test_longer_contexts_tell_apart_what_shorter_ones_cannot(codes: int) -> None:
    """Codes at both ends, so that a hash that loses the oldest one would show."""
    last = codes - 2
    rows = [np.asarray([0, 2, 1] * 5), np.asarray([last, 2, 4] * 5)]
    one, two, five = (bits(counted(rows, orders=n, codes=codes), [0, 2, 4])[0][2] for n in (1, 2, 5))
    assert two > one + 1
    assert five > one + 1
    (known, other) = bits(counted(rows, orders=5, codes=codes), [0, 2, 1, 0, 2, 1], [last, 2, 1, 0, 2, 1])
    assert known[5] < other[5]  # told apart by the oldest of five codes before


def test_a_hash_gives_what_exact_keys_give() -> None:
    rows = [np.random.default_rng(0).integers(0, 9, 300) for _ in range(5)]
    exact, hashed = NgramCounts(10, orders=5), NgramCounts(10, orders=5)
    hashed._base = 4_000_000_007
    for counts in (exact, hashed):
        counts.learn(rows[:4], [[9] * 5] * 4)
    for first, second in zip(bits(exact, *rows), bits(hashed, *rows), strict=True):
        assert first.tolist() == second.tolist()
    base = np.full(10, 0.1)
    assert exact.probabilities([1, 2, 3, 4, 5], base).tolist() == hashed.probabilities([1, 2, 3, 4, 5], base).tolist()


@given(SEQUENCES, st.lists(st.integers(0, KNOWN), max_size=5), st.integers(0, KNOWN))
def test_what_came_is_as_surprising_as_among_all_that_may_come(
    rows: list[np.ndarray], before: list[int], came: int
) -> None:
    counts = counted(rows)
    totals = counts.totals()
    kinds = np.count_nonzero(totals)
    shortest = (totals + kinds / (KNOWN + 1)) / max(totals.sum() + kinds, 1) if kinds else np.full(5, 1 / (KNOWN + 1))
    expected = counts.probabilities([START] * 3 + before, shortest)
    (found,) = bits(counts, [*before, came])
    assert 2 ** -found[-1] == pytest.approx(expected[came])


def test_sequences_do_not_run_into_each_other() -> None:
    counts = counted(TURNS)
    assert bits(counts, [0, 1], [2, 0, 1])[1].tolist() == bits(counts, [2, 0, 1])[0].tolist()


def test_empty_sequences_have_no_bits() -> None:
    assert [len(found) for found in bits(counted(TURNS), [], [1], [])] == [0, 1, 0]
    assert bits(counted(TURNS)) == []


def test_nothing_counted_leaves_the_base() -> None:
    assert bits(counted([]), [0, 1])[0].tolist() == [2.0, 2.0]


def test_counts_of_several_orders_come_back() -> None:
    counts = counted(TURNS, orders=5)
    restored = NgramCounts.restored(counts.codes, counts.arrays())
    restored.merge(counted([], orders=5))
    assert restored.orders == 5
    assert bits(restored, [0, 1, 2])[0].tolist() == bits(counts, [0, 1, 2])[0].tolist()


def test_a_beginning_shorter_than_the_orders_is_refused() -> None:
    with pytest.raises(ValueError, match="1 codes before; expected at least 3"):
        counted(TURNS).bits(TURNS, [START], base=0.25)
