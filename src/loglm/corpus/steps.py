"""The steps of a corpus in order, each as parts that a killed run need not do again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loglm.artifacts.files import file_sha256
from loglm.corpus.contamination import ContaminationJob, contamination_part
from loglm.corpus.deduplication import ExactJob, NearJob, exact_part, hash_ranges, near_blocks, near_part
from loglm.corpus.documents import count_rows
from loglm.corpus.drops import Drops
from loglm.corpus.executors import Executor
from loglm.corpus.folder import SPLITS
from loglm.corpus.listing import Listing, file_groups
from loglm.corpus.options import BuildOptions
from loglm.corpus.parts import FinishedPart, Part, Progress, key_of, run_parts
from loglm.corpus.planning import PlanJob, plan_part, read_plan
from loglm.corpus.reading import ReadJob, merge_problems, read_part
from loglm.corpus.sharding import ShardJob, Tokenization, TokenizerJob, shard_part, shard_ranges, tokenizer_part
from loglm.corpus.sources import CorpusSource
from loglm.errors import EmptyInputError
from loglm.events.problems import Problems
from loglm.events.rendering import View
from loglm.plurals import plural

__all__ = ["MIN_TRAINING_TEXTS", "CorpusRun", "Deduplicated", "StepResults", "run_steps"]

MIN_TRAINING_TEXTS = 20
"""With fewer there is nothing to learn."""


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """The parts of exact and near deduplication in one view."""

    view: View
    exact: list[FinishedPart]
    near: list[FinishedPart]


@dataclass(frozen=True, slots=True)
class StepResults:
    """The parts of all steps."""

    read: list[FinishedPart]
    deduplicated: list[Deduplicated]
    plan: FinishedPart
    contamination: FinishedPart
    tokenizer: FinishedPart
    shards: list[FinishedPart]

    def drops(self) -> Drops:
        """Of all steps together."""
        return _all_drops([*self.read, *_parts(self.deduplicated), self.plan])


@dataclass(frozen=True, slots=True)
class CorpusRun:
    """What all steps of one run share."""

    work: Path
    executor: Executor
    progress: Progress
    listing: Listing
    options: BuildOptions

    @property
    def names(self) -> dict[int, str]:
        indices = [*range(len(self.listing.sources)), *range(-len(self.listing.benchmarks), 0)]
        return {index: self.listing.source_name(index) for index in indices}

    def step(self, name: str, compute: Any, jobs: Sequence[Any], *, after: Sequence[FinishedPart] = ()) -> Any:
        """All parts of a step; their keys hold what they read from the steps before, and what computed them."""
        from loglm import __version__

        read = [part.checksum for part in after]
        parts = [Part(f"{name}-{i:05d}", key_of(__version__, name, job, read), job) for i, job in enumerate(jobs)]
        return run_parts(name, compute, parts, work=self.work, executor=self.executor, progress=self.progress)


def run_steps(run: CorpusRun, problems: Problems) -> StepResults:
    """Compute every part that is not there yet.

    Args:
        run: Where and of what.
        problems: Takes what could not be read.

    Raises:
        EmptyInputError: Too few texts are left to train on, or a benchmark has none.
    """
    options, names = run.options, run.names
    read = run.step("read", read_part, _read_jobs(run))
    for part in read:
        merge_problems(part.facts["problems"], problems)
    _refuse_empty_benchmarks(run.listing.benchmarks, read)
    _refuse_too_few(sum(part.facts["texts"] for part in read if part.facts["source"] >= 0), read)
    deduplicated = _deduplicate(run, read)
    exact, near = deduplicated[0].exact, deduplicated[-1].near
    kept = _paths(near)
    plan = run.step("plan", plan_part, [_plan_job(run, read, kept)], after=[*read, *near])
    plan_path = plan[0].paths[0]
    _refuse_too_few(
        sum(splits.get("train", 0) for splits in plan[0].facts["texts"].values()), [*read, *_parts(deduplicated), *plan]
    )
    given = None if options.tokenizer is None else (options.tokenizer, file_sha256(options.tokenizer))
    learn = TokenizerJob(plan_path, kept, options.vocab_size, given, options.pseudonym_key)
    tokenizer = run.step("tokenizer", tokenizer_part, [learn], after=[*near, *plan])
    tokenization = Tokenization(tokenizer[0].paths[0], options.max_tokens, options.pseudonym_key)
    shards = run.step("shard", shard_part, _shard_jobs(run, plan_path, kept, tokenization), after=[*plan, *tokenizer])
    by_split = {split: _paths([part for part in shards if part.facts["split"] == split]) for split in SPLITS}
    check = ContaminationJob(plan_path, _paths(exact), names, options.near_threshold, by_split, tokenization)
    checked = run.step("contamination", contamination_part, [check], after=[*exact, *plan, *tokenizer, *shards])
    return StepResults(read, deduplicated, plan[0], checked[0], tokenizer[0], shards)


def _read_jobs(run: CorpusRun) -> list[ReadJob]:
    options, names = run.options, run.names
    return [
        ReadJob(names[group[0].source], tuple(group), options.max_chars, options.views[0])
        for group in file_groups(run.listing)
    ]


def _deduplicate(run: CorpusRun, read: list[FinishedPart]) -> list[Deduplicated]:
    """Equal and nearly equal texts once, in one view after the other."""
    options, names = run.options, run.names
    done: list[Deduplicated] = []
    before = read
    for view in options.views:
        paths = _paths(before)
        ranges = hash_ranges(count_rows(paths))  # of benchmarks too
        exact_jobs = [ExactJob(paths, low, high, view, names) for low, high in ranges]
        exact = run.step(f"equal-{view}", exact_part, exact_jobs, after=before)
        distinct, is_last = _paths(exact), view == options.views[-1]
        near_jobs = [
            NearJob(distinct, *block, options.near_threshold, view, is_last, names) for block in near_blocks(distinct)
        ]
        before = run.step(f"near-{view}", near_part, near_jobs, after=exact)
        done.append(Deduplicated(view, exact, before))
    return done


def _parts(deduplicated: Sequence[Deduplicated]) -> list[FinishedPart]:
    return [part for view in deduplicated for part in (*view.exact, *view.near)]


def _plan_job(run: CorpusRun, read: Sequence[FinishedPart], kept: tuple[Path, ...]) -> PlanJob:
    options = run.options
    return PlanJob(
        kept,
        run.names,
        tuple(source.split == "odts" for source in run.listing.sources),
        {file["number"]: file["events"] for part in read for file in part.facts["files"]},
        options.per_template,
        options.per_source,
        options.held_out,
    )


def _shard_jobs(run: CorpusRun, plan: Path, kept: tuple[Path, ...], tokenization: Tokenization) -> list[ShardJob]:
    rows = read_plan(plan)
    source_names = tuple(source.name for source in run.listing.sources)
    return [
        ShardJob(plan, kept, tokenization, split, low, high, source_names, f"{name}-{number:05d}.npz")
        for split, name in enumerate(SPLITS)
        for number, (low, high) in enumerate(shard_ranges(rows, split))
    ]


def _paths(parts: Sequence[FinishedPart]) -> tuple[Path, ...]:
    return tuple(path for part in parts for path in part.paths)


def _refuse_empty_benchmarks(benchmarks: Sequence[CorpusSource], read: Sequence[FinishedPart]) -> None:
    for index, benchmark in enumerate(benchmarks):
        if not any(part.facts["texts"] for part in read if part.facts["source"] == -1 - index):
            raise EmptyInputError(
                f"benchmark {benchmark.name}: no event with a text to keep out of the corpus was read in "
                f"{', '.join(benchmark.paths)}, so nothing would be kept out for it; give the logs that models will be "
                "measured on"
            )


def _refuse_too_few(texts: int, parts: Sequence[FinishedPart]) -> None:
    if texts >= MIN_TRAINING_TEXTS:
        return
    read = [part for part in parts if part.facts.get("source", -1) >= 0]
    events = sum(file["events"] for part in read for file in part.facts["files"])
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in _all_drops(parts).by_reason().items())
    raise EmptyInputError(
        f"too little to build a corpus: {plural(texts, 'different text')} left to train on of "
        f"{plural(events, 'event')} read; at least {MIN_TRAINING_TEXTS} are needed. "
        f"Left out: {reasons or 'nothing'}. Give more logs"
    )


def _all_drops(parts: Sequence[FinishedPart]) -> Drops:
    drops = Drops()
    for part in parts:
        drops.merge(Drops.from_json(part.facts.get("drops", [])))
    return drops
