"""Findings as CSV, one row each, safe to open in a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Iterable

from loglm.findings import Finding
from loglm.reports.output import Target, open_report
from loglm.reports.sanitize import excerpt, one_line
from loglm.reports.times import iso_utc

__all__ = ["COLUMNS", "safe_cell", "write_csv"]

COLUMNS = (
    "finding_id",
    "level",
    "score",
    "technique_id",
    "technique",
    "tactics",
    "entity_kind",
    "entity",
    "log_source",
    "start",
    "end",
    "windows",
    "events",
    "raised_by",
    "rules",
    "evidence_place",
    "evidence_time",
    "evidence_weight",
    "evidence",
    "references",
)
"""The header. Times are ISO 8601 in UTC; lists are separated by ``; ``; the evidence is the strongest event."""

_EVIDENCE_CHARS = 1000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def write_csv(findings: Iterable[Finding], target: Target) -> int:
    """Write a header and one row a finding, in the order given; comma-separated UTF-8.

    Cells that a spreadsheet would take for a formula begin with an apostrophe (OWASP, CSV Injection).

    Returns:
        The number of findings written.

    Raises:
        InputError: The file cannot be written.
    """
    count = 0
    with open_report(target) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for finding in findings:
            writer.writerow([safe_cell(value) for value in _row(finding)])
            count += 1
    return count


def safe_cell(value: str) -> str:
    """The text on one line, without control characters, never read as a formula by a spreadsheet."""
    text = one_line(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _row(finding: Finding) -> list[str]:
    best = finding.evidence[0] if finding.evidence else None
    return [
        finding.finding_id,
        finding.level.name.lower(),
        f"{finding.score:.4f}",
        finding.technique_id,
        finding.technique_name,
        "; ".join(finding.tactics),
        finding.entity_kind,
        finding.entity,
        finding.log_source,
        iso_utc(finding.start),
        iso_utc(finding.end),
        str(finding.windows),
        str(finding.events),
        "; ".join(finding.sources),
        "; ".join(rule.title for rule in finding.rules),
        str(best.location) if best else "",
        iso_utc(best.timestamp) if best else "",
        f"{best.weight:.3f}" if best else "",
        excerpt(one_line(best.raw), _EVIDENCE_CHARS, best.highlights) if best else "",
        "; ".join(f"{text.title} ({text.path}, {text.place})" for text in finding.references),
    ]
