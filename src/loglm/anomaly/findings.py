"""Anomalies as findings: the events read once more, with what is new in them, and what was expected instead."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from loglm.anomaly.detector import Anomalies
from loglm.anomaly.grouping import Report
from loglm.anomaly.reasons import anomaly_reasons
from loglm.anomaly.table import EventTable
from loglm.anomaly.threshold import share_below
from loglm.context.scorer import Scored
from loglm.context.surprise import Surprise
from loglm.corpus.templates import text_hash
from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import leaves, render
from loglm.findings import UNKNOWN_TECHNIQUE, Evidence, Finding, Level

__all__ = ["CHANGED", "AnomalyFinding", "describe"]

CHANGED = "changed since it was read"
"""In place of an event that is no longer where it was: its file was rotated, cut or written anew."""
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
    rows = {scored.step.number for report in chosen for scored in report.stretch.events}
    events = _events(anomalies.table, rows)
    seen: set[str] = set()
    found = []
    for report in chosen:
        described = _finding(report, anomalies, events, seen)
        seen.add(described.finding.finding_id)
        found.append(described)
    return found


def _events(table: EventTable, rows: set[int]) -> dict[int, LogEvent | str]:
    """The events of rows, read again; the path where there is another one, or none, in the event's place."""
    found: dict[int, LogEvent | str] = {}
    bounds = [first for _, first in table.files[1:]] + [len(table)]
    for (path, first), end in zip(table.files, bounds, strict=True):
        wanted = {row for row in rows if first <= row < end}
        found |= dict.fromkeys(wanted, path)
        if wanted:
            events = zip(range(first, max(wanted) + 1), _read(path), strict=False)
            found |= {
                row: event for row, event in events if row in wanted and text_hash(render(event)) == table.keys[row]
            }
    return found


def _read(path: str) -> Iterator[LogEvent]:
    """The events of a file, as far as it is there."""
    try:
        yield from read_events([path])
    except InputError:
        return


def _finding(report: Report, anomalies: Anomalies, events: dict[int, LogEvent | str], seen: set[str]) -> AnomalyFinding:
    stretch = report.stretch
    worst = stretch.events[0]
    kind, entity = stretch.entity
    total = sum(one.surprise.bits for one in stretch.events)
    evidence = tuple(_evidence(one, events[one.step.number], anomalies, total) for one in stretch.events)
    known = [event for one in stretch.events if not isinstance(event := events[one.step.number], str)]
    sources = sorted({event.log_source.label for event in known})
    is_far = stretch.bits >= anomalies.threshold.bits + _FAR_BITS
    finding = Finding(
        finding_id=_finding_id((kind, entity, evidence[0].raw), seen),
        technique_id=UNKNOWN_TECHNIQUE,
        technique_name=_TITLES[worst.surprise.reason],
        tactics=(),
        score=share_below(anomalies.held_out, stretch.bits),
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
        calibrated=False,
        reasons=anomaly_reasons(worst, anomalies.typical),
    )
    return AnomalyFinding(
        finding=finding,
        reason=worst.surprise.reason,
        bits=stretch.bits,
        surprise=worst.surprise,
        gap_s=worst.gap_s,
        expected=tuple((anomalies.typical.get(one.code, ""), one.probability) for one in worst.expected),
        repeats=report.repeats,
        others=tuple(report.others),
    )


def _evidence(scored: Scored, event: LogEvent | str, anomalies: Anomalies, total: float) -> Evidence:
    weight = scored.surprise.bits / total if total else 0.0
    if isinstance(event, str):
        return Evidence(SourceLocation(event), scored.step.time, CHANGED, weight)
    news = _news(render(event), anomalies.typical.get(scored.step.code, ""))
    is_line = not event.raw.lstrip().startswith(_MARKUP) and "\n" not in event.raw
    return Evidence(
        location=event.location,
        timestamp=event.timestamp,
        raw=event.raw[:_RAW_CHARS],
        weight=weight,
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
