"""How surprising each event of a sequence is after the events before it: a smoothed Markov model of variable order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["VariableOrderModel", "combine_keys"]

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SPREAD = np.uint64(0xBF58476D1CE4E5B9)
_START = np.uint64(1)
"""What stands before the first event."""


@dataclass(frozen=True, slots=True)
class _Level:
    """What followed contexts of one length."""

    contexts: np.ndarray
    """uint64 (c,), sorted keys."""
    totals: np.ndarray
    """float64 (c,): events that followed each."""
    kinds: np.ndarray
    """float64 (c,): distinct ones."""
    pairs: np.ndarray
    """uint64 (p,), sorted keys of context and event."""
    counts: np.ndarray
    """float64 (p,): how often."""


class VariableOrderModel:
    """Bits per event, each predicted from up to ``order`` events before it.

    A context of k events predicts by its counts, mixed with the prediction of its last k - 1 events; the weight of the
    shorter one is the chance of an event that is new after this context, which Witten and Bell (1991) estimate by the
    number of distinct ones that followed it. The shortest predicts all known events and one unknown alike, so nothing
    has probability 0. Contexts are kept as 64-bit hashes: memory is 16 bytes for each distinct n-gram learned from.

    Args:
        order: Longest context, in events.
    """

    def __init__(self, *, order: int = 5) -> None:
        self.order = order
        self.kinds_ = 0
        """Distinct events learned from."""
        self._levels: list[_Level] = []

    def fit(self, rows: Sequence[np.ndarray], *, kinds: int) -> VariableOrderModel:
        """Learn from sequences of event numbers below ``kinds``, each int (events,)."""
        self.kinds_ = kinds
        events, starts = _flatten(rows)
        self._levels = []
        for context in _contexts(events, starts, self.order):
            pairs, first, counts = np.unique(combine_keys(context, events), return_index=True, return_counts=True)
            contexts, place, totals = np.unique(context, return_inverse=True, return_counts=True)
            distinct = np.bincount(place[first], minlength=len(contexts))
            self._levels.append(
                _Level(contexts, totals.astype(float), distinct.astype(float), pairs, counts.astype(float))
            )
        return self

    def bits(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        """-log2 of the probability of each event, float64 (events,); higher is more surprising.

        Event numbers of ``kinds`` and above stand for unknown events.
        """
        events, starts = _flatten(rows)
        probability = np.full(len(events), 1.0 / (self.kinds_ + 1))
        for level, context in zip(self._levels, _contexts(events, starts, self.order), strict=True):
            totals, kinds = _look_up(level.contexts, context, level.totals, level.kinds)
            (counts,) = _look_up(level.pairs, combine_keys(context, events), level.counts)
            known = totals > 0
            mixed = (counts + kinds * probability) / np.maximum(totals + kinds, 1.0)
            probability = np.where(known, mixed, probability)
        return np.split(-np.log2(probability), np.cumsum([len(row) for row in rows])[:-1]) if rows else []


def _flatten(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All events as uint64 (n,), and how many stand before each in its sequence, int64 (n,)."""
    joined = np.concatenate([np.zeros(0, np.int64), *rows]).astype(np.uint64)
    before = np.concatenate([np.zeros(0, np.int64), *(np.arange(len(row)) for row in rows)]).astype(np.int64)
    return joined, before


def _contexts(events: np.ndarray, before: np.ndarray, order: int) -> list[np.ndarray]:
    """Key of the last k events before each one, uint64 (n,), for k of 0 to ``order``."""
    found = [np.zeros(len(events), np.uint64)]
    for k in range(1, order + 1):
        earlier = np.concatenate([np.zeros(min(k, len(events)), np.uint64), events[: max(0, len(events) - k)]])
        symbol = np.where(before >= k, earlier + np.uint64(2), _START)
        found.append(combine_keys(found[-1], symbol))
    return found


def combine_keys(key: np.ndarray, symbol: np.ndarray) -> np.ndarray:
    """A 64-bit key of two, uint64 (n,); among ten million keys two are the same with a chance of 3 in a million."""
    mixed = (key ^ (symbol + _MIX)) * _SPREAD
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MIX
    result: np.ndarray = mixed ^ (mixed >> np.uint64(32))
    return result


def _look_up(keys: np.ndarray, asked: np.ndarray, *values: np.ndarray) -> list[np.ndarray]:
    """Values of keys, 0 where a key is not there."""
    if not len(keys):
        return [np.zeros(len(asked)) for _ in values]
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    is_there = keys[place] == asked
    return [np.where(is_there, value[place], 0.0) for value in values]
