"""detect(): raw logs in, findings out; files are read in parallel processes, memory stays bounded."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from loglm.context.windows import Window, WindowAssembler
from loglm.detection.distinct import DistinctCount
from loglm.detection.merging import FindingDraft, drafts_of, limit_of, merge_drafts, to_findings
from loglm.detection.prevalence import fold_prevalent
from loglm.errors import InputError, RecordError
from loglm.events.discovery import discover
from loglm.events.opening import open_path
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.rendering import render
from loglm.events.source import WHOLE, Part
from loglm.events.splitting import parts_of
from loglm.findings import ContextCounts, Finding, RunSummary

if TYPE_CHECKING:
    from loglm.detection.beyond import WindowContext
    from loglm.detection.exclusions import Exclusions
    from loglm.detection.scorer import Verdict, WindowScorer
    from loglm.detection.sigma import SigmaRules

__all__ = ["DetectionResult", "DetectionRunner", "DetectionStats", "detect"]

_WINDOWS_PER_BATCH = 512
_REPORT_EVERY = 5_000
_SMALL_INPUT_BYTES = 8 << 20
_MAX_DRAFTS = 2_000

Progress = Callable[["DetectionStats"], None]


@dataclass(slots=True)
class DetectionStats:
    """What was read and scored."""

    files: int = 0
    """Files, and members of archives, that were read to their end."""
    bytes_read: int = 0
    """Of the inputs as they lie on disk, standard input left out."""
    bytes_total: int = 0
    files_total: int = 0
    events_read: int = 0
    events_scored: int = 0
    windows: int = 0
    entities: int = 0
    cache_hits: int = 0
    seconds: float = 0.0
    sigma_rules: int | None = None
    hidden: Counter[str] = field(default_factory=Counter)
    """Exclusion id -> windows that it hid."""
    context: ContextCounts | None = None
    """What the past of entities changed; None where it is not looked at."""

    @property
    def cache_hit_rate(self) -> float | None:
        """Share of events whose text was met before; None without events."""
        return self.cache_hits / self.events_scored if self.events_scored else None

    def add(self, other: DetectionStats) -> None:
        """Add another worker's counts."""
        self.files += other.files
        self.bytes_read += other.bytes_read
        self.events_read += other.events_read
        self.events_scored += other.events_scored
        self.windows += other.windows
        self.cache_hits += other.cache_hits
        self.hidden += other.hidden
        if other.context is not None:
            self.context = other.context


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """Findings, the most severe first, with what they rest on."""

    findings: list[Finding]
    stats: DetectionStats
    problems: Problems
    model_name: str
    model_version: str
    finished: float
    """POSIX seconds, UTC: when the run ended."""

    def summary(self) -> RunSummary:
        """What the run looked at, as the writers of `loglm.reports` take it beside the findings."""
        from loglm import __version__

        stats, problems = self.stats, self.problems
        return RunSummary(
            files=stats.files,
            events_read=stats.events_read,
            events_scored=stats.events_scored,
            events_rejected=problems.total_rejected,
            entities=stats.entities,
            windows=stats.windows,
            findings=len(self.findings),
            seconds=stats.seconds,
            finished=self.finished,
            model_name=self.model_name,
            model_version=self.model_version,
            loglm_version=__version__,
            cache_hit_rate=stats.cache_hit_rate,
            sigma_rules=stats.sigma_rules,
            hidden_by_exclusion=dict(stats.hidden),
            context=stats.context,
            rejected_by_kind=dict(problems.rejected),
            notes_by_kind=dict(problems.notes),
            problem_examples=dict(problems.examples),
        )


@dataclass(frozen=True, slots=True)
class _Job:
    """What a worker needs to know; sent once to each process."""

    model: str | None
    sigma: str | None
    threshold: float | None
    stop_on_error: bool
    exclusions: Exclusions | None = None
    context: bool = False


@dataclass(frozen=True, slots=True)
class _Task:
    """A file, or a part of one."""

    path: str
    part: Part
    size_bytes: int


@dataclass(slots=True)
class _Outcome:
    """What came of a task."""

    drafts: list[FindingDraft]
    stats: DetectionStats
    problems: Problems
    entities: DistinctCount
    merge_above: int = _MAX_DRAFTS
    """Number of drafts from which on they are merged; doubles with what cannot be, so that merging stays cheap."""


