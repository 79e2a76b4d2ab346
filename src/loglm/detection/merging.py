"""From verdicts on windows to findings: what says the same of one entity at one time becomes one finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from loglm.attack.catalog import technique as catalog_technique
from loglm.context.windows import Window
from loglm.detection.beyond import beyond_sentence
from loglm.detection.finding_ids import with_ids
from loglm.detection.highlights import highlights
from loglm.detection.scorer import Verdict, WindowScorer
from loglm.detection.telling import telling_fields
from loglm.findings import UNKNOWN_TECHNIQUE, BeyondUsual, Candidate, Evidence, Finding, Level, RuleHit

__all__ = ["FindingDraft", "absorb", "drafts_of", "limit_of", "merge_drafts", "to_findings"]

_MAX_EVIDENCE = 10
_CANDIDATES = 5
_EVIDENCE_PER_WINDOW = 3


@dataclass(slots=True)
class FindingDraft:
    """A finding in the making: windows with one verdict on one entity."""

    technique_id: str
    entity_kind: str
    entity: str
    log_source: str
    path: str
    score: float
    level: Level
    start: float | None
    end: float | None
    windows: int
    events: int
    evidence: list[Evidence]
    technique: np.ndarray
    """float64 (C,): sum over windows of attack probability times technique probability."""
    rules: dict[str, RuleHit] = field(default_factory=dict)
    by_model: bool = True
    signature: int = 0
    """A hash of the strongest event's text in the masked view."""
    entities: int = 1
    """Entities that it stands for."""
    also_on: tuple[str, ...] = ()
    beyond: BeyondUsual | None = None
    """Of the entity's window of highest score, of those that have a past."""


def drafts_of(
    verdicts: Iterable[Verdict], scorer: WindowScorer, *, threshold: float | None = None
) -> list[FindingDraft]:
    """Drafts for the windows at or above their channel's threshold (or above ``threshold`` where one is given)."""
    drafts = []
    for verdict in verdicts:
        window = verdict.window
        limit = limit_of(window, scorer, threshold)
        if verdict.attack >= limit:
            drafts.append(_draft(verdict, scorer, limit, window.channel))
    return drafts


def limit_of(window: Window, scorer: WindowScorer, threshold: float | None) -> float:
    """The attack probability from which on a window is a finding: its channel's, or ``threshold`` where it is given."""
    return scorer.calibration.threshold_for(window.channel) if threshold is None else threshold


def merge_drafts(drafts: Sequence[FindingDraft], *, max_gap_s: float = 3_600.0) -> list[FindingDraft]:
    """Join drafts of one technique and entity within ``max_gap_s`` of each other (without time: in one file)."""
    merged: list[FindingDraft] = []
    open_: dict[tuple[str, str, str], FindingDraft] = {}
    for draft in sorted(drafts, key=lambda d: (d.start is None, d.start or 0.0)):
        key = (draft.technique_id, draft.entity_kind, draft.entity)
        last = open_.get(key)
        if last is not None and _adjacent(last, draft, max_gap_s):
            absorb(last, draft)
        else:
            open_[key] = draft
            merged.append(draft)
    return merged


def to_findings(drafts: Iterable[FindingDraft], labels: Sequence[str]) -> list[Finding]:
    """Findings, the most certain first."""
    findings = with_ids(_finding(draft, labels) for draft in drafts)
    return sorted(findings, key=lambda f: (-f.level, -f.score, f.start or 0.0, f.finding_id))


def _draft(verdict: Verdict, scorer: WindowScorer, limit: float, channel: str) -> FindingDraft:
    window = verdict.window
    labels = scorer.head.labels
    best = int(verdict.technique.argmax())
    named = float(verdict.technique[best]) >= scorer.calibration.name_threshold
    hits = {rule.rule_id: rule for event in window.events for rule in event.rules}
    evidence = _evidence(window, verdict, scorer, best)
    return FindingDraft(
        technique_id=labels[best] if named else "",
        entity_kind=window.entity_kind,
        entity=window.entity,
        log_source=window.log_source.label,
        path=window.path,
        score=verdict.attack,
        level=scorer.calibration.level(verdict.attack, list(hits.values()), channel=channel),
        start=window.start,
        end=window.end,
        windows=1,
        events=len(window.events),
        evidence=evidence,
        technique=verdict.attack * verdict.technique.astype(np.float64),
        rules=hits,
        by_model=verdict.model_attack >= limit,
        signature=_signature(window, evidence),
        beyond=verdict.beyond,
    )


