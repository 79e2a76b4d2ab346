"""The windows of an environment's own logs, as the head reads them, kept in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from loglm.context.windows import Window, WindowAssembler
from loglm.detection.head import AttackHead
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.findings import RuleHit

__all__ = ["EnvironmentWindows", "distinct_texts", "event_windows", "read_windows"]

Matcher = Callable[[LogEvent], tuple[RuleHit, ...]]

MOST_WINDOWS = 200_000
"""Windows kept; of longer logs every second, fourth, ... is, evenly over their time."""


@dataclass(slots=True)
class EnvironmentWindows:
    """Windows in the order of their time; those without time come first."""

    columns: list[np.ndarray] = field(default_factory=list)
    """Per window: int32, the head's words in it, each once."""
    channel: list[str] = field(default_factory=list)
    """``product/service``."""
    entity: list[str] = field(default_factory=list)
    """``kind:name``. Untrusted."""
    start: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """float64 (w,): POSIX seconds, NaN where no event has a time."""
    rules: list[tuple[RuleHit, ...]] = field(default_factory=list)
    places: list[frozenset[str]] = field(default_factory=list)
    """Of the events asked for, those in the window, as ``path:record``."""
    stride: int = 1
    """One window kept of so many read."""
    events: int = 0
    """Events read, in windows kept or not."""

    def __len__(self) -> int:
        return len(self.columns)

    def taken(self, index: np.ndarray) -> EnvironmentWindows:
        """Some of the windows, in this order."""
        return EnvironmentWindows(
            columns=[self.columns[i] for i in index],
            channel=[self.channel[i] for i in index],
            entity=[self.entity[i] for i in index],
            start=self.start[index],
            rules=[self.rules[i] for i in index],
            places=[self.places[i] for i in index],
            stride=self.stride,
            events=self.events,
        )

    @property
    def days(self) -> float:
        """From the first window's start to the last one's; NaN where fewer than two windows have a time.

        No more than there are days with windows, so that a clock that jumps adds a day and not years.
        """
        known = self.start[~np.isnan(self.start)]
        if len(known) < 2:
            return float("nan")
        return min(float(known.max() - known.min()) / 86_400, float(len(np.unique(known // 86_400))))


def event_windows(events: Iterable[LogEvent], match: Matcher | None = None) -> Iterator[Window]:
    """Windows as `loglm detect` forms them."""
    assembler = WindowAssembler()
    for event in events:
        yield from assembler.add(event, render(event), match(event) if match else ())
    yield from assembler.flush()


def distinct_texts(paths: Sequence[str | Path], *, most: int = 50_000) -> list[str]:
    """The first different events of logs in the masked view, in the order in which they come."""
    found: dict[str, None] = {}
    for event in read_events(paths, problems=Problems()):
        found[render(event)] = None
        if len(found) >= most:
            break
    return list(found)


def read_windows(
    paths: Sequence[str | Path],
    head: AttackHead,
    *,
    problems: Problems,
    match: Matcher | None = None,
    places: frozenset[str] = frozenset(),
    counted: Callable[[Iterable[LogEvent]], Iterable[LogEvent]] = iter,
) -> EnvironmentWindows:
    """Read logs into the sets of words that a head knows.

    Args:
        paths: Files, folders, patterns, archives.
        head: Whose words count.
        problems: Takes what cannot be read.
        match: Sigma matcher, whose hits are kept.
        places: Events, as ``path:record``, whose windows are to be told.
        counted: Shows progress.

    Raises:
        InputError: A path does not exist.
    """
    kept = EnvironmentWindows()
    start: list[float] = []
    known: dict[str, np.ndarray] = {}
    for number, window in enumerate(event_windows(counted(read_events(paths, problems=problems)), match)):
        kept.events += len(window.events)
        named = places and frozenset(str(event.location) for event in window.events) & places
        if number % kept.stride and not named:
            continue
        _add(kept, window, head, known, frozenset(named))
        start.append(float("nan") if window.start is None else window.start)
        if len(kept) >= MOST_WINDOWS:
            kept, start = _thinned(kept, start)
    kept.start = np.asarray(start, np.float64)
    return kept.taken(np.argsort(np.nan_to_num(kept.start, nan=-np.inf), kind="stable"))


def _add(
    kept: EnvironmentWindows, window: Window, head: AttackHead, known: dict[str, np.ndarray], named: frozenset[str]
) -> None:
    if len(known) > MOST_WINDOWS:
        known.clear()
    columns = []
    for event in window.events:
        found = known.get(event.text)
        if found is None:
            found = known[event.text] = head.columns(event.text)
        columns.append(found)
    kept.columns.append(np.unique(np.concatenate(columns)).astype(np.int32))
    kept.channel.append(f"{window.log_source.product}/{window.log_source.service}")
    kept.entity.append(f"{window.entity_kind}:{window.entity}")
    kept.rules.append(tuple({rule.rule_id: rule for event in window.events for rule in event.rules}.values()))
    kept.places.append(named)


def _thinned(kept: EnvironmentWindows, start: list[float]) -> tuple[EnvironmentWindows, list[float]]:
    """Every second window, and those asked for."""
    index = np.asarray([i for i, named in enumerate(kept.places) if named or i % 2 == 0])
    kept.start = np.asarray(start)
    half = kept.taken(index)
    half.stride = 2 * kept.stride
    return half, [start[i] for i in index]
