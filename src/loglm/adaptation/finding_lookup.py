"""Findings by their ids: the logs are read again by the models that may have raised them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from loglm.detection.engine import DetectionRunner
from loglm.detection.merging import FindingDraft, merge_drafts, to_findings
from loglm.errors import ModelError
from loglm.events.discovery import discover
from loglm.events.problems import Problems
from loglm.events.splitting import parts_of
from loglm.findings import Finding

__all__ = ["FoundFindings", "look_up_findings"]


@dataclass(slots=True)
class FoundFindings:
    """What was found."""

    by_id: dict[str, Finding] = field(default_factory=dict)
    asked: list[Path | None] = field(default_factory=list)
    """The models that read the logs; None for the shipped one."""


def look_up_findings(
    wanted: Iterable[str],
    groups: Sequence[Sequence[str | Path]],
    models: Sequence[Path | None],
    *,
    sigma: Path | None = None,
) -> FoundFindings:
    """Look for findings as `loglm detect` raises them from all together, each group, each path and each file alone.

    What is near in time becomes one finding, so that the ids of one run over two logs need not be those of two runs.
    Each model reads the logs once, in this process; those after the first only while something is not found.

    Args:
        wanted: Ids.
        groups: Paths that may have been read together.
        models: That may have raised the findings, the likeliest first; a damaged one is passed over.
        sigma: The rules they were raised with.

    Raises:
        InputError: A path does not exist.
    """
    missing, found = set(wanted), FoundFindings()
    runs, rules = _runs(groups), None if sigma is None else str(sigma)
    for model in models if missing else ():
        try:
            runner = DetectionRunner.load(None if model is None else str(model), sigma=rules)
        except ModelError:
            continue
        found.asked.append(model)
        for finding in _findings(runner, runs):
            if finding.finding_id in missing:
                missing.discard(finding.finding_id)
                found.by_id[finding.finding_id] = finding
        if not missing:
            break
    return found


def _runs(groups: Sequence[Sequence[str | Path]]) -> list[list[str]]:
    """The files of each run that may have been made, the largest first."""
    paths = [path for group in groups for path in group]
    asked = [paths, *groups, *([path] for path in paths)]
    files = [tuple(str(file) for file in discover(each, Problems())) for each in asked if each]
    alone = [(file,) for file in files[0]] if files else []
    return [list(each) for each in dict.fromkeys([*files, *alone])]


def _findings(runner: DetectionRunner, runs: Sequence[Sequence[str]]) -> Iterator[Finding]:
    """The findings of all runs; each file is read once."""
    drafts = {
        file: [d for part in parts_of(file) for d in runner.run(file, part).drafts] for run in runs for file in run
    }
    for run in runs:
        merged = merge_drafts([_copied(draft) for file in run for draft in drafts[file]])
        yield from to_findings(merged, runner.scorer.head.labels)


def _copied(draft: FindingDraft) -> FindingDraft:
    """Merging adds to the first draft's rules in place."""
    return replace(draft, rules=dict(draft.rules))
