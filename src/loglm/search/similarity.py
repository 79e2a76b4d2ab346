"""How alike events are: two events, or each event of one log and the nearest of another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from loglm.artifacts.database import storable
from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent
from loglm.events.rendering import render
from loglm.runtime.embed import Embed

__all__ = ["Match", "Sample", "distinct_samples", "matches", "similarities"]

_MOST_TEXTS = 50_000
_MOST_RAW_CHARS = 4_096
_ROWS_AT_ONCE = 1_024


@dataclass(slots=True)
class Sample:
    """All events of one rendered text."""

    text: str
    location: SourceLocation
    """Of the first of them."""
    raw: str
    """The first of them, at most 4,096 characters; may be written by an attacker."""
    events: int = 1
    """How many there are."""


@dataclass(frozen=True)
class Match:
    """An event of one log and the nearest of another."""

    similarity: float
    """Cosine; higher is more alike."""
    sample: Sample
    nearest: Sample


def distinct_samples(events: Iterable[LogEvent]) -> list[Sample]:
    """A sample for each rendered text, in order.

    Raises:
        InputError: There are more than 50,000.
    """
    found: dict[str, Sample] = {}
    for event in events:
        text = storable(render(event))
        if text in found:
            found[text].events += 1
        elif len(found) == _MOST_TEXTS:
            raise InputError(
                f"{event.location}: more than {_MOST_TEXTS:,} different events; index them (loglm index) and search"
            )
        else:
            found[text] = Sample(text, event.location, event.raw[:_MOST_RAW_CHARS])
    return list(found.values())


def similarities(first: list[Sample], second: list[Sample], embed: Embed) -> np.ndarray:
    """Cosines of all pairs, float32 (n, m)."""
    result: np.ndarray = _vectors(first, embed) @ _vectors(second, embed).T
    return result


def matches(first: list[Sample], second: list[Sample], embed: Embed) -> list[Match]:
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


def _vectors(samples: list[Sample], embed: Embed) -> np.ndarray:
    return embed([sample.text for sample in samples])
