"""What a kept state of `loglm anomalies` holds, told without loading it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low
from typing import Any

from loglm.anomaly.kept_state import StateFolder, state_folder
from loglm.anomaly.kept_values import recent_times
from loglm.artifacts.folder import CURRENT, VERSIONS
from loglm.context.state import stored_scorer
from loglm.errors import InputError

__all__ = ["StateFacts", "state_facts"]


@dataclass(frozen=True, slots=True)
class StateFacts:
    """What was learned, what is remembered, and what was told."""

    path: str
    version: str
    """Number of the folder's current version."""
    saved: float
    """When, POSIX seconds."""
    loglm_version: str
    """That made it."""
    size_bytes: int
    """Of the folder on the disk, with the version before."""
    view: str
    """Whose behaviour events are taken for, `loglm.anomaly.table.View`."""
    encoder: str | None
    """The sha256 of the context encoder; None for none."""
    budget: float | None
    """Alerts per 1,000 entities and day; None where a state of before does not say."""
    threshold: float
    """In bits."""
    alerts_allowed: float
    alerts_expected: float
    """In a time as long as the baseline."""
    baselines: int
    """That are counted in it: more than one after ``--merge``."""
    baseline_events: int
    left_out: int
    """Further events of the baseline, that were to be left out."""
    start: float | None
    """Of the baseline, POSIX seconds; None where it has no times, or a state of before does not say."""
    end: float | None
    in_baseline: int
    """Stretches of the baseline above the threshold when it was learned."""
    entities: int
    """Remembered."""
    most_entities: int
    """At most."""
    scored_events: int
    """Since the baseline."""
    clock: float | None
    """Median time of the last 31 events scored, POSIX seconds."""
    waiting: int
    """Events of a stream that wait for their turn."""
    findings: int
    """Of the last day, which repeats are counted for."""
    not_told: int
    """Findings that the next run tells: of these, and of more than can be remembered for repeats."""


def state_facts(path: Path) -> StateFacts:
    """What the state in a folder holds; its checksums are compared.

    Raises:
        InputError: There is no state.
        ModelError: It is damaged, or cannot be read by this version.
    """
    is_one = (path / CURRENT).is_file() or (path / VERSIONS).is_dir()
    if not is_one:
        reason = "holds no state" if path.is_dir() else "is a file" if path.exists() else "there is no such folder"
        raise InputError(f"{path}: {reason}; give a folder that `loglm anomalies --state` keeps a state in")
    with state_folder(path, read_only=True) as folder:
        if not folder.holds_state:
            raise InputError(f"{path}: holds no state; give a folder that `loglm anomalies --state` keeps a state in")
        return _facts(str(path), folder)


def _facts(path: str, kept: StateFolder) -> StateFacts:
    with kept.reading() as (folder, manifest, values):
        stored, encoder = stored_scorer(folder), manifest.get("encoder")
        bits, allowed, expected = map(float, values["threshold"])
        start, end = _span(values.get("parts", ()))
        times = [float(time) for time in recent_times(values) if time is not None]
        return StateFacts(
            path=path,
            version=folder.name,
            saved=kept.saved_at() or 0.0,
            loglm_version=str(manifest.get("loglm_version")),
            size_bytes=sum(file.stat().st_size for file in kept.root.rglob("*") if file.is_file()),
            view=str(values["view"]),
            encoder=None if encoder is None else str(encoder),
            budget=values.get("budget"),
            threshold=bits,
            alerts_allowed=allowed,
            alerts_expected=expected,
            baselines=max(1, len(values.get("learned", ()))),
            baseline_events=int(values["events"]),
            left_out=int(values.get("left_out", 0)),
            start=start,
            end=end,
            in_baseline=int(values["in_baseline"]),
            entities=stored.entities,
            most_entities=stored.most_entities,
            scored_events=stored.scored,
            clock=median_low(times) if times else None,
            waiting=len(values["held"]["events"]),
            **_told(values["reports"]),
        )


def _told(reports: Mapping[str, Any]) -> dict[str, int]:
    forgotten = reports.get("forgotten", ())  # a state of before has none
    return {"findings": len(reports["living"]), "not_told": len(reports["touched"]) + len(forgotten)}


def _span(parts: list[list[Any]]) -> tuple[float | None, float | None]:
    """Times of the baseline's first and last event, of what is kept of its parts."""
    first = [float(part[3]) for part in parts if len(part) > 3 and part[3] is not None]
    last = [float(part[4]) for part in parts if len(part) > 4 and part[4] is not None]
    return min(first, default=None), max(last, default=None)
