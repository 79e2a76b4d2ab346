"""Sentences about a run that the table and the page share."""

from __future__ import annotations

from collections.abc import Mapping

from loglm.findings import Level, RunSummary
from loglm.plurals import plural
from loglm.reports.sanitize import one_line
from loglm.reports.times import duration

__all__ = [
    "compared",
    "hidden",
    "level_counts",
    "level_name",
    "looked_at",
    "model_line",
    "no_findings",
    "unread",
]


def level_name(level: Level) -> str:
    """``critical``, ``high``, ``medium``, ``low``, ``info``."""
    return "info" if level is Level.INFORMATIONAL else level.name.lower()


def level_counts(counts: Mapping[Level, int]) -> str:
    """``1 critical, 3 high``, in the order of the mapping."""
    return ", ".join(f"{count:,} {level_name(level)}" for level, count in counts.items())


def looked_at(summary: RunSummary) -> str:
    """``48,213 events of 12 files in 3.2 s (15,067 events/s)``."""
    rate = plural(round(summary.events_per_second), "event")
    speed = f" ({rate}/s)" if summary.seconds > 0 and summary.events_read else ""
    read = plural(summary.events_read, "event")
    return f"{read} of {plural(summary.files, 'file')} in {duration(summary.seconds)}{speed}"


def unread(summary: RunSummary) -> str:
    """``13 records could not be read (malformed-json 12, too-long 1)``; empty where all were read."""
    if not summary.events_rejected:
        return ""
    kinds = sorted(summary.rejected_by_kind.items(), key=lambda item: (-item[1], item[0]))
    named = ", ".join(f"{one_line(kind)} {count:,}" for kind, count in kinds)
    return f"{plural(summary.events_rejected, 'record')} could not be read" + (f" ({named})" if named else "")


def hidden(summary: RunSummary) -> str:
    """``12 windows hidden by 2 exclusions``; empty where none was."""
    counts = summary.hidden_by_exclusion
    return f"{plural(sum(counts.values()), 'window')} hidden by {plural(len(counts), 'exclusion')}" if counts else ""


def compared(summary: RunSummary) -> str:
    """``150 windows compared with their entity's past (3 raised above the threshold, 12 lowered below it)``; empty
    without context."""
    counts = summary.context
    if counts is None:
        return ""
    changes = f"{counts.raised:,} raised above the threshold, {counts.lowered:,} lowered below it"
    return f"{plural(counts.compared, 'window')} compared with their entity's past ({changes})"


def model_line(summary: RunSummary) -> str:
    """What did the looking: the model, and the number of rules where they were used."""
    rules = "" if summary.sigma_rules is None else f" and {plural(summary.sigma_rules, 'Sigma rule')}"
    return f"model {summary.model_name} {summary.model_version}{rules}"


def no_findings(summary: RunSummary) -> list[str]:
    """Sentences for a run without findings: what was looked at, and what may have kept it from seeing more."""
    if not summary.events_read:
        lines = [f"No event was read from {plural(summary.files, 'file')}, so there is nothing to say about them."]
    else:
        lines = [
            "No findings.",
            f"Looked at {looked_at(summary)}: {plural(summary.windows, 'window')} of "
            f"{plural(summary.entities, 'entity')}, with {model_line(summary)}. "
            "Nothing passed the thresholds; a lower threshold shows what comes near.",
        ]
    if summary.context is not None:
        lines.append(f"{compared(summary)}.")
    if summary.hidden_by_exclusion:
        lines.append(f"{hidden(summary)}.")
    if rejected := unread(summary):
        lines.append(f"{rejected}.")
    return lines
