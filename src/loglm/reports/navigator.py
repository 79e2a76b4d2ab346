"""Findings as a layer for the ATT&CK Navigator, layer format 4.5.

Source: github.com/mitre-attack/attack-navigator, layers/spec/v4.5/layerformat.md. Scores are percent, as the
format's own examples have them; colours come from the gradient, so that a person can change it there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from loglm.attack import ATTACK_VERSION, Technique, current_id, technique
from loglm.findings import Finding, Level, RunSummary
from loglm.plurals import plural
from loglm.reports.jsonfile import json_text
from loglm.reports.output import Target, open_report
from loglm.reports.sanitize import ELLIPSIS, excerpt, one_line
from loglm.reports.times import iso_utc

__all__ = ["to_layer", "write_layer"]

_VERSIONS = {"attack": ATTACK_VERSION.split(".")[0], "navigator": "5.2.0", "layer": "4.5"}
_GRADIENT = ("#fff3d6", "#f6b26b", "#c0392b")
_LEGEND = (
    ("probability near 0", _GRADIENT[0]),
    ("probability 50 %", _GRADIENT[1]),
    ("probability near 1", _GRADIENT[2]),
)
_ENTITIES_SHOWN = 10
_ENTITY_CHARS = 60


@dataclass(slots=True)
class _Cell:
    """What is known about one technique."""

    findings: int = 0
    score: float = 0.0
    level: Level = Level.INFORMATIONAL
    events: int = 0
    entities: Counter[str] = field(default_factory=Counter)
    tactics: set[str] = field(default_factory=set)
    first: float | None = None
    last: float | None = None

    def add(self, finding: Finding) -> None:
        self.findings += 1
        self.score = max(self.score, finding.score)
        self.level = max(self.level, finding.level)
        self.events += finding.events
        self.entities[f"{finding.entity_kind} {excerpt(one_line(finding.entity), _ENTITY_CHARS)}"] += 1
        self.tactics.update(finding.tactics)
        if finding.start is not None:
            self.first = finding.start if self.first is None else min(self.first, finding.start)
        if finding.end is not None:
            self.last = finding.end if self.last is None else max(self.last, finding.end)


def write_layer(
    findings: Iterable[Finding], summary: RunSummary, target: Target, *, name: str = "LogLM findings"
) -> None:
    """Write `to_layer` as an indented JSON file that the Navigator opens.

    Raises:
        InputError: The file cannot be written.
    """
    layer = to_layer(findings, summary, name=name)
    with open_report(target) as stream:
        stream.write(json_text(layer, indent=True) + "\n")


def to_layer(findings: Iterable[Finding], summary: RunSummary, *, name: str = "LogLM findings") -> dict[str, Any]:
    """One layer: each technique with findings, scored by its likeliest one.

    A technique is marked under the tactics that its findings name; a finding of a revoked id counts for the
    id that replaced it, and ids that v18.1 does not know are listed in the layer's metadata. Where a
    sub-technique has findings, its parent is there to show it expanded.
    """
    cells: defaultdict[str, _Cell] = defaultdict(_Cell)
    unknown: Counter[str] = Counter()
    for finding in findings:
        technique_id = current_id(finding.technique_id)
        if technique_id is None:
            unknown[finding.technique_id] += 1
        else:
            cells[technique_id].add(finding)
    return {
        "name": name,
        "versions": dict(_VERSIONS),
        "domain": "enterprise-attack",
        "description": _description(summary),
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True, "expandedSubtechniques": "annotated"},
        "hideDisabled": False,
        "techniques": _entries(cells),
        "gradient": {"colors": list(_GRADIENT), "minValue": 0, "maxValue": 100},
        "legendItems": [{"label": label, "color": color} for label, color in _LEGEND],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
        "metadata": _layer_metadata(summary, unknown),
    }


def _description(summary: RunSummary) -> str:
    return (
        f"{plural(summary.findings, 'finding')} in {plural(summary.events_read, 'event')} of "
        f"{plural(summary.files, 'file')}, LogLM {summary.loglm_version}, model {summary.model_name} "
        f"{summary.model_version}. The score of a technique is the highest probability of its findings, in percent."
    )


def _layer_metadata(summary: RunSummary, unknown: Counter[str]) -> list[dict[str, str]]:
    rows = {
        "finished": iso_utc(summary.finished),
        "entities": str(summary.entities),
        "records that could not be read": str(summary.events_rejected),
    }
    if unknown:
        listed = ", ".join(f"{technique_id} ({count})" for technique_id, count in unknown.most_common(_ENTITIES_SHOWN))
        rows[f"ids unknown to ATT&CK v{ATTACK_VERSION}"] = one_line(listed)
    return [{"name": key, "value": value} for key, value in rows.items() if value]


def _entries(cells: dict[str, _Cell]) -> list[dict[str, Any]]:
    """Techniques in the order of ids, a parent before its sub-techniques."""
    entries: list[dict[str, Any]] = []
    parents = {parent for technique_id in cells if (parent := technique_id.partition(".")[0]) != technique_id}
    for technique_id in sorted(cells.keys() | parents):
        found = technique(technique_id)
        if found is None:
            continue
        entries.extend(_technique_entries(found, cells.get(technique_id), expand=technique_id in parents))
    return entries


def _technique_entries(found: Technique, cell: _Cell | None, *, expand: bool) -> list[dict[str, Any]]:
    """One entry a tactic where findings name some of the technique's, else one that holds for all."""
    entry: dict[str, Any] = {"techniqueID": found.technique_id}
    if expand:
        entry["showSubtechniques"] = True
    if cell is None:
        return [entry]
    entry |= {"score": round(cell.score * 100), "comment": _comment(cell), "metadata": _cell_metadata(cell)}
    named = [shortname for shortname in found.tactics if shortname in cell.tactics]
    if not named or len(named) == len(found.tactics):
        return [entry]
    return [{**entry, "tactic": shortname} for shortname in named]


def _comment(cell: _Cell) -> str:
    return f"{plural(cell.findings, 'finding')}, highest level {cell.level.name.lower()}: {_entity_list(cell)}"


def _entity_list(cell: _Cell) -> str:
    shown = [entity for entity, _ in cell.entities.most_common(_ENTITIES_SHOWN)]
    return ", ".join(shown) + (f", {ELLIPSIS}" if len(cell.entities) > len(shown) else "")


def _cell_metadata(cell: _Cell) -> list[dict[str, str]]:
    rows = {
        "findings": str(cell.findings),
        "highest level": cell.level.name.lower(),
        "entities": str(len(cell.entities)),
        "events": str(cell.events),
        "first seen": iso_utc(cell.first),
        "last seen": iso_utc(cell.last),
    }
    return [{"name": key, "value": value} for key, value in rows.items() if value]
