"""Small pretraining runs that differ in one choice, at equal compute, judged by what the finished encoders can do.

A plan is a TOML file::

    steps = 1000                # of every run, so that all read as many tokens
    seeds = 3

    [corpora]                   # relative to the file; the first gives the events that all are judged on
    logs = "corpus"
    with-texts = "corpus-with-texts"

    [reference]                 # options of `loglm pretrain`
    size = "nano"

    [choices.plain-masking]     # what differs
    masking = "plain"

    [choices.with-texts]
    corpus = "with-texts"
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from loglm.artifacts.config import ENCODER_SIZES, EncoderFamily, Pooling
from loglm.artifacts.files import file_sha256
from loglm.corpus.executors import make_executor
from loglm.corpus.folder import CORPUS_JSON, CorpusFolder
from loglm.errors import InputError
from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.attack_metrics import Interval, seed_interval
from loglm.evaluation.downstream import anomaly_scores, attack_scores, template_scores
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.intrinsic import ALL_SOURCES, HiddenTokens, draw_sequences, hide_tokens, score_models
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.technique_retrieval import TechniqueQueries, retrieval_scores
from loglm.evaluation.template_lines import TemplateLine
from loglm.evaluation.window_table import WindowTable
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.hardware import choose_hardware
from loglm.training.hidden_tokens import encoder_scorer
from loglm.training.masking import Masking, MaskUnit
from loglm.training.plan import Positives, Schedule
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_embedders import trained_embedder
from loglm.training.run_folder import RunFiles, load_run

__all__ = ["REFERENCE", "AblationFigure", "AblationPlan", "AblationTasks", "judge_runs", "read_plan", "train_runs"]

REFERENCE = "reference"
"""Name of the choice that all others are compared with."""

_KINDS: dict[str, Any] = {
    "corpus": str,
    "size": Literal[tuple(ENCODER_SIZES)],
    "family": EncoderFamily,
    "layers": int,
    "pooling": Pooling,
    "batch_tokens": int,
    "schedule": Schedule,
    "learning_rate": float,
    "contrastive_share": float,
    "positives": Positives,
    "pairs": str,
    "whitening": bool,
    "mask_share": float,
    "masking": Masking,
    "mask_unit": MaskUnit,
}
"""Options that a plan may set."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_FINISHED, _JUDGED = "ablation.json", "judged.json"
_SHARE, _SEQUENCES = 0.15, 500
_WINDOWS = 2
"""Of each recording, to judge by attack windows."""


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """What is trained."""

    steps: int
    seeds: int
    corpora: dict[str, Path]
    choices: dict[str, dict[str, Any]]
    """Options by name of the choice, `REFERENCE` first."""

    @property
    def first_corpus(self) -> Path:
        """Which gives the events that all are judged on."""
        return next(iter(self.corpora.values()))


@dataclass(frozen=True, slots=True)
class AblationTasks:
    """What finished encoders are judged on, beside hidden tokens."""

    lines: Sequence[TemplateLine] = ()
    sets: Sequence[AnomalySet] = ()
    queries: TechniqueQueries | None = None
    windows: WindowTable | None = None
    """Of the attack benchmark (`loglm evaluate attack --table`)."""

    def identity(self) -> dict[str, str]:
        """Hashes by which figures that were kept are known to be of the same tasks."""
        queries = () if self.queries is None else (*self.queries.documents, *self.queries.queries)
        return {
            "lines": _digest(line.text + line.template for line in self.lines),
            "sets": _digest(text for anomalies in self.sets for text in (anomalies.name, *anomalies.texts)),
            "queries": _digest(queries),
            "windows": "" if self.windows is None else self.windows.digest(),
        }


@dataclass(frozen=True, slots=True)
class AblationFigure:
    """One figure of one choice: means over seeds with 95 % t intervals, none from one seed."""

    choice: str
    metric: str
    value: Interval
    gain: Interval
    """Value minus that of the reference with the same seed."""


