"""A whole training run: a corpus folder in, a run folder with trained weights out.

Three kinds of run are one: pretraining from random weights (masked, then, where wanted, contrastive), going on from
given weights with the old corpus replayed, and distillation into a smaller encoder.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, get_args

import torch
from safetensors.torch import save_file

from loglm import __version__
from loglm.artifacts.config import ENCODER_SIZES, EncoderConfig, EncoderFamily, Pooling
from loglm.artifacts.files import write_json
from loglm.corpus.folder import CorpusFolder
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError, TrainingError
from loglm.models.encoder import LogEncoderModel
from loglm.training.hardware import Device, Hardware, Precision, choose_hardware
from loglm.training.masking import Masking, MaskUnit
from loglm.training.optimizer import Optimizer
from loglm.training.pairs import check_pairs
from loglm.training.plan import Positives, PretrainPlan, Schedule, Stage, highest_rate
from loglm.training.preparing import prepare
from loglm.training.pretrain import StageResult, TrainingData, pretrain, seconds_per_step
from loglm.training.progress import ProgressLine
from loglm.training.run_folder import RunFiles
from loglm.training.run_identity import refuse_another_run
from loglm.training.scoring import mean_cosine_to
from loglm.training.teacher import Targets
from loglm.training.team import Sharding, Team
from loglm.training.whitening import texts_needed, whiten

__all__ = ["PretrainRecipe", "run_recipe"]

_CONTRASTIVE_MASK_SHARE = 0.5
_WARMUP_STEPS = 100
_EVALUATIONS = 5
_PARITY_SAMPLE = 64
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a disk, a quota or a file has no room left."""


