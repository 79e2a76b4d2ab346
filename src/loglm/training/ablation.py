"""Small pretraining runs that differ in one choice, at equal compute, judged by what the finished encoders can do.

What is trained is said by a plan (`loglm.training.ablation_plan`).
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from loglm.artifacts.files import file_sha256, write_json
from loglm.corpus.executors import make_executor
from loglm.corpus.folder import CORPUS_JSON, CorpusFolder
from loglm.errors import InputError
from loglm.evaluation.anomaly.block_and_line_sets import AnomalySet
from loglm.evaluation.attack_metrics import Interval, seed_interval
from loglm.evaluation.downstream import anomaly_scores, attack_scores, template_scores
from loglm.evaluation.embedders import Embedder
from loglm.evaluation.scores import ALL, Score
from loglm.evaluation.technique_retrieval import TechniqueQueries, retrieval_scores
from loglm.evaluation.template_lines import TemplateLine
from loglm.evaluation.window_table import WindowTable
from loglm.training.ablation_hidden import HiddenSets
from loglm.training.ablation_plan import REFERENCE, START, AblationPlan, recipe_of
from loglm.training.hardware import choose_hardware
from loglm.training.pairs import check_pairs
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_embedders import trained_embedder
from loglm.training.run_folder import RunFiles, lock_run
from loglm.training.run_models import load_trained

__all__ = ["AblationFigure", "AblationTasks", "judge_runs", "train_runs"]

_FINISHED, _JUDGED = "ablation.json", "judged.json"
_WINDOWS = 2
"""Of each recording, to judge by attack windows."""


@dataclass(frozen=True, slots=True)
class AblationTasks:
    """What finished encoders are judged on, beside hidden tokens."""

    lines: Sequence[TemplateLine] = ()
    sets: Sequence[AnomalySet] = ()
    queries: TechniqueQueries | None = None
    windows: WindowTable | None = None
    """Of the attack benchmark (`loglm evaluate attack --windows`)."""

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
    runs = [run for run in _runs(plan, out, threads=threads or _share(workers)) if not run.is_done()]
    for pairs in {run.recipe.pairs for run in runs if run.recipe.pairs is not None}:
        check_pairs(pairs)
    if runs:
        say(f"training {', '.join(run.recipe.run_dir.name for run in runs)}")
    for name in make_executor(workers=workers).run(_train, runs):
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
        ModelError: A run is not finished, or the start has no weights.
    """
    hidden = HiddenSets.of_plan(plan)
    judge = partial(_judge, hidden, tasks, {**hidden.identity(), **tasks.identity()}, threads or _share(workers))
    models = [_Model(run.choice, run.seed, run.recipe.run_dir, run.recipe.run_dir) for run in _runs(plan, out)]
    if plan.start is not None:  # as it is: judged once, it stands for every seed
        models.append(_Model(START, 0, plan.start, out / START))
    found: dict[str, dict[int, dict[str, float]]] = {}
    for model, values in make_executor(workers=workers).run(judge, models):
        say(f"judged {model.choice}" if model.choice == START else f"judged {model.choice}, seed {model.seed}")
        found.setdefault(model.choice, {})[model.seed] = values
    choices = [*plan.choices, *({START} & found.keys())]
    return [_figure(found, choice, metric, plan.seeds) for choice in choices for metric in found[choice][0]]


@dataclass(frozen=True, slots=True)
class _Run:
    """One training run."""

    choice: str
    seed: int
    recipe: PretrainRecipe
    options: dict[str, Any]
    """Of the plan, as JSON values."""

    def is_done(self) -> bool:
        return _kept(self.recipe.run_dir / _FINISHED) == self.identity()

    def identity(self) -> dict[str, Any]:
        """What the finished run says of itself, as JSON values."""
        return {**self._files(), "steps": self.recipe.steps, "seed": self.seed, **self.options}

    def _files(self) -> dict[str, str]:
        """Hashes of what it learns from and starts from, by which it is known to be of the same content."""
        start, pairs = self.recipe.start, self.recipe.pairs
        files = {
            "corpus": self.recipe.corpus / CORPUS_JSON,
            "start": None if start is None else RunFiles(start).weights,
            "pairs": pairs,
        }
        return {  # training says what is wrong with one that is not there
            f"{name}_sha256": file_sha256(path) if path.is_file() else ""
            for name, path in files.items()
            if path is not None
        }


@dataclass(frozen=True, slots=True)
class _Model:
    """What is judged."""

    choice: str
    seed: int
    folder: Path
    """Run folder or model folder with its weights."""
    kept: Path
    """Folder in which its figures stay."""


def _runs(plan: AblationPlan, out: Path, *, threads: int | None = None) -> list[_Run]:
    """All choices of one seed before the next, so that a killed ablation is still a whole."""
    return [
        _Run(choice, seed, recipe_of(plan, choice, out / f"{choice}-{seed}", seed=seed, threads=threads), options)
        for seed in range(plan.seeds)
        for choice, options in plan.choices.items()
        if seed < plan.seeds_of(choice)
    ]


def _digest(texts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return found.hexdigest()


def _share(workers: int) -> int:
    return max(1, (os.cpu_count() or 1) // workers)


def _train(run: _Run) -> str:
    with lock_run(run.recipe.run_dir):
        run_recipe(run.recipe)
        write_json(run.recipe.run_dir / _FINISHED, run.identity())
    return run.recipe.run_dir.name


def _judge(
    hidden: HiddenSets, tasks: AblationTasks, of: dict[str, Any], threads: int, judged: _Model
) -> tuple[_Model, dict[str, float]]:
    """Figures of a model, kept, so that they are not computed again."""
    kept, files = judged.kept / _JUDGED, RunFiles(judged.folder)
    torch.set_num_threads(threads)
    model = load_trained(judged.folder).model.to(choose_hardware().device)
    of = of | {"weights": file_sha256(files.weights)}
    if (found := _kept(kept)).get("of") == of:
        return judged, found["values"]
    values = hidden.figures(model)
    embedder = trained_embedder(judged.choice, model, files.tokenizer)
    for score in _task_scores(embedder, tasks):
        if score.model == embedder.name and not math.isnan(score.value.mean):
            what = score.task if score.data == ALL else score.data
            values[f"{what} {score.metric}"] = score.value.mean
    judged.kept.mkdir(parents=True, exist_ok=True)
    write_json(kept, {"of": of, "values": values})
    return judged, values


def _kept(path: Path) -> dict[str, Any]:
    """What a file of an earlier call holds; nothing where it is absent, or half written by an earlier version."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _figure(
    found: Mapping[str, Mapping[int, Mapping[str, float]]], choice: str, metric: str, seeds: int
) -> AblationFigure:
    own = {seed: figures[metric] for seed, figures in sorted(found[choice].items())}
    beside = dict.fromkeys(range(seeds), own[0]) if choice == START else own
    gains = [value - found[REFERENCE][seed][metric] for seed, value in beside.items()]
    return AblationFigure(choice, metric, seed_interval(list(own.values())), seed_interval(gains))


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
