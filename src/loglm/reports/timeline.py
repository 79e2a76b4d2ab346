"""Findings laid out along time, a row for each entity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loglm.findings import Finding, Level
from loglm.plurals import plural
from loglm.reports.times import clock, duration, is_usable, span

__all__ = ["Mark", "Row", "Timeline", "lay_out"]

_ROWS = 25
_MARKS = 200
_LANES = 4
_LANE_HEIGHT = 12
_SHORTEST = 0.7
"""Percent of the width that the shortest mark takes, so that it can be seen."""
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """One finding as a bar."""

    left: float
    """Percent of the width, as is ``width``."""
    width: float
    top: int
    """Pixels from the top of the row."""
    level: Level
    label: str
    anchor: str | None
    """Where the finding stands on the page; None where it is not shown in full."""


@dataclass(frozen=True, slots=True)
class Row:
    """The findings of one entity."""

    kind: str
    entity: str
    label: str
    height: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows, most serious entity first, and evenly spaced labels of the axis."""

    rows: tuple[Row, ...]
    ticks: tuple[str, ...]
    note: str
    """What is not drawn; empty where all is."""


def lay_out(findings: Sequence[Finding], anchors: Mapping[str, str]) -> Timeline | None:
    """Findings as rows of bars; None where no finding has a usable time.

    Args:
        findings: Most serious first; at most 25 entities and 200 findings of each are drawn.
        anchors: Finding id to its place on the page.
    """
    timed = [finding for finding in findings if is_usable(finding.start)]
    if not timed:
        return None
    first = min(_start(finding) for finding in timed)
    last = max(_end(finding) for finding in timed)
    length = max(last - first, 1.0)
    by_entity: defaultdict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in timed:
        by_entity[finding.entity_kind, finding.entity].append(finding)
    rows = [
        _row(kind, entity, of_entity[:_MARKS], first, length, anchors)
        for (kind, entity), of_entity in list(by_entity.items())[:_ROWS]
    ]
    ticks = tuple(_tick(first + length * step / (_TICKS - 1), length) for step in range(_TICKS))
    return Timeline(tuple(rows), ticks, _note(len(findings) - len(timed), len(by_entity) - len(rows), last - first))


def _note(untimed: int, entities_left: int, length: float) -> str:
    parts = [f"The findings span {duration(length)}."]
    if entities_left > 0:
        parts.append(f"{plural(entities_left, 'entity')} with less serious findings not drawn.")
    if untimed:
        parts.append(f"{plural(untimed, 'finding')} without a time not drawn.")
    return " ".join(parts)


def _row(
    kind: str, entity: str, findings: list[Finding], first: float, length: float, anchors: Mapping[str, str]
) -> Row:
    free = [-1.0] * _LANES
    marks = []
    for finding in sorted(findings, key=_start):
        width = max(100 * (_end(finding) - _start(finding)) / length, _SHORTEST)
        left = min(100 * (_start(finding) - first) / length, 100 - _SHORTEST)
        width = min(width, 100 - left)
        lane = next((number for number, end in enumerate(free) if end <= left), _LANES - 1)
        free[lane] = left + width
        label = f"{finding.title}, {finding.level.name.lower()}, "
        marks.append(
            Mark(
                left=left,
                width=width,
                top=2 + lane * _LANE_HEIGHT,
                level=finding.level,
                label=label + span(finding.start, finding.end),
                anchor=anchors.get(finding.finding_id),
            )
        )
    lanes = 1 + max(mark.top for mark in marks) // _LANE_HEIGHT
    extent = span(min(map(_start, findings)), max(map(_end, findings)))
    about = f"{plural(len(marks), 'finding')}, {extent}"
    return Row(kind.replace("_", " "), entity, about, lanes * _LANE_HEIGHT + 2, tuple(marks))


def _tick(moment: float, length: float) -> str:
    text = clock(moment)
    if length > 4 * 86_400:
        return text[:10]
    return text[5:16] if length > 600 else text[11:]


def _start(finding: Finding) -> float:
    return finding.start if finding.start is not None else 0.0


def _end(finding: Finding) -> float:
    start = _start(finding)
    return max(finding.end, start) if finding.end is not None and is_usable(finding.end) else start
