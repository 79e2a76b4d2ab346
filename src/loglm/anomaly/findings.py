"""Anomalies as findings: what is unusual, with its events, and what was expected instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from loglm.anomaly.detector import Anomalies
from loglm.anomaly.reasons import anomaly_reasons
from loglm.anomaly.reporting import Report, UnusualEvent
from loglm.anomaly.scoring import AnomalyScorer, level_of
from loglm.anomaly.showing import CHANGED, changed, show
from loglm.anomaly.table import EventTable
from loglm.context.surprise import Surprise
from loglm.corpus.templates import text_hash
from loglm.events.event import LogEvent
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.rendering import render
from loglm.events.source import WHOLE, Part
from loglm.findings import UNKNOWN_TECHNIQUE, Evidence, Finding

__all__ = ["CHANGED", "AnomalyFinding", "describe", "finding_of", "read_evidence"]

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
    """Further events that have one of its texts and are not told again."""
    others: tuple[tuple[str, str], ...]
    """Other entities that showed the same, at most 50."""
    is_update: bool = False
    """It was told before, and something was added to it."""


def describe(reports: Sequence[Report], anomalies: Anomalies, *, most: int | None = None) -> list[AnomalyFinding]:
    """The first ``most`` reports as findings; only files that hold their events are read again.

    Args:
        reports: Of ``anomalies``.
        anomalies: What was found.
        most: Reports that are described; all of them for None.
    """
    chosen = list(reports[:most])
    read_evidence(chosen, anomalies.table)
    told = {report.report_id for report in anomalies.continued}
    return [finding_of(one, anomalies.scorer, is_update=one.report_id in told) for one in chosen]


def read_evidence(reports: Iterable[Report], table: EventTable) -> None:
    """Read the events of reports again, those that were not read yet."""
    wanted = {
        event.number - table.first_number: event
        for report in reports
        for event in report.events
        if event.shown is None and event.number >= table.first_number
    }
    bounds = [first for _, first in table.files[1:]] + [len(table)]
    for (path, first), end in zip(table.files, bounds, strict=True):
        rows = {row for row in wanted if first <= row < end}
        if rows:
            _read_rows(path, first, {row: wanted[row] for row in rows}, table)


def finding_of(report: Report, scorer: AnomalyScorer, *, is_update: bool = False) -> AnomalyFinding:
    """A report whose events were read, as a finding."""
    worst = report.events[0]
    kind, entity = report.entity
    shown = [event.shown for event in report.events]
    finding = Finding(
        finding_id=report.report_id,
        technique_id=UNKNOWN_TECHNIQUE,
        technique_name=_TITLES[worst.surprise.reason],
        tactics=(),
        score=scorer.baseline.held_out.share_below(report.bits),
        level=level_of(report.bits, scorer.threshold),
        entity_kind=kind,
        entity=entity,
        log_source=", ".join(sorted({one.log_source for one in shown if one is not None and one.log_source})),
        start=report.start,
        end=report.end,
        windows=1,
        events=report.count,
        evidence=_evidence(report),
        sources=("anomaly",),
        entities=1 + len(report.others),
        also_on=tuple(value for _, value in report.others[:20]),
        calibrated=False,
        reasons=anomaly_reasons(worst),
    )
    return AnomalyFinding(
        finding=finding,
        reason=worst.surprise.reason,
        bits=report.bits,
        surprise=worst.surprise,
        gap_s=worst.gap_s,
        expected=worst.expected,
        repeats=report.repeats,
        others=tuple(report.others),
        is_update=is_update,
    )


def _evidence(report: Report) -> tuple[Evidence, ...]:
    total = sum(event.surprise.bits for event in report.events)
    return tuple(
        replace(event.shown.evidence, weight=event.surprise.bits / total if total else 0.0)
        for event in report.events
        if event.shown is not None
    )


def _read_rows(path: str, first: int, wanted: dict[int, UnusualEvent], table: EventTable) -> None:
    part = table.parts.get(path, WHOLE)
    for row, event in zip(range(first, max(wanted) + 1), _read(path, part), strict=False):
        if row in wanted and text_hash(render(event)) == table.keys[row]:
            wanted[row].shown = show(event, wanted[row].usual)
    for unusual in wanted.values():
        if unusual.shown is None:
            unusual.shown = changed(path, unusual.time)


def _read(path: str, part: Part) -> Iterator[LogEvent]:
    """The events of a part of a file, as far as it is there."""
    problems = Problems()
    for source in open_path(path, problems, part):
        yield from read_source(source, problems)
