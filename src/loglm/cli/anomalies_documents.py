"""What `loglm anomalies` found as one JSON document, as OCSF lines and as an HTML page."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.detector import Anomalies
    from loglm.anomaly.findings import AnomalyFinding
    from loglm.events.problems import Problems
    from loglm.findings import RunSummary

__all__ = ["document", "print_lines", "summary_of", "write_html"]


def document(
    found: Anomalies, shown: Sequence[AnomalyFinding], suspicious: Sequence[AnomalyFinding], problems: Problems
) -> dict[str, Any]:
    """One JSON document."""
    from dataclasses import asdict

    return {
        "findings": [_finding_json(one) for one in shown],
        "found": len(found.reports),
        "go_on": len(found.continued),
        "threshold": found.threshold.bits,
        "alerts_allowed": found.threshold.allowed,
        "alerts_expected": found.threshold.expected,
        "keeps_budget": found.threshold.keeps_budget,
        "drift": {"is_drift": found.drift.is_drift, **asdict(found.drift)},
        "in_baseline": [_in_baseline(found, place, one) for place, one in enumerate(suspicious)],
        "found_in_baseline": found.in_baseline,
        "baseline_events": found.baseline_events,
        "baseline_events_left_out": found.left_out,
        "baseline_events_without_time": found.scorer.baseline.without_time,
        "scored_events": found.scored_events,
        "older_than_state": found.before.older,
        "scored_before": found.before.is_same,
        "passed_over": [{"path": path, "lines": one.lines, "events": one.events} for path, one in found.passed.items()],
        "entities": found.entities,
        "by": found.scorer.view,
        "entity_kinds": dict(found.kinds),
        "oddities": dict(found.oddities),
        "hidden_by_exclusion": dict(found.hidden),
        "problems": dict(problems.rejected + problems.notes),
        "seconds": round(found.seconds, 3),
    }


def _in_baseline(found: Anomalies, place: int, one: AnomalyFinding) -> dict[str, Any]:
    """One of ``found.suspicious``, with what ``--leave-out`` takes so that nothing of its time is learned."""
    stretch = found.to_leave_out(found.suspicious[place])
    return {**_finding_json(one), "leave_out": None if stretch is None else str(stretch)}


def _finding_json(one: AnomalyFinding) -> dict[str, Any]:
    from loglm.reports.times import iso_utc

    finding = one.finding
    return {
        "finding_id": finding.finding_id,
        "title": finding.technique_name,
        **_measures(one),
        "score": round(finding.score, 4),
        "level": finding.level.name.lower(),
        "entity_kind": finding.entity_kind,
        "entity": finding.entity,
        "log_source": finding.log_source,
        "start": iso_utc(finding.start) or None,
        "end": iso_utc(finding.end) or None,
        "events": finding.events,
        "evidence": [
            {
                "path": item.location.path,
                "record": item.location.record,
                "timestamp": iso_utc(item.timestamp) or None,
                "weight": round(item.weight, 4),
                "new_values": list(item.highlights),
                "raw": item.raw,
            }
            for item in finding.evidence
        ],
    }


def _measures(one: AnomalyFinding) -> dict[str, Any]:
    """What a `Finding` has no place for."""
    from loglm.anomaly.reasons import rounded_parts

    return {
        "reason": one.reason,
        "bits": round(one.bits, 2),
        "surprise": rounded_parts(one.surprise, 2),
        "gap_s": one.gap_s,
        "expected": [{"text": text, "probability": round(share, 4)} for text, share in one.expected],
        "repeats": one.repeats,
        "other_entities": [list(entity) for entity in one.others],
        "goes_on": one.is_update,
    }


def print_lines(shown: Iterable[AnomalyFinding], summary: RunSummary) -> None:
    """One OCSF Detection Finding a line, with its measures in ``unmapped.anomaly``."""
    from loglm.reports.jsonfile import json_text
    from loglm.reports.ocsf import to_ocsf

    for one in shown:
        event = to_ocsf(one.finding, summary, is_update=one.is_update)
        event["unmapped"]["anomaly"] = _measures(one)
        sys.stdout.write(json_text(event) + "\n")
    sys.stdout.flush()


def write_html(shown: Sequence[AnomalyFinding], summary: RunSummary, target: Path) -> None:
    """A self-contained page."""
    from loglm import reports

    reports.write_html(
        [one.finding for one in shown],
        summary,
        target,
        title="LogLM anomalies",
        scores="share of the baseline that is less unusual",
    )


def summary_of(found: Anomalies, problems: Problems) -> RunSummary:
    """The facts about a run."""
    from loglm import __version__
    from loglm.findings import RunSummary

    return RunSummary(
        files=len(found.table.files),
        events_read=len(found.table),
        events_scored=found.scored_events,
        events_rejected=problems.total_rejected,
        entities=found.entities,
        windows=found.scored_events,
        findings=len(found.reports) + len(found.continued),
        seconds=found.seconds,
        finished=time.time(),
        model_name="baseline",
        model_version=f"of {plural(found.baseline_events, 'event')}",
        loglm_version=__version__,
        hidden_by_exclusion=dict(found.hidden),
        rejected_by_kind=dict(problems.rejected),
        notes_by_kind=dict(problems.notes),
        problem_examples=dict(problems.examples),
    )
