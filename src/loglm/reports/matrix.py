"""Findings counted into the cells of the ATT&CK matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loglm.attack import current_id, tactics, technique
from loglm.findings import Finding, Level

__all__ = ["Cell", "Column", "fill_matrix"]


@dataclass(frozen=True, slots=True)
class Cell:
    """A technique with findings, under one tactic."""

    technique_id: str
    name: str
    count: int
    level: Level
    """The highest of its findings."""
    anchor: str | None
    """Where its most serious finding stands on the page; None where that is not shown in full."""


@dataclass(frozen=True, slots=True)
class Column:
    """A tactic; without cells where nothing was found."""

    shortname: str
    name: str
    count: int
    """Findings of this tactic."""
    cells: tuple[Cell, ...]
    """Highest level first, then most findings."""


def fill_matrix(findings: Sequence[Finding], anchors: Mapping[str, str]) -> tuple[Column, ...]:
    """The 14 columns of the matrix; findings of tactics outside it (none in v18.1) are not in any.

    Args:
        findings: Most serious first.
        anchors: Finding id to its place on the page.
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        technique_id = current_id(finding.technique_id) or finding.technique_id
        for shortname in finding.tactics:
            counts[shortname, technique_id] += 1
            first.setdefault((shortname, technique_id), finding)
    columns = []
    for tactic in tactics():
        cells = [
            _cell(technique_id, counts[shortname, technique_id], finding, anchors)
            for (shortname, technique_id), finding in first.items()
            if shortname == tactic.shortname
        ]
        cells.sort(key=lambda cell: (-cell.level, -cell.count, cell.technique_id))
        columns.append(Column(tactic.shortname, tactic.name, sum(cell.count for cell in cells), tuple(cells)))
    return tuple(columns)


def _cell(technique_id: str, count: int, most_serious: Finding, anchors: Mapping[str, str]) -> Cell:
    found = technique(technique_id)
    name = found.name if found else most_serious.technique_name
    return Cell(technique_id, name, count, most_serious.level, anchors.get(most_serious.finding_id))
