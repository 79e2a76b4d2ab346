"""How work grows with its input: the check of linear time that holds on a slow or busy machine too."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable
from typing import TypeVar

Input = TypeVar("Input")

_STEP = 4
_MOST_GROWTH = 10
"""Linear work takes 4 times as long on an input 4 times as long, quadratic work 16 times."""
_NEGLIGIBLE_S = 0.2
_RUNS = 3


def assert_linear(work: Callable[[Input], object], make: Callable[[int], Input], size: int) -> None:
    """Fail where `work` takes more than linear time, told from its CPU seconds on an input and on one a quarter as big.

    Args:
        work: What to measure; does all of it again in each call.
        make: Makes an input of a size; not measured.
        size: Of the bigger input: one that linear work does in less than a second, quadratic work in many.
    """
    big, small = make(size), make(size // _STEP)
    longest = _cpu_seconds(work, big)
    if longest < _NEGLIGIBLE_S:
        return
    shortest = min(_cpu_seconds(work, small) for _ in range(_RUNS))
    for _ in range(_RUNS - 1):
        if longest < _MOST_GROWTH * shortest:
            return
        longest = min(longest, _cpu_seconds(work, big))
    assert longest < _MOST_GROWTH * shortest, f"{shortest:.3f} s at size {size // _STEP}, {longest:.3f} s at {size}"


def _cpu_seconds(work: Callable[[Input], object], data: Input) -> float:
    """Of one run, without garbage collection, which depends on what other tests left behind."""
    return timeit.timeit(lambda: work(data), timer=time.process_time, number=1)