@dataclass(frozen=True, slots=True)
class PretrainRecipe:
    """All options of `loglm pretrain` and `loglm distill`; what is not given follows from size and length."""

    corpus: Path
    """Folder made by `loglm corpus build`."""
    run_dir: Path
    size: str | None = None
    """`nano` for None, or with ``start`` the one there."""
    family: EncoderFamily | None = None
    """ModernBERT for None, or with ``start`` the one there."""
    layers: int | None = None
    """Instead of the size's."""
    pooling: Pooling | None = None
    """``first-last`` for None, or with ``start`` the one there."""
    steps: int | None = None
    """Of both stages together."""
    minutes: float | None = None
    """Of both stages together; turned into steps once, by timing a few."""
    start: Path | None = None
    """Run folder, or model folder with weights, to go on from; random weights for None."""
    replay: Path | None = None
    """Corpus folder that ``start`` learned from, to be mixed in."""
    replay_share: float = 0.3
    """Of the tokens read, those of ``replay``."""
    teacher: Path | None = None
    """Run folder or model folder whose vectors are to be learned, in place of the usual stages."""
    masked_weight: float = 0.0
    """Of the masked-token loss beside the teacher's; 0: hidden tokens are not learned."""
    contrastive_share: float = 0.0
    """Of the steps or minutes that the contrastive stage gets; 0 leaves it out."""
    positives: Positives = "views"
    """What is near each other in the contrastive stage; ``pairs`` where ``pairs`` is given."""
    pairs: Path | None = None
    """Texts that belong together (`loglm.training.pairs`), for the contrastive stage."""
    pair_share: float = 0.5
    """Of the tokens read, those of ``pairs``."""
    whitening: bool = True
    """At the end, make vectors spread evenly (`loglm.training.whitening`); not done in distillation."""
    batch_tokens: int = 8_192
    accumulate: int = 1
    """Micro-batches per step and process."""
    schedule: Schedule = "cosine"
    learning_rate: float | None = None
    """Highest of the masked stage; the contrastive one has a quarter. None: 4e-3 for `nano` (AdamW: 2e-3), less by
    width; with ``start`` a tenth of that."""
    optimizer: Optimizer = "muon"
    mask_share: float = 0.3
    """In the masked stage; the contrastive one hides half of that in each view."""
    masking: Masking = "content-only"
    mask_unit: MaskUnit = "token"
    seed: int = 0
    threads: int | None = None
    precision: Precision = "auto"
    device: Device = "auto"
    sharding: Sharding = "none"
    evaluate_every: int | None = None
    """Steps; None: five times a stage."""
    checkpoint_every: int = 200

    def __post_init__(self) -> None:
        if self.size is not None and self.size not in ENCODER_SIZES:
            raise InputError(f"no size {self.size!r}; expected one of {', '.join(ENCODER_SIZES)}")
        shape = (self.size, self.family, self.layers)
        if self.start is not None and any(given is not None for given in shape):
            raise InputError("--start goes on with the encoder that is there; leave out --size, --family and --layers")
        if self.replay is not None and self.start is None:
            raise InputError("--replay keeps what a model has learned; say with --start which model that is")
        if (self.steps is None) == (self.minutes is None):
            raise InputError("say how long to train: --steps N or --minutes M, one of them")
        for name, value in (("minutes", self.minutes), ("learning rate", self.learning_rate)):
            if value is not None and not value > 0:
                raise InputError(f"{name} {value} must be above 0")
        if not 0 <= self.contrastive_share <= 1:
            raise InputError(f"contrastive share {self.contrastive_share} must lie between 0 and 1")
        self._check_pairs()

    def _check_pairs(self) -> None:
        if (self.positives == "pairs") != (self.pairs is not None):
            raise InputError("--positives pairs needs --pairs FILE, and --pairs needs --positives pairs")
        if self.pairs is not None and not (0 < self.pair_share < 1 and self.contrastive_share > 0):
            raise InputError("--pairs needs a --contrastive-share above 0 and a --pair-share between 0 and 1")

    def encoder_config(self, vocab_size: int) -> EncoderConfig:
        """The size's, with the vocabulary of the corpus."""
        shape = ENCODER_SIZES[self.size or "nano"]
        config = replace(shape, vocab_size=vocab_size, family=self.family or shape.family)
        config = replace(config, pooling=self.pooling or "first-last")
        return config if self.layers is None else replace(config, layers=self.layers)

    def plan(self, stage: Stage, steps: int, *, width: int, processes: int) -> PretrainPlan:
        """Of one stage, for an encoder of a width."""
        contrastive, continued = stage == "contrastive", self.start is not None
        return PretrainPlan(
            stage=stage,
            max_steps=steps,
            learning_rate=highest_rate(
                stage, width=width, optimizer=self.optimizer, continued=continued, given=self.learning_rate
            ),
            schedule=self.schedule,
            batch_tokens=self.batch_tokens,
            micro_batches=self.accumulate * processes,
            optimizer=self.optimizer,
            warmup_steps=min(_WARMUP_STEPS, steps // 5),
            masking=self.masking,
            mask_unit=self.mask_unit,
            mask_share=self.mask_share * (_CONTRASTIVE_MASK_SHARE if contrastive else 1),
            positives=self.positives,
            masked_loss_weight=self.masked_weight if stage == "distilled" else 1.0,
            seed=self.seed,
        )


def run_recipe(recipe: PretrainRecipe, *, quiet: bool = True) -> dict[str, Any]:
    """Train in this process, which may be one of several (`loglm.training.launch`); goes on where it was killed.

    Args:
        recipe: What to do.
        quiet: No progress on stderr.

    Returns:
        Facts and scores as JSON values, as in ``results.json``; of a run that was finished before, those of then with
        ``already_finished``, and nothing was trained.

    Raises:
        InputError: Corpus or options cannot be used.
        TrainingError: The run folder is of another run, the run diverged, or a file cannot be written.
    """
    try:
        return _run(recipe, quiet=quiet)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise TrainingError(
            f"{recipe.run_dir}: cannot be written ({error.strerror}); make room on the disk and run the same command "
            "again, it goes on from the last checkpoint"
        ) from error


def _run(recipe: PretrainRecipe, *, quiet: bool) -> dict[str, Any]:
    team, files = Team.current(recipe.sharding), RunFiles(recipe.run_dir)
    _refuse_unfit(recipe, files, team)
    hardware = choose_hardware(
        device=recipe.device, precision=recipe.precision, local_rank=int(os.environ.get("LOCAL_RANK", "0"))
    )
    if recipe.threads is not None:
        torch.set_num_threads(recipe.threads)
    corpus = CorpusFolder.open(recipe.corpus)
    model, data, origin = prepare(recipe, corpus, hardware)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    team.place(model, hardware.device)
    plans = _plans(recipe, model, data, hardware, team)
    if team.leads:
        _begin(files, recipe, corpus, data, {"encoder": model.config.to_json(), **_by_stage(plans), **origin})
    team.wait()
    finished = _finished(files, recipe)
    if finished is not None:
        return {**finished, "already_finished": True}
    progress = ProgressLine(plans)
    learns_tokens = recipe.teacher is None or recipe.masked_weight > 0
    stages = {
        plan.stage: pretrain(
            model,
            data if learns_tokens else replace(data, held_out={}),
            plan,
            run_dir=recipe.run_dir,
            hardware=hardware,
            team=team,
            identity=origin,
            evaluate_every=recipe.evaluate_every or max(1, plan.max_steps // _EVALUATIONS),
            checkpoint_every=recipe.checkpoint_every,
            report=None if quiet else progress,
            say=None if quiet else _say,
        )
        for plan in plans
    }
    results = {
        "size": _size_name(model.config),
        "family": model.config.family,
        "parameters": parameters,
        "hardware": str(hardware),
        "processes": str(team),
        "stages": {stage: _stage_facts(result) for stage, result in stages.items()},
    }
    if data.targets is not None:
        results["cosine_to_teacher"] = _cosines_to_teacher(model, data, data.targets, hardware)
        team.spread_again(model)
    weights = {name: weight.contiguous() for name, weight in team.gather(model.state_dict()).items()}
    if team.leads:
        if recipe.whitening and recipe.teacher is None:
            weights, results["whitened"] = _whitened(model.config, weights, data, hardware)
            if not results["whitened"]:
                there = int((data.weights > 0).sum())
                results["texts_for_whitening"] = {"needed": texts_needed(model.config), "there": there}
        _finish(files, weights, results)
    team.wait()
    return results


def _refuse_unfit(recipe: PretrainRecipe, files: RunFiles, team: Team) -> None:
    """What can be told before the corpus is loaded, which takes its time."""
    if recipe.sharding != "none" and team.size == 1:
        raise InputError(f"--sharding {recipe.sharding} spreads over processes; give --workers 2 or more")
    if team.leads:
        _refuse_other_folder(files)
    if recipe.pairs is not None:
        check_pairs(recipe.pairs)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _whitened(
    config: EncoderConfig, weights: dict[str, torch.Tensor], data: TrainingData, hardware: Hardware
) -> tuple[dict[str, torch.Tensor], bool]:
    model = LogEncoderModel(config)
    model.load_state_dict(weights)
    done = whiten(model.to(hardware.device), data.train, data.weights)
    return {name: weight.cpu().contiguous() for name, weight in model.state_dict().items()}, done


def _cosines_to_teacher(
    model: LogEncoderModel, data: TrainingData, targets: Targets, hardware: Hardware
) -> dict[str, float]:
    return {
        split: round(mean_cosine_to(targets, model, shard, hardware=hardware), 4)
        for split, shard in data.held_out.items()
    }


def _size_name(config: EncoderConfig) -> str:
    """Of the recipe with this width and depth, or these."""
    named = {(size.width, size.layers): name for name, size in ENCODER_SIZES.items()}
    return named.get((config.width, config.layers), f"{config.width} x {config.layers}")


def _plans(
    recipe: PretrainRecipe, model: LogEncoderModel, data: TrainingData, hardware: Hardware, team: Team
) -> list[PretrainPlan]:
    shares: dict[Stage, float] = {"masked": 1 - recipe.contrastive_share, "contrastive": recipe.contrastive_share}
    if data.targets is not None:
        shares = {"distilled": 1.0}
    planned = _steps_of_earlier_start(recipe) if recipe.minutes is not None else {}
    plans = []
    for stage, share in shares.items():
        if share == 0:
            continue
        plan = recipe.plan(stage, planned.get(stage, 1), width=model.config.width, processes=team.size)
        if recipe.steps is not None:
            steps = round(recipe.steps * share)
        elif recipe.minutes is not None and stage not in planned:
            steps = int(recipe.minutes * 60 * share / seconds_per_step(model, data, plan, hardware=hardware, team=team))
        else:
            steps = planned[stage]
        plans.append(recipe.plan(stage, max(1, steps), width=model.config.width, processes=team.size))
    return plans


def _steps_of_earlier_start(recipe: PretrainRecipe) -> dict[str, int]:
    """Steps by stage, where the folder holds a run of as many minutes that was killed."""
    path = RunFiles(recipe.run_dir).run
    if not path.is_file():
        return {}
    facts = _read_json(path)
    if facts.get("minutes") != recipe.minutes:
        return {}
    return {stage: int(facts[stage]["max_steps"]) for stage in get_args(Stage) if stage in facts}


def _by_stage(plans: list[PretrainPlan]) -> dict[str, Any]:
    return {plan.stage: asdict(plan) for plan in plans}


def _begin(
    files: RunFiles, recipe: PretrainRecipe, corpus: CorpusFolder, data: TrainingData, identity: Mapping[str, Any]
) -> None:
    """Say in ``run.json`` what this run is, or refuse a folder that is of another."""
    if files.run.is_file():
        refuse_another_run(files.run, _read_json(files.run), identity)
    else:
        _refuse_other_folder(files)
        files.folder.mkdir(parents=True, exist_ok=True)
        facts = {"loglm_version": __version__, "minutes": recipe.minutes, **identity}
        write_json(files.run, facts)
    files.tokenizer.write_bytes(corpus.tokenizer_path.read_bytes())
    _sample(data).save(files.sample)


def _refuse_other_folder(files: RunFiles) -> None:
    is_empty = not files.folder.is_dir() or all(path.name.startswith(".") for path in files.folder.iterdir())
    if not (is_empty or files.run.is_file()):
        raise InputError(f"{files.folder}: not empty and no run folder; give another --out")


def _finished(files: RunFiles, recipe: PretrainRecipe) -> dict[str, Any] | None:
    """Results of a run that has ended, with vectors spread as is asked for; those are made of its checkpoint."""
    if not (files.results.is_file() and files.weights.is_file()):
        return None
    results = _read_json(files.results)
    wants_whitening = recipe.whitening and recipe.teacher is None
    return results if ("whitened" in results) == wants_whitening else None


def _sample(data: TrainingData) -> TokenShard:
    shard = data.held_out.get("idts", data.train)
    count = min(_PARITY_SAMPLE, len(shard))
    return TokenShard.from_sequences([shard[i].tolist() for i in range(count)], [0] * count, ("sample",))


def _finish(files: RunFiles, weights: dict[str, torch.Tensor], results: Mapping[str, Any]) -> None:
    partial = files.weights.with_name(f".{files.weights.name}.partial")
    try:
        save_file(weights, partial)
        shutil.copymode(files.run, partial)  # safetensors makes a file that its owner alone can read
        partial.replace(files.weights)
        write_json(files.results, results)
    except Exception as error:  # safetensors has no public class for a full disk
        partial.unlink(missing_ok=True)
        raise TrainingError(
            f"{files.weights}: cannot be written ({str(error)[:200]}); make room on the disk and run the same command "
            "again, it goes on from the last checkpoint"
        ) from error


def _stage_facts(result: StageResult) -> dict[str, Any]:
    progress = result.progress
    scores = {
        split: {
            "loss_nats": round(score.loss_nats, 4),
            "bits_per_byte": round(score.bits_per_byte, 4),
            "accuracy": round(score.accuracy, 4),
            "hidden_tokens": score.hidden_tokens,
        }
        for split, score in result.scores.items()
        if score.hidden_tokens
    }
    return {
        "steps": progress.step,
        "tokens": progress.tokens,
        "seconds": round(progress.seconds, 1),
        "skipped_steps": progress.skipped,
        "scores": scores,
    }


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: cannot be read ({error}); give another --out") from error
    if not isinstance(data, dict):
        raise TrainingError(f"{path}: not a run's description; give another --out")
    return data
