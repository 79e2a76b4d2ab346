"""Whether a log was scored before: asked of what is remembered of its entities, before anything is scored again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.table import EventTable
from loglm.context.ring import EntityRing
from loglm.context.scorer import ContextScorer

__all__ = ["ScoredBefore", "look_back"]


@dataclass(frozen=True, slots=True)
class ScoredBefore:
    """How the events of a log lie to what their entities were seen to do."""

    events: int = 0
    """That have a time."""
    older: int = 0
    """Not newer than the last event that is remembered of their entity."""
    compared: int = 0
    """Of those, not older than the first one that is remembered."""
    known: int = 0
    """Of the compared, those of a time and kind that are remembered."""

    @property
    def is_same(self) -> bool:
        """Whether half the log or more looks as if it was scored before."""
        return 0 < self.events <= 2 * self.older and 0 < self.compared <= 2 * self.known

    @property
    def is_older(self) -> bool:
        """Whether half the log or more is older than the state."""
        return 0 < self.events <= 2 * self.older


def look_back(table: EventTable, scorer: ContextScorer) -> ScoredBefore:
    """Compare the events of a table with the last 256 that are remembered of each of their entities."""
    times = np.asarray(table.times, np.float64)
    codes = np.asarray(table.codes, np.int64)
    older = compared = known = 0
    for rows, ring in _remembered(table, scorer):
        own, seen, kinds = times[rows], *_contents(ring)
        if not len(seen):
            continue
        older += int((own <= seen.max()).sum())
        near = (own <= seen.max()) & (own >= seen.min())
        pairs = set(zip(seen.tolist(), kinds.tolist(), strict=True))
        compared += int(near.sum())
        known += sum(one in pairs for one in zip(own[near].tolist(), codes[rows][near].tolist(), strict=True))
    return ScoredBefore(int((~np.isnan(times)).sum()), older, compared, known)


def _remembered(table: EventTable, scorer: ContextScorer) -> Iterator[tuple[np.ndarray, EntityRing]]:
    """Rows of each entity that is remembered, with what is."""
    entities = np.asarray(table.entities, np.int64)
    order = np.argsort(entities, kind="stable")
    bounds = np.searchsorted(entities[order], np.arange(len(table.names) + 1))
    for place, name in enumerate(table.names):
        context = scorer.entities.get(name)
        if context is not None:
            yield order[bounds[place] : bounds[place + 1]], context.ring


def _contents(ring: EntityRing) -> tuple[np.ndarray, np.ndarray]:
    """Times float64 (n,) and codes int16 (n,) of the events held that have a time."""
    codes, times = ring.window()
    has_time = ~np.isnan(times)
    return times[has_time], codes[has_time]