def detect(
    paths: Sequence[str | Path],
    *,
    model: Path | str | None = None,
    sigma: Path | str | None = None,
    threshold: float | None = None,
    exclusions: Exclusions | None = None,
    quiet_hours: float = 1.0,
    prevalent_share: float | None = None,
    context: bool = False,
    stop_on_error: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
) -> DetectionResult:
    """Find ATT&CK techniques in logs.

    Args:
        paths: Files, folders, globs, archives; ``-`` for standard input.
        model: Model folder; the shipped model for None.
        sigma: Folder, file or archive of Sigma rules whose hits are fused with the model's verdict.
        threshold: Attack probability in 0..1 from which a window becomes a finding, in place of the model's own.
        exclusions: What is known to be harmless; windows that it is about are hidden and counted.
        quiet_hours: What one technique and entity raise is one finding until they have been quiet for so long.
        prevalent_share: Join findings that so many of the entities (0..1, at least 3) have in common; None for none.
        context: Move a window's score by how unusual its events are beside the earlier windows of its entity
            (`loglm.context.usual`). All inputs are then one environment, and are read in one process, in the order
            given; it takes two to four and a half times as long.
        stop_on_error: Raise the first problem instead of counting it.
        workers: Processes; by default one per core, and one alone for small inputs.
        progress: Called now and then with the counts so far.

    Returns:
        Findings, most severe first, counts and problems. Events read equal events scored.

    Raises:
        InputError: A path does not exist, the threshold is no probability, ``context`` is asked for with several
            ``workers``, or (``stop_on_error``) a record cannot be read.
        ModelError: The model folder cannot be used.
    """
    _refuse_unusable(threshold, context=context, workers=workers)
    started = time.monotonic()
    problems = Problems(stop_on_error=stop_on_error)
    inputs = [str(path) for path in discover(paths, problems)]
    sizes = [_size(path) for path in inputs]
    count = 1 if context else _worker_count(inputs, sum(sizes), workers)
    model, sigma = (None if path is None else str(path) for path in (model, sigma))
    job = _Job(model, sigma, threshold, stop_on_error, exclusions, context)
    stats = DetectionStats(files_total=len(inputs), bytes_total=sum(sizes))
    runner = DetectionRunner(job)  # loads the model and compiles the rules before any process is started
    stats.sigma_rules = None if runner.rules is None else len(runner.rules)
    outcomes = _outcomes(runner, job, _tasks(inputs, sizes), count, progress and _Relay(progress, stats))
    drafts = _gathered(outcomes, stats, problems, progress)
    stats.seconds = time.monotonic() - started
    scorer = runner.scorer
    drafts = merge_drafts(drafts, max_gap_s=3_600 * quiet_hours)
    if prevalent_share is not None:
        drafts = fold_prevalent(drafts, share=prevalent_share, entities=stats.entities)
    findings = to_findings(drafts, scorer.head.labels)
    return DetectionResult(findings, stats, problems, scorer.name, scorer.version, time.time())


def _refuse_unusable(threshold: float | None, *, context: bool, workers: int | None) -> None:
    if threshold is not None and not 0 <= threshold <= 1:
        raise InputError(f"threshold: expected a probability in 0..1, got {threshold}")
    if context and (workers or 1) > 1:
        raise InputError(
            f"workers: {workers} asked for, but with context one process reads all events in order; give 1 or none"
        )


def _gathered(
    outcomes: Iterable[_Outcome], stats: DetectionStats, problems: Problems, progress: Progress | None
) -> list[FindingDraft]:
    """The drafts of all tasks; what they counted is added to ``stats`` and ``problems``."""
    drafts: list[FindingDraft] = []
    entities = DistinctCount()
    for outcome in outcomes:
        drafts += outcome.drafts
        entities.merge(outcome.entities)
        stats.add(outcome.stats)
        problems.merge(outcome.problems)
        if progress is not None:
            progress(stats)
    stats.entities = len(entities)
    return drafts


class _Relay:
    """Adds a running part's counts to the total before they are shown."""

    def __init__(self, progress: Progress, total: DetectionStats) -> None:
        self._progress, self._total = progress, total

    def __call__(self, part: DetectionStats) -> None:
        shown = DetectionStats(files_total=self._total.files_total, bytes_total=self._total.bytes_total)
        shown.add(self._total)
        shown.add(part)
        self._progress(shown)


