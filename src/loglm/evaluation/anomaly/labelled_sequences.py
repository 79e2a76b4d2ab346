"""Labelled data sets: sequences of events with labels, and the part of each that is learned from or measured on.

Lines are rendered in the masked view, and their numbers become one placeholder, so that a text is a template: no
parser is fitted, and a line of the test part gets its template without any other line. The lines come without their
columns of time, label and severity.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = [
    "LEARN",
    "TEST",
    "TUNE",
    "LabelledSequences",
    "RawSequence",
    "build_set",
    "parts_by_class",
    "parts_in_order",
    "sample_evenly",
    "template_text",
]

LEARN, TUNE, TEST = 0, 1, 2
"""Parts: to learn from, to set thresholds by, to measure on."""
_SHARES = (0.6, 0.8)
_NUMBER = re.compile(r"-?(?:<n\d+>|\d+)+")
_ANY_NUMBER = "<n4>"
"""A placeholder that the tokenizer of the shipped encoder knows."""


@dataclass(slots=True)
class RawSequence:
    """One sequence as a reader finds it."""

    is_anomaly: bool
    entity: str = ""
    lines: list[str] = field(default_factory=list)
    """Without time, label and severity."""
    times: list[float] = field(default_factory=list)
    """Seconds since 1970, one a line; none where the log has no time."""


@dataclass(frozen=True, slots=True)
class LabelledSequences:
    """A data set."""

    name: str
    sequences: EventSequences
    is_anomaly: np.ndarray
    """bool (n,)"""
    part: np.ndarray
    """int8 (n,): `LEARN`, `TUNE` or `TEST`."""

    def of(self, part: int) -> np.ndarray:
        """Places of the sequences of a part, int64."""
        return np.flatnonzero(self.part == part)


def build_set(
    name: str, raw: Sequence[RawSequence], part: np.ndarray, *, text_of: Callable[[str], str] | None = None
) -> LabelledSequences:
    """Number the texts of the lines; ``text_of`` makes a text of a line, `template_text` where it is None."""
    make_text = text_of or template_text
    of_line: dict[str, int] = {}
    numbers: dict[str, int] = {}

    def number(line: str) -> int:
        found = of_line.get(line)
        if found is None:
            found = of_line[line] = numbers.setdefault(make_text(line), len(numbers))
        return found

    rows = [np.fromiter(map(number, sequence.lines), np.int32, len(sequence.lines)) for sequence in raw]
    times = [np.asarray(sequence.times, np.float64) for sequence in raw] if raw and raw[0].times else None
    sequences = EventSequences(tuple(numbers), rows, times, [sequence.entity for sequence in raw])
    return LabelledSequences(name, sequences, np.asarray([s.is_anomaly for s in raw], bool), part.astype(np.int8))


def template_text(line: str) -> str:
    """The rendered, masked line with every number as the same placeholder.

    >>> template_text("PacketResponder 1 for block blk_-1608999687919862906 terminating").partition("\\n")[2]
    'PacketResponder <n4> for block blk_<n4> terminating'
    """
    return _NUMBER.sub(_ANY_NUMBER, render(parse_line(line)))


def parts_in_order(number: int) -> np.ndarray:
    """The first 60 % of so many to learn from, the next 20 % to set thresholds by, the rest to measure on."""
    return np.searchsorted(np.asarray(_SHARES) * number, np.arange(number), side="right").astype(np.int8)


def parts_by_class(is_anomaly: np.ndarray, groups: Iterable[str] | None = None) -> np.ndarray:
    """The same shares of normal and of anomalous ones, each in the order given.

    ``groups``: what belongs together and is never split; shares are then of groups, in order of first appearance.
    """
    part = np.zeros(len(is_anomaly), np.int8)
    names = np.asarray(list(groups) if groups is not None else [str(i) for i in range(len(part))])
    for value in (False, True):
        chosen = np.flatnonzero(is_anomaly == value)
        order = {name: i for i, name in enumerate(dict.fromkeys(names[chosen].tolist()))}
        places = np.asarray([order[name] for name in names[chosen].tolist()], np.int64)
        part[chosen] = parts_in_order(len(order))[places]
    return part


def sample_evenly(data: LabelledSequences, most: int, *, events: int) -> LabelledSequences:
    """At most so many sequences, evenly over parts and classes, and of each its first ``events`` events."""
    share = min(1.0, most / max(1, len(data.sequences)))
    kept: list[int] = []
    for part in (LEARN, TUNE, TEST):
        for value in (False, True):
            own = np.flatnonzero((data.part == part) & (data.is_anomaly == value))
            least = min(len(own), max(int(len(own) * share), 10))
            kept += own[np.unique(np.linspace(0, len(own) - 1, least).astype(int))].tolist() if len(own) else []
    chosen = np.asarray(sorted(kept), np.int64)
    some = data.sequences.take(chosen)
    times = None if some.times is None else [own[:events] for own in some.times]
    some = replace(some, rows=[row[:events] for row in some.rows], times=times)
    return replace(data, sequences=some, is_anomaly=data.is_anomaly[chosen], part=data.part[chosen])
