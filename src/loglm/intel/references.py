"""Findings with the texts that match them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from loglm.findings import Finding, Reference
from loglm.intel.querying import IntelIndex, Match
from loglm.intel.questions import about_finding

__all__ = ["with_references"]

_TEXT_CHARS = 600


def with_references(findings: Iterable[Finding], index: IntelIndex, *, limit: int = 3) -> Iterator[Finding]:
    """The findings, each with the passages of an index that match its techniques and evidence best.

    Args:
        findings: Given on in their order.
        index: Where to look.
        limit: References of each at most.
    """
    for finding in findings:
        question = about_finding(finding)
        matches = index.passages(question, limit=limit) if index.can_answer(question) else []
        yield replace(finding, references=tuple(map(_reference, matches)))


def _reference(match: Match) -> Reference:
    passage = match.passage
    text = passage.text if len(passage.text) <= _TEXT_CHARS else f"{passage.text[: _TEXT_CHARS - 1]}…"
    return Reference(passage.title, passage.path, passage.place, text, match.score, passage.techniques)
