"""find_unusual_sequences(): sessions, processes, requests whose events as a whole are unlike those of a baseline."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.anomaly.event_grouping import EventGroup, GroupedEvents
from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.other_files import other_files
from loglm.anomaly.sequence_detector import SequenceDetector
from loglm.errors import EmptyInputError, InputError, SourceLocation
from loglm.events.discovery import discover
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.events.reading import read_events
from loglm.runtime.embed import Embed

__all__ = ["UnusualSequence", "UnusualSequences", "find_unusual_sequences"]

_SHOWN_EVENTS = 3


@dataclass(frozen=True, slots=True)
class UnusualSequence:
    """A sequence at or above the threshold. Texts, host and id are log text: untrusted."""

    finding_id: str
    """20 hexadecimal digits, of field or view, host, id and where it begins: the same for the same log on each run.

    Without times the path as given is part of it.
    """
    host: str
    """Empty for the sequence of an entity, and where the events name none."""
    value: str
    """The id that its events share."""
    start: float | None
    """POSIX seconds, UTC."""
    end: float | None
    events: int
    bits: float
    """How rare so unusual a sequence is among normal ones, by the worst view, see `SequenceDetector.score`."""
    views: dict[str, float]
    """Bits of each view; the largest says why."""
    evidence: tuple[tuple[SourceLocation, str], ...]
    """The most surprising events, as masked texts; equal ones once."""

    @property
    def reason(self) -> str:
        """The view with the most bits."""
        return max(self.views, key=self.views.__getitem__)


@dataclass(frozen=True, slots=True)
class UnusualSequences:
    """What was found."""

    found: list[UnusualSequence]
    """Most unusual first."""
    learned: int
    """Sequences learned from."""
    held_out: int
    """Of these, distinct ones by which it was learned what a bit stands for; with few it is extrapolated far."""
    scored: int
    without_id: int
    """Events that lack the field and were left out."""
    left_out: int = 0
    """Events that came after the most that are kept, see `loglm.anomaly.event_grouping.MOST_BYTES`."""


def find_unusual_sequences(
    paths: Sequence[str | Path],
    *,
    by: str,
    baseline: Sequence[str | Path] = (),
    baseline_share: float = 0.5,
    threshold: float = 10.0,
    embed: Embed | None = None,
    problems: Problems | None = None,
    progress: Progress = silent,
) -> UnusualSequences:
    """Find sequences of events that are unlike those of a baseline.

    Args:
        paths: Files, folders, patterns, archives.
        by: Field whose value the events of a sequence share, see `loglm.anomaly.event_grouping.GroupedEvents`.
        baseline: The same, of ordinary days; without any, the sequences of ``paths`` that began first.
        baseline_share: How many of them then, in 0..1.
        threshold: Bits from which on a sequence is told; 10: one of 1,000 distinct, new normal ones in one view, up to
            four of 1,000 by the worst of the four.
        embed: What turns texts into vectors, so that reworded events stay the same; None for words alone.
        problems: Takes what could not be read.
        progress: Is told how far the work is.

    Raises:
        InputError: A path does not exist, the threshold is no number, or no event has the field; says which there are.
        EmptyInputError: No event was read, or there are fewer than eight sequences to learn from.
    """
    if not math.isfinite(threshold):
        raise InputError(f"threshold {threshold}: expected a number of bits, such as 10")
    problems = Problems() if problems is None else problems
    groups = GroupedEvents(by)
    usual = [str(path) for path in discover(baseline, problems)] if baseline else []
    groups.read(progress(read_events(usual, problems=problems), "events of the baseline"))
    groups.end()
    first = len(groups.groups)
    groups.read(progress(read_events(other_files(paths, usual, problems), problems=problems), "events"))
    if not groups.groups and not groups.without_id:
        raise EmptyInputError("no event was read; expected log files, folders or archives")
    sequences = groups.sequences()
    learned, rest = (_by_start(groups.groups, part) for part in (range(first), range(first, len(sequences))))
    if not baseline:
        cut = int(baseline_share * len(rest))
        learned, rest = rest[:cut], rest[cut:]
    detector = SequenceDetector(embed=embed).fit(sequences.take(np.asarray(learned, np.int64)))
    found = _scored(detector, sequences, groups, np.asarray(rest, np.int64), threshold)
    held_out = len(next(iter(detector.tails_.values())).ordered)
    return UnusualSequences(found, len(learned), held_out, len(rest), groups.without_id, groups.left_out)


def _by_start(groups: Sequence[EventGroup], places: Iterable[int]) -> list[int]:
    """Places of groups by the time they began; those without time stay behind the one read before them."""
    latest = -math.inf
    starts = {}
    for place in places:
        start = groups[place].start
        starts[place] = latest = latest if start is None else start
    return sorted(starts, key=starts.__getitem__)


def _scored(
    detector: SequenceDetector,
    sequences: EventSequences,
    grouped: GroupedEvents,
    places: np.ndarray,
    threshold: float,
) -> list[UnusualSequence]:
    if not len(places):
        return []
    asked = sequences.take(places)
    views, scores = detector.view_scores(asked), detector.score(asked)
    order = np.argsort(-scores, kind="stable")
    chosen = order[scores[order] >= threshold]
    bits = detector.event_bits(asked.take(chosen))
    found = []
    for place, own in zip(chosen.tolist(), bits, strict=True):
        group = grouped.groups[int(places[place])]
        found.append(
            UnusualSequence(
                finding_id=_finding_id(grouped.view or grouped.by, group),
                host=group.host,
                value=group.value,
                start=group.start,
                end=group.end,
                events=len(group.texts),
                bits=float(scores[place]),
                views={name: float(values[place]) for name, values in views.items()},
                evidence=_evidence(group, own, sequences.texts),
            )
        )
    return found


def _finding_id(by: str, group: EventGroup) -> str:
    place = group.places[0]
    begin = (repr(group.start), repr(place.record), *(() if group.start is not None else (place.path,)))
    text = "\0".join(("sequence", by, group.host, group.value, *begin))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _evidence(group: EventGroup, bits: np.ndarray, texts: Sequence[str]) -> tuple[tuple[SourceLocation, str], ...]:
    shown: dict[int, int] = {}
    for place in np.argsort(-bits, kind="stable").tolist():
        shown.setdefault(group.texts[place], place)
        if len(shown) == _SHOWN_EVENTS:
            break
    return tuple((group.places[place], texts[text]) for text, place in shown.items())