class DetectionRunner:
    """A model and rules, ready to read files one after the other."""

    def __init__(self, job: _Job) -> None:
        from loglm.detection.scorer import WindowScorer

        self.job = job
        self.scorer: WindowScorer = WindowScorer.from_pretrained(job.model)
        self.rules: SigmaRules | None = None
        if job.sigma is not None:
            from loglm.detection.sigma import SigmaRules

            self.rules = SigmaRules.load(Path(job.sigma))
            if not len(self.rules):
                raise InputError(f"{job.sigma}: no Sigma rule here that could be used; expected .yml files of rules")
        self.context: WindowContext | None = None
        self.context_counts: ContextCounts | None = None
        if job.context:
            from loglm.detection.beyond import WindowContext

            self.context, self.context_counts = WindowContext(), ContextCounts()

    @classmethod
    def load(cls, model: str | None = None, *, sigma: str | None = None, context: bool = False) -> DetectionRunner:
        """A runner for this process; the shipped model for None."""
        return cls(_Job(model, sigma, None, False, context=context))

    def run(self, path: str, part: Part = WHOLE, progress: Progress | None = None) -> _Outcome:
        """Read one input, or a part of it, and score its windows."""
        outcome = _Outcome([], DetectionStats(), Problems(stop_on_error=self.job.stop_on_error), DistinctCount())
        hits_before = self.scorer.hits
        batch: list[Window] = []
        for window in self._windows(path, part, outcome, progress):
            batch.append(window)
            if len(batch) >= _WINDOWS_PER_BATCH:
                self._score(batch, outcome)
                batch = []
        self._score(batch, outcome)
        outcome.stats.cache_hits = self.scorer.hits - hits_before
        outcome.stats.context = self.context_counts
        outcome.drafts = merge_drafts(outcome.drafts)
        return outcome

    def _windows(self, path: str, part: Part, outcome: _Outcome, progress: Progress | None) -> Iterator[Window]:
        assembler = WindowAssembler()
        match = self.rules.match if self.rules is not None else None
        stats, surprise = outcome.stats, self.context
        for source in open_path(path, outcome.problems, part):
            stats.files += part.end is None
            for event in read_source(source, outcome.problems):
                stats.events_read += 1
                text = render(event)
                rules = match(event) if match is not None else ()
                bits = surprise.bits(event, text) if surprise is not None else 0.0
                yield from assembler.add(event, text, rules, bits)
                if progress is not None and stats.events_read % _REPORT_EVERY == 0:
                    progress(stats)
        yield from assembler.flush()

    def _score(self, windows: list[Window], outcome: _Outcome) -> None:
        verdicts = self._verdicts(windows)
        outcome.drafts += self._shown(drafts_of(verdicts, self.scorer, threshold=self.job.threshold), outcome)
        if len(outcome.drafts) > outcome.merge_above:
            outcome.drafts = merge_drafts(outcome.drafts)
            outcome.merge_above = max(_MAX_DRAFTS, 2 * len(outcome.drafts))
        outcome.stats.windows += len(windows)
        outcome.stats.events_scored += sum(len(window.events) for window in windows)
        for window in windows:
            outcome.entities.add(f"{window.entity_kind}\0{window.entity}")

    def _verdicts(self, windows: list[Window]) -> list[Verdict]:
        if self.context is None or self.context_counts is None:
            return self.scorer.score(windows)
        verdicts = self.scorer.score_in_context(windows, self.context.judge(windows))
        counts = self.context_counts
        for verdict in verdicts:
            if verdict.beyond is not None:
                limit = limit_of(verdict.window, self.scorer, self.job.threshold)
                before, after = verdict.beyond.score_without >= limit, verdict.attack >= limit
                counts.compared += 1
                counts.raised += after and not before
                counts.lowered += before and not after
        return verdicts

    def _shown(self, drafts: list[FindingDraft], outcome: _Outcome) -> Iterator[FindingDraft]:
        """Without those that an exclusion hides, which are counted."""
        for draft in drafts:
            by = self.job.exclusions.hiding(draft) if self.job.exclusions is not None else None
            if by is None:
                yield draft
            else:
                outcome.stats.hidden[by.exclusion_id] += 1


def _tasks(inputs: list[str], sizes: list[int]) -> Iterator[_Task]:
    """The parts of each input, in the order given; found while earlier ones are read."""
    for path, size in zip(inputs, sizes, strict=True):
        for part in parts_of(path):
            yield _Task(path, part, max(size if part.end is None else part.end, part.start) - part.start)


def _outcomes(
    runner: DetectionRunner, job: _Job, tasks: Iterator[_Task], count: int, progress: Progress | None
) -> Iterator[_Outcome]:
    """What came of each task, in order."""
    first = list(islice(tasks, 2))
    tasks = chain(first, tasks)
    if count == 1 or len(first) < 2:
        for task in tasks:
            yield _done(runner, task, progress)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_start_worker, initargs=(job,)) as pool:
        try:
            yield from _in_order(pool, tasks, 2 * count)
        except BrokenProcessPool as error:
            raise InputError(
                f"one of {count} processes was killed, most often because memory ran out; use fewer --workers"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, tasks: Iterable[_Task], most_waiting: int) -> Iterator[_Outcome]:
    """Outcomes in the order of their tasks, of which only a few are handed out ahead."""
    waiting: deque[Future[_Outcome]] = deque()
    for task in tasks:
        waiting.append(pool.submit(_work, task))
        if len(waiting) >= most_waiting:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _done(runner: DetectionRunner, task: _Task, progress: Progress | None = None) -> _Outcome:
    outcome = runner.run(task.path, task.part, progress)
    outcome.stats.bytes_read = task.size_bytes
    return outcome


_RUNNER: DetectionRunner | None = None
"""The worker process's own model and rules."""


def _start_worker(job: _Job) -> None:
    global _RUNNER
    _RUNNER = DetectionRunner(job)


def _work(task: _Task) -> _Outcome:
    if _RUNNER is None:
        raise RecordError("worker", "a worker process was started without its model")
    return _done(_RUNNER, task)


def _size(path: str) -> int:
    """Bytes of a file; 0 for standard input and what is no file."""
    file = Path(path)
    return file.stat().st_size if path != "-" and file.is_file() else 0


def _worker_count(inputs: list[str], size_bytes: int, workers: int | None) -> int:
    """Processes to start at most; standard input can be read by this one alone."""
    if "-" in inputs or (workers is None and size_bytes < _SMALL_INPUT_BYTES):
        return 1
    return (os.cpu_count() or 1) if workers is None else max(1, workers)