def read_plan(path: Path) -> AblationPlan:
    """Read and check a plan.

    Raises:
        InputError: It cannot be read, or something in it is not known; says what is.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no plan can be read ({error}); see docs/training.md for one") from error
    unknown = data.keys() - {"steps", "seeds", "corpora", "reference", "choices"}
    if unknown:
        raise InputError(f"{path}: unknown key {min(unknown)!r}; expected steps, seeds, corpora, reference, choices")
    steps, seeds = data.get("steps"), data.get("seeds", 1)
    if not (isinstance(steps, int) and isinstance(seeds, int) and steps > 0 and seeds > 0):
        raise InputError(f"{path}: steps and seeds must be whole numbers above 0, got {steps!r} and {seeds!r}")
    corpora = {str(name): path.parent / str(folder) for name, folder in data.get("corpora", {}).items()}
    if not corpora:
        raise InputError(f'{path}: no corpus; write [corpora] and below it logs = "FOLDER", made by loglm corpus build')
    reference, own = data.get("reference", {}), data.get("choices", {})
    for name, options in own.items():
        if not isinstance(options, dict):
            raise InputError(f"{path}: choice {name!r} is no table; write [choices.{name}] and its options below it")
    choices = {REFERENCE: reference} | {name: {**reference, **options} for name, options in own.items()}
    for name, options in choices.items():
        _check(path, name, options, corpora)
    choices = {name: _placed(path.parent, options) for name, options in choices.items()}
    return AblationPlan(steps, seeds, corpora, choices)


def train_runs(
    plan: AblationPlan, out: Path, *, workers: int = 1, threads: int | None = None, say: Callable[[str], None]
) -> None:
    """Train what is not trained yet, in ``out/CHOICE-SEED``; a killed run goes on.

    Args:
        plan: What to train.
        out: Folder of the runs.
        workers: Runs at a time, each in a process; on a GPU they share it.
        threads: CPU threads of each; an even share of them for None.
        say: Called with each run that is begun.

    Raises:
        InputError: A corpus cannot be used, or the corpora have different tokenizers.
        TrainingError: A run cannot go on, or its folder is of other options.
    """
    folders = {name: CorpusFolder.open(path) for name, path in plan.corpora.items()}
    if len({corpus.facts["tokenizer"]["sha256"] for corpus in folders.values()}) > 1:
        raise InputError(
            f"the corpora {', '.join(plan.corpora)} have different tokenizers, so their runs cannot be compared; build "
            "the others with `loglm corpus build --tokenizer` and the tokenizer.json of the first"
        )
    jobs = [job for job in _jobs(plan, out, threads=threads or _share(workers)) if not job.is_done()]
    if jobs:
        say(f"training {', '.join(job.run_dir.name for job in jobs)}")
    for name in make_executor(workers=workers).run(_train, jobs):
        say(f"trained {name}")


def judge_runs(
    plan: AblationPlan,
    out: Path,
    tasks: AblationTasks,
    *,
    workers: int = 1,
    threads: int | None = None,
    say: Callable[[str], None],
) -> list[AblationFigure]:
    """Figures of all choices, in the plan's order; for the other arguments see `train_runs`.

    Raises:
        ModelError: A run is not finished.
    """
    corpus = CorpusFolder.open(plan.first_corpus)
    hidden, token_bytes = _hidden(corpus), bytes_of_tokens(load_tokenizer(corpus.tokenizer_path))
    judge = partial(_judge, hidden, token_bytes, tasks, {"corpus": corpus.facts["splits"], **tasks.identity()})
    found: dict[tuple[str, int], dict[str, float]] = {}
    jobs = _jobs(plan, out, threads=threads or _share(workers))
    for judged in make_executor(workers=workers).run(judge, jobs):
        say(f"judged {judged.choice}, seed {judged.seed}")
        found[judged.choice, judged.seed] = judged.values
    return [_figure(found, choice, metric, plan.seeds) for choice in plan.choices for metric in found[choice, 0]]


@dataclass(frozen=True, slots=True)
class _Job:
    """One run."""

    choice: str
    seed: int
    run_dir: Path
    corpus: Path
    facts: dict[str, Any]
    """Options of `PretrainRecipe`, and ``corpus``, its name in the plan."""
    threads: int

    def is_done(self) -> bool:
        finished = self.run_dir / _FINISHED
        return finished.is_file() and json.loads(finished.read_text(encoding="utf-8")) == self.identity()

    def identity(self) -> dict[str, Any]:
        """What the finished run says of itself, as JSON values."""
        return {"corpus_sha256": file_sha256(self.corpus / CORPUS_JSON), **self.facts}


@dataclass(frozen=True, slots=True)
class _Judged:
    choice: str
    seed: int
    values: dict[str, float]
    """By metric."""


def _jobs(plan: AblationPlan, out: Path, *, threads: int) -> list[_Job]:
    """All choices of one seed before the next, so that a killed ablation is still a whole."""
    first = next(iter(plan.corpora))
    return [
        _Job(
            choice,
            seed,
            out / f"{choice}-{seed}",
            plan.corpora[options.get("corpus", first)],
            {"steps": plan.steps, "seed": seed, **options},
            threads,
        )
        for seed in range(plan.seeds)
        for choice, options in plan.choices.items()
    ]


def _digest(texts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def _share(workers: int) -> int:
    return max(1, (os.cpu_count() or 1) // workers)


def _train(job: _Job) -> str:
    given = {key: value for key, value in job.facts.items() if key != "corpus"}
    if "pairs" in given:
        given["pairs"] = Path(given["pairs"])
    recipe = PretrainRecipe(
        corpus=job.corpus, run_dir=job.run_dir, threads=job.threads, evaluate_every=job.facts["steps"], **given
    )
    run_recipe(recipe)
    (job.run_dir / _FINISHED).write_text(json.dumps(job.identity(), indent=1) + "\n", encoding="utf-8")
    return job.run_dir.name


def _judge(
    hidden: dict[str, HiddenTokens], token_bytes: np.ndarray, tasks: AblationTasks, of: dict[str, Any], job: _Job
) -> _Judged:
    """Figures of a run, kept in its folder, so that they are not computed again."""
    kept = job.run_dir / _JUDGED
    if kept.is_file() and (found := json.loads(kept.read_text(encoding="utf-8")))["of"] == of:
        return _Judged(job.choice, job.seed, found["values"])
    torch.set_num_threads(job.threads)
    model = load_run(RunFiles(job.run_dir)).to(choose_hardware().device)
    scores = score_models(hidden, {job.choice: encoder_scorer(model)}, token_bytes=token_bytes)
    values = {f"{s.data} bits per byte": s.bits_per_byte.mean for s in scores if s.source == ALL_SOURCES}
    embedder = trained_embedder(job.choice, model, RunFiles(job.run_dir).tokenizer)
    for score in _task_scores(embedder, tasks):
        if score.model == embedder.name and not math.isnan(score.value.mean):
            what = score.task if score.data == ALL else score.data
            values[f"{what} {score.metric}"] = score.value.mean
    kept.write_text(json.dumps({"of": of, "values": values}, indent=1) + "\n", encoding="utf-8")
    return _Judged(job.choice, job.seed, values)


def _figure(
    found: Mapping[tuple[str, int], Mapping[str, float]], choice: str, metric: str, seeds: int
) -> AblationFigure:
    own, reference = ([found[name, seed][metric] for seed in range(seeds)] for name in (choice, REFERENCE))
    gains = [value - other for value, other in zip(own, reference, strict=True)]
    return AblationFigure(choice, metric, seed_interval(own), seed_interval(gains))


def _hidden(corpus: CorpusFolder) -> dict[str, HiddenTokens]:
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    roles, vocab_size = TokenRoles.of(tokenizer), tokenizer.get_vocab_size()
    sets: dict[str, HiddenTokens] = {}
    for split in ("idts", "odts"):
        if corpus.sequences(split):
            drawn = draw_sequences(corpus.load(split)[0], _SEQUENCES, max_tokens=256, seed=0)
            sets[split] = hide_tokens(drawn, roles, vocab_size=vocab_size, share=_SHARE, seed=0)
    return sets


def _task_scores(embedder: Embedder, tasks: AblationTasks) -> Iterator[Score]:
    def silent(_: str) -> None:
        pass

    if tasks.lines:
        yield from template_scores(tasks.lines, [embedder], silent, brief=True)
    yield from anomaly_scores(tasks.sets, [embedder], silent)
    if tasks.queries is not None:
        yield from (score for score in retrieval_scores(tasks.queries, [embedder]) if score.metric == "MRR")
    if tasks.windows is not None:
        yield from attack_scores(tasks.windows, [embedder], seeds=1, windows=_WINDOWS, say=silent)


def _placed(folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """A file of pairs is given relative to the plan."""
    return {key: str(folder / value) if key == "pairs" else value for key, value in options.items()}


def _check(path: Path, name: str, options: Mapping[str, Any], corpora: Mapping[str, Path]) -> None:
    """Raises InputError where a choice is misnamed or has an option that is unknown or of another kind."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{path}: choice {name!r} names a folder; use lower-case letters, digits, dots and hyphens")
    for option, value in options.items():
        if option not in _KINDS:
            raise InputError(f"{path}: {name}: unknown option {option!r}; expected one of {', '.join(_KINDS)}")
        allowed = tuple(corpora) if option == "corpus" else get_args(_KINDS[option])
        if _is_other_kind(value, _KINDS[option], allowed):
            what = f"one of {', '.join(allowed)}" if allowed else f"a {_KINDS[option].__name__}"
            raise InputError(f"{path}: {name}: {option} is {value!r}; expected {what}")


def _is_other_kind(value: Any, kind: Any, allowed: Sequence[Any]) -> bool:
    if allowed:
        return value not in allowed
    return isinstance(value, bool) != (kind is bool) or not isinstance(value, (int, float) if kind is float else kind)
