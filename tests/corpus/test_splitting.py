"""Splits: by source, file and time."""

from __future__ import annotations

import numpy as np

from loglm.corpus.splitting import IDTS, ODTS, TRAIN, assign_splits


def splits(
    *,
    source: list[int],
    time: list[float] | None = None,
    place: list[float] | None = None,
    in_held_out_files: list[int] | None = None,
    is_odts: tuple[bool, ...] = (False,),
    held_out: float = 0.1,
) -> np.ndarray:
    number = len(source)
    is_held_out = np.zeros(number, bool)
    is_held_out[in_held_out_files or []] = True
    return assign_splits(
        np.array(source),
        np.full(number, np.nan) if time is None else np.array(time, np.float64),
        np.linspace(0, 1, number) if place is None else np.array(place),
        is_held_out,
        is_odts=np.array(is_odts),
        held_out=held_out,
    )


def test_the_latest_texts_are_held_out() -> None:
    times = np.random.default_rng(0).permutation(100)
    found = splits(source=[0] * 100, time=times.tolist())
    assert sorted(times[found == IDTS]) == list(range(90, 100))


def test_without_times_the_ends_of_the_files_are_held_out() -> None:
    found = splits(source=[0] * 100, place=[(i % 50) / 50 for i in range(100)])
    assert np.flatnonzero(found == IDTS).tolist() == [*range(45, 50), *range(95, 100)]


def test_texts_of_held_out_files_are_half_of_the_share() -> None:
    found = splits(source=[0] * 100, time=list(range(100)), in_held_out_files=[3, 7])
    assert np.flatnonzero(found == IDTS).tolist() == [3, 7, 95, 96, 97, 98, 99]


def test_a_source_held_out_whole_is_the_out_of_distribution_test() -> None:
    found = splits(source=[0] * 30 + [1] * 30, time=list(range(60)), is_odts=(False, True))
    assert set(found[:30].tolist()) == {TRAIN, IDTS}
    assert set(found[30:].tolist()) == {ODTS}


def test_a_small_source_spares_nothing() -> None:
    assert set(splits(source=[0] * 19, time=list(range(19))).tolist()) == {TRAIN}


def test_nothing_is_held_out_where_nothing_is_asked_for() -> None:
    found = splits(source=[0] * 50, time=list(range(50)), in_held_out_files=[1], held_out=0.0)
    assert set(found.tolist()) == {TRAIN}
