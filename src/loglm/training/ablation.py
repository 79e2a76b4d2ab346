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

import json
import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from loglm.artifacts.config import ENCODER_SIZES, EncoderFamily, Pooling
from loglm.corpus.folder import CorpusFolder
from loglm.errors import InputError
from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.attack_metrics import Interval, seed_interval
from loglm.evaluation.downstream import anomaly_scores, template_scores
from loglm.evaluation.intrinsic import ALL_SOURCES, HiddenTokens, draw_sequences, hide_tokens, score_models
from loglm.evaluation.template_lines import TemplateLine
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.hidden_tokens import encoder_scorer
from loglm.training.masking import Masking, MaskUnit
from loglm.training.plan import Positives, Schedule
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_embedders import finished_embedder
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
    "whitening": bool,
    "mask_share": float,
    "masking": Masking,
    "mask_unit": MaskUnit,
}
"""Options that a plan may set."""
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_FINISHED = "ablation.json"
_SHARE, _SEQUENCES = 0.15, 500

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """What is trained."""

    steps: int
    seeds: int
    corpora: dict[str, Path]
    choices: dict[str, dict[str, Any]]
    """Options by name of the choice, `REFERENCE` first."""


@dataclass(frozen=True, slots=True)
class AblationTasks:
    """What finished encoders are judged on, beside hidden tokens."""

    lines: Sequence[TemplateLine] = ()
    sets: Sequence[AnomalySet] = ()


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
    return AblationPlan(steps, seeds, corpora, choices)


def train_runs(plan: AblationPlan, out: Path, *, threads: int | None = None, say: Say) -> None:
    """Train what is not trained yet, one run after the other, in ``out/CHOICE-SEED``; a killed one goes on.

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
    for seed, choice, run_dir in _runs(plan, out):
        options = plan.choices[choice]
        facts = {"steps": plan.steps, "seed": seed, **options}
        finished = run_dir / _FINISHED
        if finished.is_file() and json.loads(finished.read_text(encoding="utf-8")) == facts:
            continue
        say(f"training {run_dir.name}")
        corpus = plan.corpora[options.get("corpus", next(iter(plan.corpora)))]
        given = {key: value for key, value in facts.items() if key != "corpus"}
        recipe = PretrainRecipe(corpus=corpus, run_dir=run_dir, threads=threads, evaluate_every=plan.steps, **given)
        run_recipe(recipe)
        finished.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def judge_runs(plan: AblationPlan, out: Path, tasks: AblationTasks, *, say: Say) -> list[AblationFigure]:
    """Figures of all choices, in the plan's order.

    Raises:
        ModelError: A run is not finished.
    """
    corpus = CorpusFolder.open(next(iter(plan.corpora.values())))
    hidden = _hidden(corpus)
    token_bytes = bytes_of_tokens(load_tokenizer(corpus.tokenizer_path))
    values: dict[tuple[str, str], list[float]] = {}
    for _, choice, run_dir in _runs(plan, out):
        say(f"judging {run_dir.name}")
        scorer = encoder_scorer(load_run(RunFiles(run_dir)))
        for score in score_models(hidden, {run_dir.name: scorer}, token_bytes=token_bytes):
            if score.source == ALL_SOURCES:
                values.setdefault((choice, f"{score.data} bits per byte"), []).append(score.bits_per_byte.mean)
        for metric, value in _task_values(run_dir, tasks):
            values.setdefault((choice, metric), []).append(value)
    return [
        AblationFigure(choice, metric, seed_interval(own), seed_interval(_gains(own, values[REFERENCE, metric])))
        for (choice, metric), own in values.items()
    ]


def _runs(plan: AblationPlan, out: Path) -> Iterator[tuple[int, str, Path]]:
    """Seed, choice and folder; all choices of one seed before the next, so that a killed ablation is still a whole."""
    for seed in range(plan.seeds):
        for choice in plan.choices:
            yield seed, choice, out / f"{choice}-{seed}"


def _hidden(corpus: CorpusFolder) -> dict[str, HiddenTokens]:
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    roles, vocab_size = TokenRoles.of(tokenizer), tokenizer.get_vocab_size()
    sets: dict[str, HiddenTokens] = {}
    for split in ("idts", "odts"):
        if corpus.sequences(split):
            drawn = draw_sequences(corpus.load(split)[0], _SEQUENCES, max_tokens=256, seed=0)
            sets[split] = hide_tokens(drawn, roles, vocab_size=vocab_size, share=_SHARE, seed=0)
    return sets


def _task_values(run_dir: Path, tasks: AblationTasks) -> Iterator[tuple[str, float]]:
    embedder = finished_embedder(run_dir)

    def silent(_: str) -> None:
        pass

    if tasks.lines:
        for score in template_scores(tasks.lines, [embedder], silent, brief=True):
            yield f"{score.task} {score.metric}", score.value.mean
    for score in anomaly_scores(tasks.sets, [embedder], silent):
        if score.model == embedder.name and not math.isnan(score.value.mean):
            yield f"{score.data} {score.metric}", score.value.mean


def _gains(own: Sequence[float], reference: Sequence[float]) -> list[float]:
    return [value - other for value, other in zip(own, reference, strict=True)]


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
