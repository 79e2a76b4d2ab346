"""What is usual in one environment: order, rarity, texts and timing of its events, counted over a baseline."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from loglm.context.ngrams import ORDERS, NgramCounts
from loglm.context.ordering import EntityOrder
from loglm.context.steps import LEVELS, MOST_GAP_S, NO_GAP, Step, gap_level
from loglm.context.texts import TextCounts

__all__ = ["Environment"]

_CHUNK = 100_000
"""Events held at once while a baseline is counted: about 50 MB."""
_MOST_ENTITIES = 100_000
"""Entities of which is known what came before while a baseline is counted; of more, those met last."""


@dataclass(slots=True)
class _Before:
    """What an entity did before the events at hand."""

    order: EntityOrder = field(default_factory=EntityOrder)
    codes: list[int] = field(default_factory=list)
    """The last `ORDERS` ones."""


class Environment:
    """Counts over a baseline; adding those of another environment is exact."""

    def __init__(self, codes: int) -> None:
        self.codes = codes
        self.ngrams = NgramCounts(codes)
        self.texts = TextCounts(codes)
        self._gaps = np.zeros((codes, LEVELS), np.int64)
        self._refresh()

    @property
    def events(self) -> int:
        """Events that were learned from."""
        return self.texts.events

    def learn(
        self, streams: Sequence[Sequence[tuple[Step, int]]], before: Sequence[Sequence[int]] | None = None
    ) -> None:
        """Count the events of entities, each a list of (step, level of the gap before it) in the order of time.

        Args:
            streams: One of each entity.
            before: Of each, the codes of its last events before, which are counted already.
        """
        self.texts.learn([step for stream in streams for step, _ in stream])
        self.ngrams.learn([np.asarray([step.code for step, _ in stream], np.int64) for stream in streams], before)
        for stream in streams:
            for step, level in stream:
                self._gaps[step.code, level] += 1
        self._refresh()

    def learn_events(self, events: Iterable[tuple[Hashable, Step]]) -> None:
        """Count events of many entities, each (entity, step), those of an entity in the order of time.

        Gaps are taken as the scorer takes them: not known after a silence of more than seven days, nor of an event
        that is late. Memory does not grow with the number of events.
        """
        known: OrderedDict[Hashable, _Before] = OrderedDict()
        events = iter(events)
        while chunk := list(islice(events, _CHUNK)):
            streams: dict[Hashable, list[tuple[Step, int]]] = {}
            for entity, step in chunk:
                before = known.setdefault(entity, _Before())
                streams.setdefault(entity, []).append((step, _gap_level(before.order, step)))
            self.learn(list(streams.values()), [known[entity].codes for entity in streams])
            for entity, stream in streams.items():
                before = known[entity]
                before.codes = [*before.codes, *(step.code for step, _ in stream[-ORDERS:])][-ORDERS:]
                known.move_to_end(entity)
            while len(known) > _MOST_ENTITIES:
                known.popitem(last=False)

    def gap_probabilities(self, code: int) -> np.ndarray:
        """Of the levels of the gap before an event of a code, float64 (LEVELS,), sums to 1; that of no gap left out."""
        return np.concatenate([[0.0], _smoothed(self._gaps[code, NO_GAP + 1 :], self._any_gap)])

    def merge(self, other: Environment) -> None:
        """Add what another has counted."""
        self.ngrams.merge(other.ngrams)
        self.texts.merge(other.texts)
        self._gaps += other._gaps
        self._refresh()

    def digest(self) -> str:
        """32 hexadecimal digits that stand for the counts."""
        found = hashlib.blake2b(digest_size=16)
        for name, array in sorted(self.arrays().items()):
            found.update(f"{name} {array.dtype.str} {array.shape} ".encode())
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

    def arrays(self) -> dict[str, np.ndarray]:
        """All counts, as arrays to save."""
        own = {"gaps": self._gaps, "environment": np.asarray([self.codes], np.int64)}
        return {**own, **self.ngrams.arrays(), **self.texts.arrays()}

    @classmethod
    def restored(cls, arrays: Mapping[str, np.ndarray]) -> Environment:
        """From what `arrays` gave."""
        codes = int(arrays["environment"][0])
        found = cls(codes)
        found.ngrams = NgramCounts.restored(codes, arrays)
        found.texts = TextCounts.restored(codes, arrays)
        found._gaps[:] = arrays["gaps"]
        found._refresh()
        return found

    def _refresh(self) -> None:
        """What follows from the counts and is asked for at every event."""
        self.frequency = _smoothed(self.ngrams.totals(), np.full(self.codes, 1 / self.codes))
        """How often each code comes, float64 (codes,); sums to 1."""
        self._any_gap = _smoothed(self._gaps.sum(axis=0)[NO_GAP + 1 :], np.full(LEVELS - 1, 1 / (LEVELS - 1)))


def _gap_level(order: EntityOrder, step: Step) -> int:
    """Of the gap before an event whose entity's last ones ``order`` knows; takes it in."""
    gap = order.add(step, Counter())[0].gap_s
    return NO_GAP if gap is None or gap > MOST_GAP_S else gap_level(gap)


def _smoothed(counts: np.ndarray, base: np.ndarray) -> np.ndarray:
    distinct = int(np.count_nonzero(counts)) + 1
    smoothed: np.ndarray = (counts + distinct * base) / (counts.sum() + distinct)
    return smoothed
