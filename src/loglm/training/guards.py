"""What keeps one bad batch from spoiling a run: steps whose loss or gradient is not finite, or jumps, are left out."""

from __future__ import annotations

import math
import statistics
from collections import deque

from loglm.errors import TrainingError

__all__ = ["DivergenceGuard"]

_HISTORY = 128
_FEW = 32
_DEVIATIONS = 8.0
_SMALLEST_JUMP = 1.0
"""Nats above the mean: where losses hardly vary, this is still no spike."""
_MOST_IN_A_ROW = 25


class DivergenceGuard:
    """Judges each step by the losses of the steps before it."""

    def __init__(self, losses: list[float] | None = None, skipped_in_a_row: int = 0) -> None:
        self.losses = deque(losses or (), maxlen=_HISTORY)
        """Of the last good steps, in nats."""
        self.skipped_in_a_row = skipped_in_a_row

    def accepts(self, loss: float, gradient_norm: float) -> bool:
        """Whether a step may change the weights.

        Raises:
            TrainingError: So many steps in a row were refused that the run will not recover.
        """
        limit = self._limit()
        if math.isfinite(loss) and math.isfinite(gradient_norm) and loss <= limit:
            self.losses.append(loss)
            self.skipped_in_a_row = 0
            return True
        self.skipped_in_a_row += 1
        if self.skipped_in_a_row >= _MOST_IN_A_ROW:
            raise TrainingError(
                f"training diverged: {_MOST_IN_A_ROW} steps in a row had a loss or gradient that is not finite, or a "
                f"loss far above the ones before (last loss {loss:.4g}, gradient norm {gradient_norm:.4g}, limit "
                f"{limit:.4g} nats). Start again in an empty folder with a lower --learning-rate or --precision fp32"
            )
        return False

    def _limit(self) -> float:
        if len(self.losses) < _FEW:
            return math.inf
        return statistics.fmean(self.losses) + max(_SMALLEST_JUMP, _DEVIATIONS * statistics.pstdev(self.losses))
