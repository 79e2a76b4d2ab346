"""Results computed ahead."""

from __future__ import annotations

import itertools
import threading

import pytest

from loglm.training.ahead import computed_ahead


def test_computed_ahead_gives_the_results_in_order() -> None:
    assert list(computed_ahead(lambda number: number**2, range(50))) == [number**2 for number in range(50)]


def test_computed_ahead_computes_in_another_thread_and_not_far_ahead() -> None:
    seen: list[int] = []

    def job(number: int) -> str:
        seen.append(number)
        return threading.current_thread().name

    results = computed_ahead(job, itertools.count())
    assert next(results) != threading.current_thread().name
    results.close()
    assert len(seen) < 10


def test_computed_ahead_raises_what_a_job_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        list(computed_ahead(lambda number: 1 // number, [1, 0]))
