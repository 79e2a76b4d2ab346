"""Results computed ahead of the loop that uses them, so that a GPU does not wait for its batches."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["computed_ahead"]

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_AHEAD = 4
"""Results that wait at most."""


def computed_ahead(function: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
    """``map(function, jobs)``, computed in one other thread while the caller is busy with earlier results."""
    with ThreadPoolExecutor(1, "batches") as thread:
        waiting: deque[Future[_Result]] = deque()
        try:
            for job in jobs:
                waiting.append(thread.submit(function, job))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
