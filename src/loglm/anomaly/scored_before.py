"""Whether a log was scored before: asked of what is remembered of its entities, before anything is scored again.

Logs are written by attackers. So copies of an event count once, and times far off from the others that are remembered
of an entity do not say what is newer: a few lines with wrong times change nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.seen_events import SeenEvents, TimedEvents
from loglm.anomaly.table import EventTable
from loglm.context.ring import EntityRing
from loglm.context.scorer import ContextScorer
from loglm.plurals import plural

__all__ = ["ScoredBefore", "known_files", "look_back", "timed_events"]

_FEWEST = 8
"""Events of a sample from which on it says something."""


@dataclass(frozen=True, slots=True)
class ScoredBefore:
    """How the events of a log lie to what their entities were seen to do; one counts for all of its time and kind."""

    events: int = 0
    """That have a time."""
    older: int = 0
    """Not newer than the last event that is remembered of their entity, but for outliers."""
    compared: int = 0
    """Of those, not older than the first one that is remembered, but for outliers."""
    known: int = 0
    """Of the compared, those of a time and kind that are remembered."""
    sampled: int = 0
    """Of all its events, those that would be in the sample of what was learned from or scored (`SeenEvents`)."""
    seen: int = 0
    """Of the sampled, those that are in it."""

    @property
    def is_same(self) -> bool:
        """Whether half the log or more looks as if it was learned from or scored before."""
        return self._is_remembered or self._is_seen

    @property
    def evidence(self) -> str:
        """Why it looks so, or how much of it is older; to be gone on with."""
        if self._is_seen and not self._is_remembered:
            return f"{self.seen:,} of {self.sampled:,} different events drawn by chance were learned from or scored"
        older = f"{self.older:,} of {plural(self.events, 'different event')} not newer than what their entities did"
        if not self._is_remembered:
            return older
        return f"{older}, and {self.known:,} of the {self.compared:,} that are remembered so far the same"

    @property
    def _is_remembered(self) -> bool:
        return 0 < self.events <= 2 * self.older and 0 < self.compared <= 2 * self.known

    @property
    def _is_seen(self) -> bool:
        return _FEWEST <= self.sampled <= 2 * self.seen

    @property
    def is_older(self) -> bool:
        """Whether half the log or more is older than the state."""
        return 0 < self.events <= 2 * self.older


def timed_events(table: EventTable) -> TimedEvents:
    """The different events of a table that have a time."""
    return _events(table, _different(table))


def look_back(
    table: EventTable, scorer: ContextScorer, seen: SeenEvents, *, without: Collection[str] = ()
) -> ScoredBefore:
    """Compare the events of a table with the last 256 that are remembered of each of their entities, and with samples
    of all that were seen.

    Args:
        table: The events.
        scorer: Remembers.
        seen: The samples.
        without: Files whose events are left out.
    """
    return _compared(table, _different(table, without), scorer, seen)


def known_files(
    table: EventTable, scorer: ContextScorer, seen: SeenEvents, *, without: Collection[str] = ()
) -> list[str]:
    """Those files of a table that look, each by itself, as if they were learned from or scored before; arguments as of
    `look_back`."""
    ends = [first for _, first in table.files[1:]] + [len(table)]
    return [
        path
        for (path, first), end in zip(table.files, ends, strict=True)
        if path not in without and _compared(table, _distinct(table, np.arange(first, end)), scorer, seen).is_same
    ]


def _compared(table: EventTable, rows: np.ndarray, scorer: ContextScorer, seen: SeenEvents) -> ScoredBefore:
    """What `look_back` says of rows."""
    times = np.asarray(table.times, np.float64)[rows]
    codes = np.asarray(table.codes, np.int64)[rows]
    older = compared = known = 0
    for part, ring in _remembered(table, rows, scorer):
        own, held, kinds = times[part], *_contents(ring)
        if not len(held):
            continue
        first, last = _span(held)
        is_older = own <= last
        near = is_older & (own >= first)
        pairs = set(zip(held.tolist(), kinds.tolist(), strict=True))
        older += int(is_older.sum())
        compared += int(near.sum())
        known += sum(one in pairs for one in zip(own[near].tolist(), codes[part][near].tolist(), strict=True))
    return ScoredBefore(len(rows), older, compared, known, *_sampled(seen, _events(table, rows)))


def _sampled(seen: SeenEvents, events: TimedEvents) -> tuple[int, int]:
    """How many events are compared and how many of them are known, by the sample that knows the greatest share of
    them, of those that say something."""
    compared = seen.compare(events)
    return max((one for one in compared if one[0] >= _FEWEST), key=lambda one: one[1] / one[0], default=compared[0])


def _events(table: EventTable, rows: np.ndarray) -> TimedEvents:
    return TimedEvents(
        table.names,
        np.asarray(table.entities, np.int64)[rows],
        np.asarray(table.times, np.float64)[rows],
        np.asarray(table.codes, np.int64)[rows],
    )


def _different(table: EventTable, without: Collection[str] = ()) -> np.ndarray:
    """One row for each entity, time and kind, int64 (n,), in that order; none without time, or of some files."""
    return _distinct(table, np.flatnonzero(~_of_files(table, without)) if without else np.arange(len(table)))


def _distinct(table: EventTable, rows: np.ndarray) -> np.ndarray:
    """Of rows one for each entity, time and kind, int64 (n,), in that order; none without time."""
    entities, times = np.asarray(table.entities, np.int64), np.asarray(table.times, np.float64)
    codes = np.asarray(table.codes, np.int64)
    rows = rows[~np.isnan(times[rows])]
    order = rows[np.lexsort((codes[rows], times[rows], entities[rows]))]
    is_new = np.ones(len(order), bool)
    is_new[1:] = np.any([np.diff(values[order]) != 0 for values in (entities, times, codes)], axis=0)
    return order[is_new]


def _of_files(table: EventTable, paths: Collection[str]) -> np.ndarray:
    """Whether each row is of one of some files, bool (n,)."""
    lengths = np.diff([*(first for _, first in table.files), len(table)])
    return np.repeat([path in paths for path, _ in table.files], lengths)


def _remembered(table: EventTable, rows: np.ndarray, scorer: ContextScorer) -> Iterator[tuple[slice, EntityRing]]:
    """Where in rows ordered by entity those of each entity lie that is remembered, with what is."""
    places, firsts = np.unique(np.asarray(table.entities, np.int64)[rows], return_index=True)
    for place, first, end in zip(places.tolist(), firsts.tolist(), [*firsts[1:].tolist(), len(rows)], strict=False):
        context = scorer.entities.get(table.names[place])
        if context is not None:
            yield slice(first, end), context.ring


def _contents(ring: EntityRing) -> tuple[np.ndarray, np.ndarray]:
    """Times float64 (n,) and codes int16 (n,) of all events held that have a time."""
    codes, times = ring.codes(), ring.times()  # all, as the latest time may be wrong
    has_time = ~np.isnan(times)
    return times[has_time], codes[has_time]


def _span(times: np.ndarray) -> tuple[float, float]:
    """First and last of the times but for outliers: beyond the quartiles by more than 1.5 times what is between them.

    Of two times, the later one counts as one. Source: Tukey 1977, "Exploratory Data Analysis".
    """
    low, high = np.quantile(times, [0.25, 0.75], method="lower")
    reach = 1.5 * (high - low)
    usual = times[(times >= low - reach) & (times <= high + reach)]
    return float(usual.min()), float(usual.max())
