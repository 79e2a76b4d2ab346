"""How alike events are: two events, or each event of one log and the nearest of another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from loglm.artifacts.database import storable
from loglm.errors import InputError
from loglm.events.distinct_events import DistinctEvent, DistinctEvents
from loglm.events.event import LogEvent
from loglm.runtime.embed import Embed

__all__ = ["Match", "distinct_samples", "matches", "similarities"]

_MOST_TEXTS = 50_000
_ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class Match:
    """An event of one log and the nearest of another."""

    similarity: float
    """Cosine; higher is more alike."""
    sample: DistinctEvent
    nearest: DistinctEvent


def distinct_samples(events: Iterable[LogEvent]) -> list[DistinctEvent]:
    """The first event of each rendered text, in order.

    Raises:
        InputError: There are more than 50,000, or they have more than 256 Mi characters.
    """
    found = DistinctEvents(most=_MOST_TEXTS)
    for event in events:
        found.add(event)
        if found.is_sample:
            raise InputError(
                f"{event.location}: more than {_MOST_TEXTS:,} different events, or too long ones; index them (loglm "
                "index) and search"
            )
    return found.kept


def similarities(first: list[DistinctEvent], second: list[DistinctEvent], embed: Embed) -> np.ndarray:
    """Cosines of all pairs, float32 (n, m)."""
    result: np.ndarray = _vectors(first, embed) @ _vectors(second, embed).T
    return result


def matches(first: list[DistinctEvent], second: list[DistinctEvent], embed: Embed) -> list[Match]:
    """For each sample of the first log the nearest of the second, the least alike first."""
    rows, columns = _vectors(first, embed), _vectors(second, embed)
    found = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        scores = rows[start : start + _ROWS_AT_ONCE] @ columns.T
        best = scores.argmax(axis=1)
        found += [
            Match(float(scores[place, column]), first[start + place], second[column])
            for place, column in enumerate(best.tolist())
        ]
    return sorted(found, key=lambda match: match.similarity)


def _vectors(samples: list[DistinctEvent], embed: Embed) -> np.ndarray:
    return embed([storable(sample.text) for sample in samples])
