"""The order in which people read findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from loglm.findings import Finding, Level

__all__ = ["count_levels", "ranked"]


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by level, then score, highest first; equal ones by time, those without time last."""
    return sorted(findings, key=lambda f: (-f.level, -f.score, float("inf") if f.start is None else f.start))


def count_levels(findings: Iterable[Finding]) -> dict[Level, int]:
    """How many findings have each level, highest level first; levels without findings are left out."""
    counts = Counter(finding.level for finding in findings)
    return {level: counts[level] for level in sorted(counts, reverse=True)}
