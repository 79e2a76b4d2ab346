"""The most diverse events of logs under a budget, each with how many events it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loglm.analysis.embedding import embed_all
from loglm.analysis.farthest_first import farthest_first
from loglm.analysis.hidden_values import UnseenValues, hidden_values
from loglm.errors import EmptyInputError, InputError
from loglm.events.distinct_events import MOST_TEXTS, DistinctEvent, DistinctEvents
from loglm.events.progress import Progress, silent
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.errors import SourceLocation
    from loglm.events.event import LogEvent
    from loglm.runtime.encoder import LogEncoder

__all__ = ["Pick", "Subsample", "subsample"]


@dataclass(frozen=True, slots=True)
class Pick:
    """A chosen event."""

    rank: int
    """When it was chosen: 1 is the event at the centre, then each time one of the farthest from all before."""
    represents: int
    """Events that it is the nearest pick to, itself included."""
    raw: str
    """The record as it stands in the source, cut at 4,096 characters. Untrusted."""
    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""


@dataclass(frozen=True, slots=True)
class Subsample:
    """The chosen events, oldest first; in the order in which they were read where one has no time."""

    picks: Sequence[Pick]
    events: int
    """Read."""
    distinct: int
    """Distinct rendered texts among them; an estimate where not all were kept."""
    represented: int
    """Events that the picks stand for: fewer than read where not all distinct texts were kept."""
    tokens: int | None
    """Of the picks, by the model's tokenizer; None where no budget was given."""

    @property
    def is_sample(self) -> bool:
        """There were too many distinct texts, and a random sample of them was chosen from."""
        return self.represented < self.events


def subsample(
    events: Iterable[LogEvent],
    encoder: LogEncoder,
    *,
    n: int | None = None,
    tokens: int | None = None,
    seed: int = 0,
    most_texts: int = MOST_TEXTS,
    progress: Progress = silent,
) -> Subsample:
    """Choose events whose vectors are as far from each other as possible, beginning at the centre.

    Of those nearly as far as the farthest, the one with most values that no chosen one shows is taken: addresses, names
    and ids, which the rendered texts leave out. Of events with one rendered text the first counts. Memory: the vectors
    and texts of ``most_texts`` distinct events.

    Args:
        events: Read once, to their end.
        encoder: Gives the vectors.
        n: Events to choose; all distinct ones where there are fewer.
        tokens: What their raw texts may take together, counted by the encoder's tokenizer, with a count before each.
        seed: Fixes which texts are kept, where there are too many.
        most_texts: Distinct texts that are kept.
        progress: Is told how far the work is.

    Raises:
        InputError: Neither ``n`` nor ``tokens`` is given, or one is not positive, or no event fits ``tokens``.
        EmptyInputError: No event was read.
    """
    _check(n, tokens)
    found = DistinctEvents(seed=seed, most=most_texts)
    found.add_all(events)
    kept = found.kept
    if not kept:
        raise EmptyInputError("no event was read; expected at least one to choose")
    vectors = embed_all(encoder, [event.text for event in kept], progress)
    counts = np.asarray([event.count for event in kept], np.int64)
    costs = None if tokens is None else _costs(encoder, kept, found.read)
    unseen = UnseenValues([hidden_values(event.raw, event.text) for event in kept])
    cover = farthest_first(
        vectors, counts, n or len(kept), costs=costs, budget=tokens or 0, unseen=unseen, progress=progress
    )
    if costs is not None and not len(cover.picks):
        raise InputError(f"no event fits {plural(tokens or 0, 'token')}; the shortest takes {costs.min():,}")
    represents = np.bincount(cover.nearest, counts, len(cover.picks)).astype(np.int64)
    picks = [
        Pick(rank, int(number), kept[row].raw, kept[row].location, kept[row].timestamp)
        for rank, (row, number) in enumerate(zip(cover.picks, represents, strict=True), 1)
    ]
    places = {pick.rank: kept[row].order for pick, row in zip(picks, cover.picks, strict=True)}
    return Subsample(
        _in_order(picks, places),
        found.read,
        found.distinct,
        int(counts.sum()),
        None if costs is None else int(costs[cover.picks].sum()),
    )


def _check(n: int | None, tokens: int | None) -> None:
    if n is None and tokens is None:
        raise InputError("say how many events to choose, or how many tokens they may take")
    for name, number in (("number of events", n), ("number of tokens", tokens)):
        if number is not None and number < 1:
            raise InputError(f"the {name} is {number}; expected 1 or more")


def _costs(encoder: LogEncoder, kept: Sequence[DistinctEvent], events: int) -> np.ndarray:
    """Tokens of each event as it is printed: its count, which is at most the number of all, and its raw text."""
    return encoder.count_tokens([f"{events:,}  {event.raw}" for event in kept])


def _in_order(picks: Sequence[Pick], places: dict[int, int]) -> list[Pick]:
    times = {pick.rank: pick.timestamp for pick in picks if pick.timestamp is not None}
    if len(times) < len(picks):
        return sorted(picks, key=lambda pick: places[pick.rank])
    return sorted(picks, key=lambda pick: (times[pick.rank], places[pick.rank]))
