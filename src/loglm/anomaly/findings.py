"""Anomalies as findings: the events read once more, with what is new in them, and what was expected instead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from loglm.anomaly.detector import Anomalies
from loglm.anomaly.grouping import Report
from loglm.anomaly.table import EventTable
from loglm.anomaly.threshold import share_below
from loglm.context.scorer import Scored
from loglm.context.surprise import Surprise
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import leaves, render
from loglm.findings import UNKNOWN_TECHNIQUE, Evidence, Finding, Level

__all__ = ["AnomalyFinding", "describe"]

_RAW_CHARS = 4_096
_FIELDS = 16
_NAME_CHARS, _VALUE_CHARS = 128, 512
_HIGHLIGHTS = 4
_FAR_BITS = 10.0
"""Above the threshold from which on a finding is of medium level."""
_MARKUP = ("{", "[", "<")
_WORD = re.compile(r"[^\s=,;\"'()\[\]{}<>]{3,64}")
_TITLES = {
    "rarity": "Rare kind of event",
    "order": "Unexpected after what came before",
    "content": "New content in a usual kind of event",
    "timing": "Unusual time since the event before",
}


@dataclass(frozen=True, slots=True)
class AnomalyFinding:
    """A finding with what makes it one."""

    finding: Finding
    reason: str
    """Of `loglm.context.surprise.REASONS`."""
    bits: float
    surprise: Surprise
    """Of the most unusual event."""
    gap_s: float | None
    """Seconds since the entity's event before it."""
    expected: tuple[tuple[str, float], ...]
    """The likeliest kinds of event in its place, each as its most frequent masked text, with its probability.
    Untrusted."""
    repeats: int
    """Further times that the same was seen and is not told again."""
    others: tuple[tuple[str, str], ...]
    """Other entities that showed the same, at most 50."""


def describe(reports: Sequence[Report], anomalies: Anomalies, *, most: int) -> list[AnomalyFinding]:
    """The first ``most`` reports as findings; only files that hold their events are read again.

    Args:
        reports: Of ``anomalies``.
        anomalies: What was found.
        most: Reports that are described.
    """
    chosen = list(reports[:most])
    rows = {scored.step.number for report in chosen for scored in report.incident.events}
    events = dict(_events(anomalies.table, rows))
    seen: set[str] = set()
    found = []
    for report in chosen:
        described = _finding(report, anomalies, events, seen)
        seen.add(described.finding.finding_id)
        found.append(described)
    return found


def _events(table: EventTable, rows: set[int]) -> Iterator[tuple[int, LogEvent]]:
    """The events of rows, read again."""
    bounds = [first for _, first in table.files[1:]] + [len(table)]
    for (path, first), end in zip(table.files, bounds, strict=True):
        wanted = {row - first for row in rows if first <= row < end}
        if wanted:
            events = islice(enumerate(read_events([path])), max(wanted) + 1)
            yield from ((first + number, event) for number, event in events if number in wanted)


def _finding(report: Report, anomalies: Anomalies, events: dict[int, LogEvent], seen: set[str]) -> AnomalyFinding:
    incident = report.incident
    worst = incident.events[0]
    kind, entity = incident.entity
    total = sum(one.surprise.bits for one in incident.events)
    evidence = tuple(
        _evidence(one, events[one.step.number], anomalies, total)
        for one in incident.events
        if one.step.number in events
    )
    sources = sorted({events[one.step.number].log_source.label for one in incident.events if one.step.number in events})
    is_far = incident.bits >= anomalies.threshold.bits + _FAR_BITS
    finding = Finding(
        finding_id=_finding_id((kind, entity, evidence[0].raw if evidence else ""), seen),
        technique_id=UNKNOWN_TECHNIQUE,
        technique_name=_TITLES[worst.surprise.reason],
        tactics=(),
        score=share_below(anomalies.held_out, incident.bits),
        level=Level.MEDIUM if is_far else Level.LOW,
        entity_kind=kind,
        entity=entity,
        log_source=", ".join(sources),
        start=report.start,
        end=report.end,
        windows=1 + report.repeats,
        events=report.count,
        evidence=evidence,
        sources=("anomaly",),
    )
    return AnomalyFinding(
        finding=finding,
        reason=worst.surprise.reason,
        bits=incident.bits,
        surprise=worst.surprise,
        gap_s=worst.gap_s,
        expected=tuple((anomalies.typical.get(one.code, ""), one.probability) for one in worst.expected),
        repeats=report.repeats,
        others=tuple(report.others),
    )


def _evidence(scored: Scored, event: LogEvent, anomalies: Anomalies, total: float) -> Evidence:
    news = _news(render(event), anomalies.typical.get(scored.step.code, ""))
    is_line = not event.raw.lstrip().startswith(_MARKUP) and "\n" not in event.raw
    return Evidence(
        location=event.location,
        timestamp=event.timestamp,
        raw=event.raw[:_RAW_CHARS],
        weight=scored.surprise.bits / total if total else 0.0,
        highlights=news,
        action=event.action,
        fields=() if is_line else _fields(event, news),
    )


def _news(text: str, typical: str) -> tuple[str, ...]:
    """Words of values that the most frequent text of the same kind does not have, longest first."""
    usual = set(_words(typical))
    return tuple(sorted({word for word in _words(text) if word not in usual}, key=lambda word: (-len(word), word)))[
        :_HIGHLIGHTS
    ]


def _words(text: str) -> Iterable[str]:
    for line in text.split("\n")[1:]:
        yield from _WORD.findall(line.partition("=")[2] or line)


def _fields(event: LogEvent, news: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Fields that hold something new come first."""
    names, values = leaves(event.attributes)
    pairs = [(name[:_NAME_CHARS], str(value)[:_VALUE_CHARS]) for name, value in zip(names, values, strict=True)]
    pairs = [(name, value) for name, value in pairs if value not in ("", "-", "None")]
    lowered = [word.lower() for word in news]
    pairs.sort(key=lambda pair: not any(word in pair[1].lower() for word in lowered))
    return tuple(pairs[:_FIELDS])


def _finding_id(parts: tuple[str, ...], seen: set[str]) -> str:
    """20 hexadecimal digits, the same for the same log on each run, different within a run."""
    number = 0
    while True:
        text = "\0".join(("anomaly", *parts, str(number)))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
        if digest not in seen:
            return digest
        number += 1
