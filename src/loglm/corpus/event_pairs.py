"""Pairs of texts that belong together, drawn from logs, for the contrastive stage (`loglm.training.pairs`).

``exact-view``: an event in the masked view and in the exact one. ``entity``: an event and the next different one of the
same entity, in the order of the logs. A corpus folder holds neither: its texts are masked, and lie in the order of
their hashes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from loglm.errors import EmptyInputError
from loglm.events.bounded_sample import BoundedSample, sample_key
from loglm.events.entities import primary_entity
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.events.reading import read_events
from loglm.events.rendering import render

__all__ = ["EventPair", "PairKind", "draw_event_pairs"]

PairKind = Literal["exact-view", "entity"]

_MOST_CHARS = 256 * 1024 * 1024
_MOST_ENTITIES = 50_000
"""Entities whose last text is kept; of more, those longest not heard of are forgotten."""


@dataclass(frozen=True, slots=True)
class EventPair:
    """Two rendered texts."""

    first: str
    second: str
    group: str
    """Pairs of one group are not told apart in training."""

    def to_json(self) -> str:
        """The line that `loglm.training.pairs` reads."""
        line = {"first": self.first, "second": self.second, "group": self.group, "rendered": True}
        return orjson.dumps(line).decode()


def draw_event_pairs(
    paths: Sequence[str],
    kind: PairKind,
    *,
    most: int = 100_000,
    seed: int = 0,
    problems: Problems | None = None,
    progress: Progress = silent,
) -> list[EventPair]:
    """A random sample of the pairs in logs, each first text once.

    Args:
        paths: Log files, folders, patterns or archives.
        kind: What belongs together.
        most: Pairs at most.
        seed: Fixes the draw.
        problems: Told what cannot be read.
        progress: Tells how many events were read.

    Raises:
        InputError: A path does not exist.
        EmptyInputError: No pair was found; says what was looked for.
    """
    events = progress(read_events(paths, problems=problems), "events")
    pairs = _of_views(events) if kind == "exact-view" else _of_entities(events)
    sample: BoundedSample[EventPair] = BoundedSample(most_items=most, most_chars=_MOST_CHARS)
    for pair in pairs:
        key = sample_key(pair.first, seed)
        if sample.takes(key) and sample.get(key) is None:
            sample.add(key, pair, len(pair.first) + len(pair.second))
    if not len(sample):
        needed = "two different events of one entity" if kind == "entity" else "an event whose two views differ"
        raise EmptyInputError(f"no pair in {', '.join(paths[:3])}: needs {needed}")
    return list(sample)


def _of_views(events: Iterable[LogEvent]) -> Iterator[EventPair]:
    for event in events:
        masked, exact = render(event), render(event, "exact")
        if masked != exact:
            yield EventPair(masked, exact, masked)


def _of_entities(events: Iterable[LogEvent]) -> Iterator[EventPair]:
    """Grouped by the second text, since what often follows is the same after many events."""
    last: OrderedDict[tuple[str, str], str] = OrderedDict()
    for event in events:
        entity, text = primary_entity(event), render(event)
        before = last.pop(entity, None)
        last[entity] = text
        if len(last) > _MOST_ENTITIES:
            last.popitem(last=False)
        if before is not None and before != text:
            yield EventPair(before, text, text)
