"""Events unlike the others, with reasons, and what is ordinary, by template: without labels and without training."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loglm.analysis.columns import Column, read_columns
from loglm.analysis.embedding import embed_all
from loglm.analysis.ordinary import MOST_RAW_CHARS, Cluster, Ordinary
from loglm.analysis.outlier_scores import Method, event_features, isolation_scores
from loglm.analysis.reasons import RareValues, Reason
from loglm.errors import EmptyInputError, InputError
from loglm.events.bounded_sample import BoundedSample, sample_key
from loglm.events.progress import Progress, silent
from loglm.events.rendering import render
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.errors import SourceLocation
    from loglm.events.event import LogEvent
    from loglm.runtime.encoder import LogEncoder

__all__ = ["MOST_EVENTS", "Outlier", "Patterns", "find_patterns"]

MOST_EVENTS = 50_000
"""Events that are looked at; beyond that a random sample of them is."""

_MOST_CHARS = 1 << 26
_FEWEST = 8
"""Events; fewer say nothing about what is usual."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """An event unlike the others; of several that are equal in all that is compared, the first."""

    rank: int
    score: float
    """In 0..1; higher is more unlike the others. It orders the events of one run and means nothing by itself."""
    events: int
    """Equal ones, this one included."""
    raw: str
    """The record as it stands in the source, cut at 4,096 characters. Untrusted."""
    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""
    reasons: Sequence[Reason]
    """Rarest first, at most three; none where no single value is rare."""
    nearest: str
    """Template of the cluster of ordinary events that is nearest; empty where there is none."""
    similarity: float
    """Cosine to it; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """What is unusual in logs, and what is usual."""

    outliers: Sequence[Outlier]
    """Most unlike first; none where all events are equal in what is compared."""
    clusters: Sequence[Cluster]
    """Of all other events, largest first."""
    columns: Sequence[Column]
    events: int
    """Read."""
    looked_at: int
    """Fewer than were read where those were too many: a random sample."""


def find_patterns(
    events: Iterable[LogEvent],
    encoder: LogEncoder,
    *,
    k: int = 10,
    method: Method = "hybrid",
    seed: int = 0,
    most_events: int = MOST_EVENTS,
    progress: Progress = silent,
) -> Patterns:
    """Find the events most unlike the others, say why, and group the rest by template.

    Args:
        events: Read once, to their end; ``most_events`` and 64 Mi characters of them are held.
        encoder: Gives the vectors.
        k: Outliers at most.
        method: What events are compared by, see `loglm.analysis.outlier_scores.event_features`.
        seed: Fixes the forest, and the sample where one is taken.
        most_events: Beyond so many a random sample is looked at.
        progress: Is told how far the work is.

    Raises:
        InputError: ``k`` is not positive, or there are fewer than eight events.
        EmptyInputError: No event was read.
    """
    if k < 1:
        raise InputError(f"the number of outliers is {k}; expected 1 or more")
    read, table = _sample(events, seed, most_events)

    def embed(texts: Sequence[str]) -> np.ndarray:
        return embed_all(encoder, texts, progress)

    columns = read_columns(table)
    features = event_features(table, columns, embed, method)
    scores = isolation_scores(features, seed=seed)
    groups = _most_unlike(features, scores, k)
    texts = [render(event) for event in table]
    vectors = embed(texts)
    outlying = {row for group in groups for row in group}
    rest = [row for row in range(len(table)) if row not in outlying]
    ordinary = Ordinary([table[row] for row in rest], [texts[row] for row in rest], vectors[rest])
    rare = RareValues(columns)
    outliers = []
    for rank, group in enumerate(groups, 1):
        row = group[0]
        event = table[row]
        nearest, similarity = ordinary.nearest(vectors[row])
        raw = event.raw[:MOST_RAW_CHARS]
        about = (float(scores[row]), len(group), raw, event.location, event.timestamp)
        outliers.append(Outlier(rank, *about, rare.of(row), nearest, similarity))
    return Patterns(outliers, ordinary.clusters, columns, read, len(table))


def _sample(events: Iterable[LogEvent], seed: int, most: int) -> tuple[int, list[LogEvent]]:
    """Events read, and those to look at, in order."""
    sample: BoundedSample[tuple[int, LogEvent]] = BoundedSample(most_items=most, most_chars=_MOST_CHARS)
    read = 0
    for read, event in enumerate(events, 1):
        sample.add(sample_key(str(read), seed), (read, event), len(event.raw))
    if not read:
        raise EmptyInputError("no event was read; expected at least eight to compare")
    if read < _FEWEST:
        raise InputError(
            f"only {plural(read, 'event')}; what is unusual shows among {_FEWEST} or more, so give more of the log"
        )
    return read, [event for _, event in sorted(sample, key=lambda kept: kept[0])]


def _most_unlike(features: np.ndarray, scores: np.ndarray, k: int) -> list[list[int]]:
    """Rows of equal features together, in order; the ``k`` groups of the highest scores, none where all are equal."""
    groups: dict[bytes, list[int]] = {}
    for row in np.argsort(-scores, kind="stable").tolist():
        key = features[row].tobytes()
        if key in groups or len(groups) < k:
            groups.setdefault(key, []).append(row)
    found = list(groups.values())
    return [] if len(found[0]) == len(features) else found
