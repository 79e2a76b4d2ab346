"""Whether what came after the baseline is still the same environment."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from loglm.context.environment import Environment
from loglm.context.scorer import Entity, Scored

__all__ = ["Drift", "Level", "compare"]

_BLOCK_S = 3_600.0
_LEAST_RISE = 0.5
_ERRORS = 3.0
_FEWEST_BLOCKS = 4
_SMALL = 200


@dataclass(slots=True)
class _Block:
    events: int = 0
    bits: float = 0.0
    new: int = 0


class Level:
    """Mean surprisal and share of new texts, by entity and hour, so that one noisy hour counts once."""

    def __init__(self) -> None:
        self._blocks: dict[tuple[Entity, int], _Block] = {}
        self.codes: Counter[int] = Counter()

    def add(self, scored: Scored, environment: Environment) -> None:
        """Take an event."""
        step = scored.step
        hour = 0 if step.time is None else int(step.time // _BLOCK_S)
        block = self._blocks.setdefault((scored.entity, hour), _Block())
        block.events += 1
        block.bits += scored.surprisal
        block.new += not environment.texts.count(step.key)
        self.codes[step.code] += 1

    @property
    def events(self) -> int:
        """Events taken."""
        return sum(block.events for block in self._blocks.values())

    @property
    def bits(self) -> float:
        """Mean surprisal of an event, in bits."""
        return sum(block.bits for block in self._blocks.values()) / max(1, self.events)

    @property
    def new_share(self) -> float:
        """Share of events whose text the baseline does not have, in 0..1."""
        return sum(block.new for block in self._blocks.values()) / max(1, self.events)

    @property
    def error(self) -> float:
        """Standard error of ``bits``, over blocks; infinite with few of them."""
        blocks = list(self._blocks.values())
        if len(blocks) < _FEWEST_BLOCKS:
            return math.inf
        sizes = np.asarray([block.events for block in blocks], np.float64)
        means = np.asarray([block.bits / block.events for block in blocks])
        weights = sizes / sizes.sum()
        return float(np.sqrt((weights**2 * (means - self.bits) ** 2).sum()))


@dataclass(frozen=True, slots=True)
class Drift:
    """How the scored events differ from the later part of the baseline."""

    baseline_bits: float
    """Mean surprisal of an event there, in bits."""
    bits: float
    baseline_new: float
    """Share of events with a text that was not learned, in 0..1."""
    new: float
    unknown_codes: float
    """Share of scored events of kinds that the baseline's later part does not have at all."""
    is_drift: bool
    """The mean surprisal rose by half a bit or more, and by more than three standard errors."""


def compare(before: Level, after: Level) -> Drift:
    """Compare what was scored with the later part of the baseline."""
    rise = after.bits - before.bits
    error = math.hypot(before.error, after.error)
    unknown = sum(number for code, number in after.codes.items() if code not in before.codes)
    is_drift = rise >= _LEAST_RISE and rise > _ERRORS * error and min(before.events, after.events) >= _SMALL
    return Drift(before.bits, after.bits, before.new_share, after.new_share, unknown / max(1, after.events), is_drift)
