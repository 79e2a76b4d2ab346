"""find_anomalies(): what is usual is learned from a baseline, and what is not is told with what was expected
instead."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.anomaly.baseline import Baseline, fit_baseline
from loglm.anomaly.drift import Drift, SurpriseLevel, compare
from loglm.anomaly.grouping import Report, group_stretches
from loglm.anomaly.table import EventTable, TableReader, View, typical_texts
from loglm.anomaly.threshold import Threshold
from loglm.anomaly.unusual_stretches import UnusualStretches
from loglm.context.codebook import Codebook, TemplateCodebook
from loglm.errors import EmptyInputError, InputError, SourceLocation
from loglm.events.discovery import discover
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.events.reading import read_events

if TYPE_CHECKING:
    from loglm.context.encoder import ContextEncoder

__all__ = ["Anomalies", "AnomalyOptions", "find_anomalies", "split_rows"]


@dataclass(frozen=True, slots=True)
class AnomalyOptions:
    """How anomalies are looked for."""

    baseline_share: float = 0.5
    """Of the input, by time, that is the baseline where none is given apart, in 0..1."""
    budget: float = 100.0
    """Alerts per 1,000 entities and day that a normal day may bring."""
    threshold: float | None = None
    """Bits from which on an event is reported, in place of the one that the baseline gives."""
    view: View = "primary"
    """Whose behaviour events are taken for, see `loglm.anomaly.table.entity_of`."""

    def __post_init__(self) -> None:
        if not 0 < self.baseline_share < 1:
            raise InputError(f"the share of the baseline is {self.baseline_share}; expected more than 0, less than 1")
        if not self.budget > 0:
            raise InputError(f"the budget is {self.budget:g} alerts per 1,000 entities and day; expected more than 0")
        if self.threshold is not None and not (self.threshold >= 0 and math.isfinite(self.threshold)):
            raise InputError(f"the threshold is {self.threshold:g} bits; expected 0 or more, 20 for example")


@dataclass(frozen=True, slots=True)
class Anomalies:
    """What was found, and what it rests on."""

    reports: list[Report]
    """Most unusual first."""
    threshold: Threshold
    held_out: list[float]
    """Bits of the baseline's own later stretches, most unusual first."""
    suspicious: list[Report]
    """Within the baseline, at or above the threshold: it may hold an attack."""
    drift: Drift
    typical: dict[int, str]
    """The most frequent masked text of each code."""
    baseline_events: int
    scored_events: int
    entities: int
    oddities: Counter[str]
    """See `loglm.context.scorer.ContextScorer.counts`, and ``without_entity``."""
    table: EventTable
    seconds: float


def find_anomalies(
    paths: Sequence[str | Path],
    *,
    baseline: Sequence[str | Path] = (),
    codebook: Codebook | None = None,
    encoder: ContextEncoder | None = None,
    options: AnomalyOptions | None = None,
    problems: Problems | None = None,
    progress: Progress = silent,
) -> Anomalies:
    """Find what is unusual in logs, compared with a baseline.

    Args:
        paths: Files, folders, patterns, archives. Files of the baseline among them are noted and not scored.
        baseline: The same, of ordinary days; without any, the first share of ``paths`` by time.
        codebook: Kinds of events; templates for None.
        encoder: Says which expectation to believe when; weights fitted to the baseline for None.
        options: Budget of alerts and more.
        problems: Takes what could not be read.
        progress: Is told how far the work is.

    Raises:
        EmptyInputError: No event was read.
        InputError: A path does not exist, all of them are the baseline, or the baseline is too small.
    """
    started = time.monotonic()
    options = options or AnomalyOptions()
    codebook = codebook or TemplateCodebook()
    problems = Problems() if problems is None else problems
    table = EventTable()
    reader = TableReader(table, codebook, view=options.view)
    usual = _files(baseline, problems)
    for path in usual:
        reader.read(progress(read_events([path], problems=problems), "events of the baseline"), path)
    learned = len(table)
    for path in _other_files(paths, usual, problems):
        reader.read(progress(read_events([path], problems=problems), "events"), path)
    if len(table) == learned:
        raise EmptyInputError("no event was read that could be scored")
    learn, score = split_rows(table, learned if baseline else None, options.baseline_share)
    fitted = fit_baseline(
        table,
        learn,
        codes=codebook.codes,
        encoder=encoder,
        budget=options.budget,
        progress=lambda rows: progress(rows, "events learned"),
    )
    if options.threshold is not None:
        fitted.use_threshold(options.threshold)
    return _scored(table, fitted, progress(score.tolist(), "events scored"), len(score), started)


def _files(paths: Sequence[str | Path], problems: Problems) -> list[str]:
    if "-" in map(str, paths):
        raise InputError(
            "standard input can be read once only, and events are read again to show them; save it to a file"
        )
    return [str(path) for path in discover(paths, problems)] if paths else []


def _other_files(paths: Sequence[str | Path], usual: Sequence[str], problems: Problems) -> Iterator[str]:
    """Those that are not in the baseline: what was learned from is not unusual."""
    known = {Path(path).resolve() for path in usual}
    files = _files(paths, problems)
    others = [path for path in files if Path(path).resolve() not in known]
    if files and not others:
        raise InputError("all that is to be scored is the baseline; give other logs, or no --baseline")
    for path in sorted(set(files) - set(others)):
        problems.note("in-baseline", "is learned from and not scored", SourceLocation(path))
    yield from others


def split_rows(table: EventTable, learned: int | None, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the baseline and rows to score, both in the order of time.

    Args:
        table: All events.
        learned: The first so many rows are the baseline; for None the earliest ``share`` of all is.
        share: In 0..1.
    """
    ordered = table.in_time()
    if learned is not None:
        return ordered[ordered < learned], ordered[ordered >= learned]
    cut = int(share * len(ordered))
    return ordered[:cut], ordered[cut:]


def _scored(table: EventTable, fitted: Baseline, rows: Iterable[int], number: int, started: float) -> Anomalies:
    scorer = fitted.scorer
    scorer.options = replace(scorer.options, explain_from=fitted.threshold.bits)
    stretches, level = UnusualStretches(fitted.threshold.bits), SurpriseLevel()
    for entity, step in table.steps(rows):
        for scored in scorer.add(entity, step):
            stretches.add([scored])
            level.add(scored, scorer.environment)
    return Anomalies(
        reports=group_stretches(stretches.found),
        threshold=fitted.threshold,
        held_out=fitted.held_out,
        suspicious=group_stretches(fitted.suspicious),
        drift=compare(fitted.level, level),
        typical=typical_texts([table]),
        baseline_events=fitted.events,
        scored_events=number,
        entities=len(table.names),
        oddities=scorer.counts + Counter(without_entity=table.without_entity, clock_jumps=table.clock_jumps),
        table=table,
        seconds=time.monotonic() - started,
    )
