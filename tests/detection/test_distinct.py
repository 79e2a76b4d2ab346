"""Counting different things: exact where they are few, near and small where they are many."""

from __future__ import annotations

import pickle

import pytest

from loglm.detection.distinct import DistinctCount


def counted(numbers: range) -> DistinctCount:
    count = DistinctCount()
    for number in numbers:
        count.add(f"host\0web{number}")
    return count


@pytest.mark.parametrize("number", [0, 1, 1_000, 131_072])
def test_few_are_counted_exactly(number: int) -> None:
    count = counted(range(number))
    for again in range(min(number, 100)):
        count.add(f"host\0web{again}")
    assert len(count) == number


def test_many_are_counted_to_two_percent_in_bounded_memory() -> None:
    count = counted(range(500_000))
    assert len(count) == pytest.approx(500_000, rel=0.02)
    assert len(pickle.dumps(count)) < 131_072 * 12


@pytest.mark.parametrize("size", [1_000, 200_000])
def test_merged_counts_are_those_of_all_together(size: int) -> None:
    merged = counted(range(size))
    merged.merge(counted(range(size // 2, 2 * size)))
    assert len(merged) == pytest.approx(2 * size, rel=0.0 if size == 1_000 else 0.02)


def test_merging_does_not_depend_on_the_order() -> None:
    one, other = counted(range(150_000)), counted(range(100_000, 120_000))
    one.merge(other)
    other.merge(counted(range(150_000)))
    assert len(one) == len(other)
