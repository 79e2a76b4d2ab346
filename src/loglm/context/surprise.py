"""How unexpected an event is, in bits, and what about it: rarity, order, content or timing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

__all__ = ["NEW_TEXT_BITS", "REASONS", "USUAL_TIMING_BITS", "Expected", "Surprise", "share_bits", "tail_bits"]

REASONS: Final = ("rarity", "order", "content", "timing")
"""rarity: such events hardly ever come here; order: they do, but not after what came before; content: an event of a
usual kind whose text is new or rare; timing: it came sooner or later than usual."""
NEW_TEXT_BITS: Final = 5.0
"""What a text costs that is none of those known."""
USUAL_TIMING_BITS: Final = 6.0
_MOST_BITS: Final = 40.0
_SAME: Final = 1e-9


class Surprise(NamedTuple):
    """Bits of one event; higher is more unusual."""

    rarity: float
    """How rare events of its code are in the environment, as far as that explains why it was not expected."""
    order: float
    """What is left of the surprisal of its code: it is not as rare as it is unexpected here."""
    content: float
    """`NEW_TEXT_BITS` where the baseline does not have its text, beside how rare something new is in its code."""
    timing: float
    """How unusual the time gap before it is; what is below `USUAL_TIMING_BITS` does not count for the score."""

    @property
    def bits(self) -> float:
        """All together: the score of the event."""
        rarity, order, content, timing = self.counted
        return rarity + order + content + timing

    @property
    def counted(self) -> tuple[float, float, float, float]:
        """Of each of `REASONS` the bits that count for the score; their sum is `bits`."""
        return self.rarity, self.order, self.content, max(0.0, self.timing - USUAL_TIMING_BITS)

    @property
    def reason(self) -> str:
        """What weighs most of `REASONS`."""
        return REASONS[max(range(len(REASONS)), key=self.counted.__getitem__)]


@dataclass(frozen=True, slots=True)
class Expected:
    """A code that was expected instead."""

    code: int
    probability: float


def tail_bits(probabilities: np.ndarray, came: int) -> float:
    """How unexpected one of several outcomes is: -log2 of the chance of one that is at most as likely.

    Unlike the plain surprisal it does not punish what is merely one of many: of a thousand outcomes that are equally
    likely each has 0 bits. If the probabilities are right, at most one event in 2^b has b bits or more.

    >>> tail_bits(np.asarray([0.5, 0.5]), 0), tail_bits(np.asarray([0.75, 0.125, 0.125]), 1)
    (0.0, 2.0)
    """
    bound = probabilities[came] * (1 + _SAME)
    mass = float(probabilities[probabilities <= bound].sum())
    return share_bits(mass)


def share_bits(share: float) -> float:
    """-log2 of a share in 0..1, at most 40."""
    return _MOST_BITS if share <= 2.0**-_MOST_BITS else max(0.0, -math.log2(min(share, 1.0)))
