"""The summary of a run as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from loglm.findings import RunSummary
from loglm.reports.jsonfile import json_text
from loglm.reports.output import Target, open_report
from loglm.reports.times import iso_utc

__all__ = ["summary_json", "write_summary"]


def write_summary(summary: RunSummary, target: Target) -> None:
    """Write `summary_json` as an indented JSON file.

    Raises:
        InputError: The file cannot be written.
    """
    with open_report(target) as stream:
        stream.write(json_text(summary_json(summary), indent=True) + "\n")


def summary_json(summary: RunSummary) -> dict[str, Any]:
    """The summary as JSON values; the keys are the field names, problems grouped by kind."""
    return {
        "files": summary.files,
        "events_read": summary.events_read,
        "events_scored": summary.events_scored,
        "events_rejected": summary.events_rejected,
        "rejected_by_kind": dict(summary.rejected_by_kind),
        "notes_by_kind": dict(summary.notes_by_kind),
        "problem_examples": {kind: list(lines) for kind, lines in summary.problem_examples.items()},
        "hidden_by_exclusion": dict(summary.hidden_by_exclusion),
        "entities": summary.entities,
        "windows": summary.windows,
        "findings": summary.findings,
        "seconds": round(summary.seconds, 3),
        "events_per_second": round(summary.events_per_second, 1),
        "cache_hit_rate": None if summary.cache_hit_rate is None else round(summary.cache_hit_rate, 4),
        "model_name": summary.model_name,
        "model_version": summary.model_version,
        "loglm_version": summary.loglm_version,
        "sigma_rules": summary.sigma_rules,
        **({} if summary.context is None else {"context": asdict(summary.context)}),
        "finished": iso_utc(summary.finished),
    }
