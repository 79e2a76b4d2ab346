"""Waiting as shares of the whole run, so that a short trial run has the same story as a long one."""

from __future__ import annotations

import random
import threading
import time


class Clock:
    """Knows how far the run is and stops the background when it is over."""

    def __init__(self, minutes: float) -> None:
        self.length_s = minutes * 60
        self.started = time.time()
        self._over = threading.Event()

    def wait_until(self, share: float) -> None:
        """Sleep until ``share`` (0..1) of the run has passed; returns at once where that is over."""
        self._over.wait(max(0.0, self.started + share * self.length_s - time.time()))

    def rest(self, shortest_s: float, longest_s: float, rng: random.Random) -> bool:
        """Sleep a while between two things; False once the run is over."""
        return not self._over.wait(rng.uniform(shortest_s, longest_s))

    def finish(self) -> None:
        """Wake all who wait; `rest` says False from now on."""
        self._over.set()