def _evidence(window: Window, verdict: Verdict, scorer: WindowScorer, technique: int) -> list[Evidence]:
    """The events that carried most of the decision, and those that a rule matched."""
    shares = scorer.contributions(verdict, technique)
    order = sorted(range(len(window.events)), key=lambda i: (-len(window.events[i].rules), -shares[i]))
    return [
        Evidence(
            location=event.location,
            timestamp=event.timestamp,
            raw=event.raw,
            weight=float(shares[index]),
            highlights=words,
            rules=event.rules,
            action=event.action,
            fields=telling_fields(event.attributes or {}, words),
        )
        for index in order[:_EVIDENCE_PER_WINDOW]
        for event in (window.events[index],)
        for words in (highlights(event.text, scorer.head, technique),)
    ]


def _signature(window: Window, evidence: Sequence[Evidence]) -> int:
    strongest = max(evidence, key=lambda item: item.weight + len(item.rules)).location
    text = next(event.text for event in window.events if event.location == strongest)
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _adjacent(last: FindingDraft, draft: FindingDraft, max_gap_s: float) -> bool:
    if last.end is None or draft.start is None:
        return last.path == draft.path
    return draft.start - last.end <= max_gap_s


def absorb(last: FindingDraft, draft: FindingDraft) -> None:
    """Add another draft's windows to the first one."""
    if _weight(draft) > _weight(last):
        last.signature = draft.signature
    if (draft.entity_kind, draft.entity) == (last.entity_kind, last.entity):  # else it is another's past
        known = (beyond for beyond in (last.beyond, draft.beyond) if beyond is not None)
        last.beyond = max(known, key=lambda beyond: beyond.score, default=None)
    last.score = max(last.score, draft.score)
    last.level = max(last.level, draft.level)
    last.end = draft.end if last.end is None or draft.end is None else max(last.end, draft.end)
    last.windows += draft.windows
    last.events += draft.events
    last.technique = last.technique + draft.technique
    last.rules |= draft.rules
    last.by_model |= draft.by_model
    last.evidence = sorted([*last.evidence, *draft.evidence], key=lambda e: -e.weight - len(e.rules))[:_MAX_EVIDENCE]
    sources = {*last.log_source.split(", "), *draft.log_source.split(", ")}  # either may be of windows joined before
    last.log_source = ", ".join(sorted(sources))


def _weight(draft: FindingDraft) -> float:
    return max((item.weight + len(item.rules) for item in draft.evidence), default=0.0)


def _finding(draft: FindingDraft, labels: Sequence[str]) -> Finding:
    shares = draft.technique / max(float(draft.technique.sum()), 1e-12)
    order = [int(i) for i in np.argsort(-shares)[:_CANDIDATES]]
    candidates = [Candidate(labels[i], float(shares[i])) for i in order]
    candidates.sort(key=lambda c: c.technique_id != draft.technique_id)
    known = catalog_technique(draft.technique_id) if draft.technique_id else None
    evidence = tuple(sorted(draft.evidence, key=lambda e: -e.weight - len(e.rules))[:_MAX_EVIDENCE])
    return Finding(
        finding_id="",
        technique_id=draft.technique_id or UNKNOWN_TECHNIQUE,
        technique_name=known.name if known else "Unknown technique",
        tactics=tuple(known.tactics) if known else (),
        score=draft.score,
        level=draft.level,
        entity_kind=draft.entity_kind,
        entity=draft.entity,
        log_source=draft.log_source,
        start=draft.start,
        end=draft.end,
        windows=draft.windows,
        events=draft.events,
        evidence=evidence,
        candidates=tuple(candidates),
        rules=tuple(sorted(draft.rules.values(), key=lambda r: (-r.level, r.rule_id))),
        entities=draft.entities,
        also_on=draft.also_on,
        sources=tuple(name for name, on in (("model", draft.by_model), ("sigma", bool(draft.rules))) if on),
        reasons=_reasons(draft),
        beyond_usual=draft.beyond,
    )


def _reasons(draft: FindingDraft) -> tuple[str, ...]:
    if draft.beyond is None:
        return ()
    return (beyond_sentence(draft.beyond, draft.entity_kind, windows=draft.windows),)
