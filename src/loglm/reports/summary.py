"""RunSummary: what a run looked at, what it could not read and how fast it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loglm.reports.times import iso_utc

__all__ = ["RunSummary"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The facts about one run that every report states beside its findings."""

    files: int
    """Files and archive members that were opened."""
    events_read: int
    """Records that became events."""
    events_scored: int
    """Events that were in a window that the model scored."""
    events_rejected: int
    """Records that could not become events."""
    entities: int
    """Hosts, users, addresses or files whose behaviour was looked at."""
    windows: int
    """Windows that were scored."""
    findings: int
    """Findings above the threshold, those that a report leaves out for its size included."""
    seconds: float
    """Wall-clock time of the run."""
    finished: float
    """POSIX seconds, UTC: when the run ended, which is when its findings were made."""
    model_name: str
    model_version: str
    loglm_version: str
    cache_hit_rate: float | None = None
    """Share of events in 0..1 whose vector was already known; None where no cache was used."""
    sigma_rules: int | None = None
    """Sigma rules loaded; None where rules were not used."""
    rejected_by_kind: Mapping[str, int] = field(default_factory=dict)
    """``malformed-json`` -> number of records."""
    notes_by_kind: Mapping[str, int] = field(default_factory=dict)
    """Remarks on whole files by kind, as ``empty`` or ``truncated-archive``."""
    problem_examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The first few messages of each kind of rejection and note. Untrusted: they quote log text and file names."""

    @property
    def events_per_second(self) -> float:
        """Events read per second of wall-clock time; 0 where no time passed."""
        return self.events_read / self.seconds if self.seconds > 0 else 0.0

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON values; the keys are the field names, problems grouped by kind."""
        return {
            "files": self.files,
            "events_read": self.events_read,
            "events_scored": self.events_scored,
            "events_rejected": self.events_rejected,
            "rejected_by_kind": dict(self.rejected_by_kind),
            "notes_by_kind": dict(self.notes_by_kind),
            "problem_examples": {kind: list(lines) for kind, lines in self.problem_examples.items()},
            "entities": self.entities,
            "windows": self.windows,
            "findings": self.findings,
            "seconds": round(self.seconds, 3),
            "events_per_second": round(self.events_per_second, 1),
            "cache_hit_rate": None if self.cache_hit_rate is None else round(self.cache_hit_rate, 4),
            "model_name": self.model_name,
            "model_version": self.model_version,
            "loglm_version": self.loglm_version,
            "sigma_rules": self.sigma_rules,
            "finished": iso_utc(self.finished),
        }
