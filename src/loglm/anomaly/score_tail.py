"""How rare a score is among normal ones, in bits: scores of any unit and spread become comparable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ScoreTail"]

_TAIL_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class ScoreTail:
    """The distribution of normal scores: as they were up to the largest tenth, beyond it an exponential tail.

    Source: peaks over a threshold (Pickands 1975, Statistical inference using extreme order statistics); the general
    form has a parameter more, which a few dozen scores cannot tell.
    """

    ordered: np.ndarray
    """float64 (n,), ascending."""
    start: float
    """Where the tail begins."""
    excess: float
    """How far scores of the tail lie above its start on average."""

    @classmethod
    def fit(cls, scores: np.ndarray, *, least_excess: float) -> ScoreTail:
        """Of normal scores, one at least; higher is more anomalous.

        Args:
            scores: float (n,)
            least_excess: Is added to the mean excess, so that a score that hardly varies does not make a small
                difference a great surprise.
        """
        start = float(np.quantile(scores, 1 - _TAIL_SHARE))
        above = scores[scores > start] - start
        return cls(np.sort(scores), start, (float(above.mean()) if len(above) else 0.0) + least_excess)

    def bits(self, scores: np.ndarray) -> np.ndarray:
        """-log2 of the chance that a normal score is as high, float64 (n,), 0 or more; 3.3 where the tail begins.

        What is beyond all normal scores is extrapolated: fit to rank by, no probability to rely on.
        """
        below = self.ordered.searchsorted(scores) / (len(self.ordered) + 1)
        chance = np.maximum(1 - below, _TAIL_SHARE)
        beyond = (scores - self.start) / (self.excess * np.log(2))
        bits: np.ndarray = np.where(scores > self.start, beyond - np.log2(_TAIL_SHARE), -np.log2(chance))
        return bits + 0.0  # no negative zero
