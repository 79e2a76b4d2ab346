"""Ids of findings, made of what was found and not of where the logs lie."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from loglm.findings import Evidence, Finding

__all__ = ["with_ids"]

_ID_CHARS = 20


def with_ids(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, each with its id: 20 hexadecimal digits of a hash.

    The hash is over technique, entity, log source, and the raw text of the strongest event (its first 4,096 characters,
    which hold its time as written). Paths and record numbers do not enter it: the same log gives the same ids from
    another folder, in an archive or on standard input. (An event without host, user and address has its file as
    entity; there the file's name counts.) Nor do times and numbers of events: a log without years gives the same ids
    next year, and a log that has grown keeps those of findings whose strongest event is still the same.

    Findings that are alike in all of this, as from two copies of a log, are told apart by their number in the order
    given, so that no two of a run share an id.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    named = []
    for finding in findings:
        content = _content(finding)
        parts = (*content, str(seen[content])) if seen[content] else content
        seen[content] += 1
        named.append(replace(finding, finding_id=_digest(parts)))
    return named


def _content(finding: Finding) -> tuple[str, ...]:
    best = max(finding.evidence, key=_strength, default=None)
    return (
        finding.technique_id,
        finding.entity_kind,
        finding.entity,
        *sorted(finding.log_source.split(", ")),
        best.raw if best else "",
    )


def _strength(item: Evidence) -> tuple[float, str]:
    """The order of evidence; its text decides between equals, whose order is that of the files."""
    return item.weight + len(item.rules), item.raw


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:_ID_CHARS]
