"""How surprising a stretch of events is, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.context.environment import Environment
from loglm.context.scorer import Entity, Scored

__all__ = ["SurpriseLevel"]

_BLOCK_S = 3_600.0
_FEWEST_BLOCKS = 4
_MOST_OPEN = 20_000
"""Entities whose hour is not over at most."""
_SUMS = ("blocks", "events", "bits", "new", "events_squared", "bits_squared", "events_bits")


@dataclass(slots=True)
class _Block:
    hour: int
    events: int = 0
    bits: float = 0.0
    new: int = 0


class SurpriseLevel:
    """Mean surprisal and share of new texts, by entity and hour, so that one noisy hour counts once.

    Memory does not grow with time: of blocks of an hour that are over, sums are kept.
    """

    def __init__(self) -> None:
        self._open: dict[Entity, _Block] = {}
        self._sums = np.zeros(len(_SUMS))

    def add(self, scored: Scored, environment: Environment) -> None:
        """Take an event; one without time counts in its entity's hour before."""
        step = scored.step
        block = self._open.get(scored.entity)
        hour = int(step.time // _BLOCK_S) if step.time is not None else block.hour if block is not None else 0
        if block is None or block.hour != hour:
            block = self._opened(scored.entity, hour, block)
        block.events += 1
        block.bits += scored.surprisal
        block.new += not environment.texts.count(step.key)

    def sums(self) -> np.ndarray:
        """float64: blocks, events, bits, new texts, squares of events, of bits, and both multiplied; of all blocks."""
        return self._sums + sum((_squares(block) for block in self._open.values()), np.zeros(len(_SUMS)))

    def merge(self, other: SurpriseLevel) -> None:
        """Add what another has taken; an hour of an entity that both saw counts as two."""
        self._sums += other.sums()

    @classmethod
    def restored(cls, sums: Sequence[float]) -> SurpriseLevel:
        """Of what `sums` gave."""
        level = cls()
        level._sums = np.asarray(sums, np.float64).reshape(len(_SUMS))
        return level

    @property
    def events(self) -> int:
        """Events taken."""
        return int(self.sums()[1])

    @property
    def bits(self) -> float:
        """Mean surprisal of an event, in bits."""
        return float(self.sums()[2]) / max(1, self.events)

    @property
    def new_share(self) -> float:
        """Share of events whose text the baseline does not have, in 0..1."""
        return float(self.sums()[3]) / max(1, self.events)

    @property
    def error(self) -> float:
        """Standard error of ``bits``, over blocks; infinite with few of them."""
        blocks, events, bits, _, events_squared, bits_squared, both = self.sums().tolist()
        if blocks < _FEWEST_BLOCKS:
            return math.inf
        mean = bits / events  # of (events / all * (block's mean - mean)) ** 2 the sum over blocks
        spread = bits_squared - 2 * mean * both + mean**2 * events_squared
        return math.sqrt(max(0.0, spread)) / float(events)

    def _opened(self, entity: Entity, hour: int, before: _Block | None) -> _Block:
        if before is not None:
            self._sums += _squares(before)
        elif len(self._open) >= _MOST_OPEN:
            self._sums += _squares(self._open.pop(next(iter(self._open))))
        block = self._open[entity] = _Block(hour)
        return block


def _squares(block: _Block) -> np.ndarray:
    events, bits = float(block.events), block.bits
    return np.asarray([1.0, events, bits, block.new, events**2, bits**2, events * bits])
