"""How surprising the windows of an entity usually are, and how far a window is beyond that: three numbers an entity.

An entity's windows of one log channel are compared with each other alone: channels differ in how foreseeable they are,
and one that is new, as after Sysmon was installed, says nothing of the others.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Final

import numpy as np

__all__ = ["LEAST_PAST", "MOST_MOVED", "Usual", "UsualOfStreams", "WindowStream", "moved_probability"]

LEAST_PAST: Final = 4
"""With fewer earlier windows of its entity in its channel a window has no past that counts."""
MOST_MOVED: Final = 3.0
"""How far surprise moves a logit at most."""
_HALF: Final = 8
"""Earlier windows with which surprise counts half."""
_MOST_STREAMS: Final = 100_000

WindowStream = tuple[str, str, str]
"""(kind, value, channel): an entity, see `loglm.events.entities`, in one ``product/service``."""


class Usual:
    """Number, mean and spread of the surprise of the windows so far of one entity in one channel."""

    __slots__ = ("_squares", "mean", "windows")

    def __init__(self) -> None:
        self.windows = 0
        self.mean = 0.0
        """Bits an event, of all windows so far; each weighs the same."""
        self._squares = 0.0
        """Sum of squared differences to the mean."""

    @property
    def has_past(self) -> bool:
        """Whether there are `LEAST_PAST` windows."""
        return self.windows >= LEAST_PAST

    @property
    def spread(self) -> float:
        """Standard deviation of the windows so far, in bits an event."""
        return math.sqrt(self._squares / self.windows) if self.windows else 0.0

    def add(self, bits: float) -> None:
        """Count a window (Welford 1962: no large numbers are subtracted, however many windows there are)."""
        self.windows += 1
        away = bits - self.mean
        self.mean += away / self.windows
        self._squares += away * (bits - self.mean)

    def beyond(self, bits: float) -> float:
        """How much more surprising a window is than those so far, to be added to its attack logit.

        The difference to their mean, in their standard deviations (widened by half the mean, for few windows have
        little spread), within ±`MOST_MOVED`, times n / (n + 8) for n windows so far. So windows that are long, or come
        after a long past, are no different for that.

        Args:
            bits: Mean of `loglm.context.surprise.Surprise.bits` over the window's events.

        Returns:
            0 without a past. Higher is more unusual.
        """
        if not self.has_past:
            return 0.0
        away = (bits - self.mean) / (self.spread + self.mean / 2 + 0.1) * self.windows / (self.windows + _HALF)
        return min(max(away, -MOST_MOVED), MOST_MOVED)


class UsualOfStreams:
    """What is usual for each of many entities and channels, in bounded memory: each of 200,000 at most takes about 300
    bytes and its name, of at most 290 characters (`loglm.events.entities.bounded_name`).

    Streams without a past that counts and those with one are bounded apart, 100,000 each; of too many, the one whose
    last window was longest ago is forgotten and begins anew. So names that come once, however many somebody makes up,
    take the place of each other and never that of an entity with a past.
    """

    def __init__(self, *, most: int = _MOST_STREAMS) -> None:
        self._most = most
        self._new: OrderedDict[WindowStream, Usual] = OrderedDict()
        self._known: OrderedDict[WindowStream, Usual] = OrderedDict()

    def __len__(self) -> int:
        return len(self._new) + len(self._known)

    def of(self, stream: WindowStream) -> Usual:
        """What was usual until now; one without windows where the stream is not known."""
        return self._known.get(stream) or self._new.get(stream) or Usual()

    def add(self, stream: WindowStream, bits: float) -> None:
        """Count a window of a stream."""
        usual = self._known.pop(stream, None) or self._new.pop(stream, None) or Usual()
        usual.add(bits)
        group = self._known if usual.has_past else self._new
        group[stream] = usual
        if len(group) > self._most:
            group.popitem(last=False)


def moved_probability(probability: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Probabilities with their logits moved, float64.

    0 and 1 stay what they are, as their logits are infinite; others outside 1e-6 to 1 - 1e-6 are first brought into it.
    """
    given = probability.astype(np.float64)
    clipped = np.clip(given, 1e-6, 1 - 1e-6)
    result: np.ndarray = 1 / (1 + (1 - clipped) / clipped * np.exp(-moved))
    return np.where((given == 0) | (given == 1), given, result)
