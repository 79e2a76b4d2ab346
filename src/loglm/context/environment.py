"""What is usual in one environment: order, rarity, texts and timing of its events, counted over a baseline."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

import numpy as np

from loglm.context.ngrams import NgramCounts
from loglm.context.steps import LEVELS, NO_GAP, Step, gap_level
from loglm.context.texts import TextCounts

__all__ = ["Environment"]


class Environment:
    """Counts over a baseline; adding those of another environment is exact."""

    def __init__(self, codes: int) -> None:
        self.codes = codes
        self.ngrams = NgramCounts(codes)
        self.texts = TextCounts(codes)
        self._gaps = np.zeros((codes, LEVELS), np.int64)
        self.entities = 0
        """Entities that were learned from."""

        self._refresh()

    @property
    def events(self) -> int:
        """Events that were learned from."""
        return self.texts.events

    def learn(self, streams: Sequence[Sequence[tuple[Step, int]]]) -> None:
        """Count the events of entities, each a list of (step, level of the gap before it) in the order of time."""
        self.texts.learn([step for stream in streams for step, _ in stream])
        self.ngrams.learn([np.asarray([step.code for step, _ in stream], np.int64) for stream in streams])
        for stream in streams:
            for step, level in stream:
                self._gaps[step.code, level] += 1
        self.entities += len(streams)
        self._refresh()

    def learn_events(self, events: Iterable[tuple[Hashable, Step]]) -> None:
        """Count events of many entities, each (entity, step), those of an entity in the order of time."""
        streams: dict[Hashable, list[tuple[Step, int]]] = {}
        last: dict[Hashable, float] = {}
        for entity, step in events:
            before = last.get(entity)
            gap = None if step.time is None or before is None else step.time - before
            streams.setdefault(entity, []).append((step, gap_level(gap)))
            if step.time is not None:
                last[entity] = step.time
        self.learn(list(streams.values()))

    def frequency_without(self, code: int) -> np.ndarray:
        """`frequency` as it would be without one event of a code."""
        totals = self._totals.copy()
        totals[code] = max(0, totals[code] - 1)
        return _smoothed(totals, np.full(self.codes, 1 / self.codes))

    def gap_probabilities(self, code: int, *, leave_out: int | None = None) -> np.ndarray:
        """Of the levels of the gap before an event of a code, float64 (LEVELS,), sums to 1; that of no gap left out."""
        own = self._gaps[code, NO_GAP + 1 :].copy()
        if leave_out is not None and leave_out != NO_GAP:
            own[leave_out - 1] -= 1
        return np.concatenate([[0.0], _smoothed(own, self._any_gap)])

    def merge(self, other: Environment) -> None:
        """Add what another has counted. Entities of both are counted twice."""
        self.ngrams.merge(other.ngrams)
        self.texts.merge(other.texts)
        self._gaps += other._gaps
        self.entities += other.entities
        self._refresh()

    def arrays(self) -> dict[str, np.ndarray]:
        """All counts, as arrays to save."""
        facts = np.asarray([self.codes, self.entities], np.int64)
        own = {"gaps": self._gaps, "environment": facts}
        return {**own, **self.ngrams.arrays(), **self.texts.arrays()}

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> Environment:
        """From what `arrays` gave."""
        codes, entities = (int(number) for number in arrays["environment"])
        found = cls(codes)
        found.ngrams = NgramCounts.restored(codes, arrays)
        found.texts = TextCounts.restored(codes, arrays)
        found._gaps[:] = arrays["gaps"]
        found.entities = entities
        found._refresh()
        return found

    def _refresh(self) -> None:
        """What follows from the counts and is asked for at every event."""
        self._totals = self.ngrams.totals()
        self.frequency = _smoothed(self._totals, np.full(self.codes, 1 / self.codes))
        """How often each code comes, float64 (codes,); sums to 1."""
        self._any_gap = _smoothed(self._gaps.sum(axis=0)[NO_GAP + 1 :], np.full(LEVELS - 1, 1 / (LEVELS - 1)))


def _smoothed(counts: np.ndarray, base: np.ndarray) -> np.ndarray:
    distinct = int(np.count_nonzero(counts)) + 1
    smoothed: np.ndarray = (counts + distinct * base) / (counts.sum() + distinct)
    return smoothed
