"""A whole pretraining run: a corpus folder in, a run folder with trained weights out, in two stages."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from loglm import __version__
from loglm.artifacts.config import ENCODER_SIZES, EncoderConfig, EncoderFamily
from loglm.corpus.folder import CORPUS_JSON, CorpusFolder, file_sha256
from loglm.corpus.shards import TokenShard
from loglm.errors import InputError, TrainingError
from loglm.models.encoder import LogEncoderModel
from loglm.training.checkpoints import refuse_another_run
from loglm.training.hardware import Device, Hardware, Precision, choose_hardware
from loglm.training.masking import Masking, MaskUnit
from loglm.training.plan import PretrainPlan, Schedule, Stage
from loglm.training.pretrain import StageResult, TrainingData, pretrain, seconds_per_step
from loglm.training.progress import ProgressLine
from loglm.training.run_data import training_data
from loglm.training.run_folder import RunFiles
from loglm.training.team import Sharding, Team, whole

__all__ = ["PretrainRecipe", "run_recipe"]

_NANO_RATE = 2e-3
_CONTRASTIVE_RATE_SHARE = 0.25
_CONTRASTIVE_MASK_SHARE = 0.75
_WARMUP_STEPS = 100
_EVALUATIONS = 5
_PARITY_SAMPLE = 64


@dataclass(frozen=True, slots=True)
class PretrainRecipe:
    """All options of `loglm pretrain`; what is not given follows from size and length."""

    corpus: Path
    """Folder made by `loglm corpus build`."""
    run_dir: Path
    size: str = "nano"
    family: EncoderFamily = "modernbert"
    layers: int | None = None
    """Instead of the size's."""
    steps: int | None = None
    """Of both stages together."""
    minutes: float | None = None
    """Of both stages together; turned into steps once, by timing a few."""
    contrastive_share: float = 0.25
    """Of the steps or minutes that the contrastive stage gets; 0 leaves it out."""
    batch_tokens: int = 8_192
    accumulate: int = 1
    """Micro-batches per step and process."""
    schedule: Schedule = "cosine"
    learning_rate: float | None = None
    """Highest of the masked stage; the contrastive one has a quarter. None: 2e-3 for `nano`, less by width."""
    mask_share: float = 0.2
    """In the masked stage; the contrastive one hides three quarters of that in each view."""
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
        if self.size not in ENCODER_SIZES:
            raise InputError(f"no size {self.size!r}; expected one of {', '.join(ENCODER_SIZES)}")
        if (self.steps is None) == (self.minutes is None):
            raise InputError("say how long to train: --steps N or --minutes M, one of them")
        for name, value in (("minutes", self.minutes), ("learning rate", self.learning_rate)):
            if value is not None and not value > 0:
                raise InputError(f"{name} {value} must be above 0")
        if not 0 <= self.contrastive_share < 1:
            raise InputError(f"contrastive share {self.contrastive_share} must be at least 0 and below 1")

    def encoder_config(self, vocab_size: int) -> EncoderConfig:
        """The size's, with the vocabulary of the corpus."""
        config = replace(ENCODER_SIZES[self.size], vocab_size=vocab_size, family=self.family)
        return config if self.layers is None else replace(config, layers=self.layers)

    def plan(self, stage: Stage, steps: int, *, processes: int) -> PretrainPlan:
        """Of one stage."""
        rate = self.learning_rate or _NANO_RATE * ENCODER_SIZES["nano"].width / ENCODER_SIZES[self.size].width
        contrastive = stage == "contrastive"
        return PretrainPlan(
            stage=stage,
            max_steps=steps,
            learning_rate=rate * (_CONTRASTIVE_RATE_SHARE if contrastive else 1),
            schedule=self.schedule,
            batch_tokens=self.batch_tokens,
            micro_batches=self.accumulate * processes,
            warmup_steps=min(_WARMUP_STEPS, steps // 5),
            masking=self.masking,
            mask_unit=self.mask_unit,
            mask_share=self.mask_share * (_CONTRASTIVE_MASK_SHARE if contrastive else 1),
            seed=self.seed,
        )


def run_recipe(recipe: PretrainRecipe, *, quiet: bool = True) -> dict[str, Any]:
    """Pretrain in this process, which may be one of several (`loglm.training.launch`); goes on where it was killed.

    Args:
        recipe: What to do.
        quiet: No progress on stderr.

    Returns:
        Facts and scores as JSON values, as in ``results.json``.

    Raises:
        InputError: Corpus or options cannot be used.
        TrainingError: The run folder is of another run, the run diverged, or a file cannot be written.
    """
    team = Team.current(recipe.sharding)
    if recipe.sharding == "fsdp" and team.size == 1:
        raise InputError("fsdp spreads a model over processes; give --processes 2 or more")
    hardware = choose_hardware(
        device=recipe.device, precision=recipe.precision, local_rank=int(os.environ.get("LOCAL_RANK", "0"))
    )
    if recipe.threads is not None:
        torch.set_num_threads(recipe.threads)
    corpus = CorpusFolder.open(recipe.corpus)
    config = recipe.encoder_config(corpus.vocab_size)
    data = training_data(corpus, config.max_tokens)
    torch.manual_seed(recipe.seed)
    model = LogEncoderModel(config)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    team.place(model, hardware.device)
    origin = {"corpus": file_sha256(corpus.path / CORPUS_JSON), "tokenizer": corpus.facts["tokenizer"]["sha256"]}
    plans = _plans(recipe, model, data, hardware, team)
    files = RunFiles(recipe.run_dir)
    if team.leads:
        _begin(files, recipe, corpus, data, {"encoder": model.config.to_json(), **_by_stage(plans), **origin})
    team.wait()
    progress = ProgressLine(plans)
    stages = {
        plan.stage: pretrain(
            model,
            data,
            plan,
            run_dir=recipe.run_dir,
            hardware=hardware,
            team=team,
            identity=origin,
            evaluate_every=recipe.evaluate_every or max(1, plan.max_steps // _EVALUATIONS),
            checkpoint_every=recipe.checkpoint_every,
            report=None if quiet else progress,
        )
        for plan in plans
    }
    results = {
        "size": recipe.size,
        "family": recipe.family,
        "parameters": parameters,
        "hardware": str(hardware),
        "processes": str(team),
        "stages": {stage: _stage_facts(result) for stage, result in stages.items()},
    }
    weights = {name: whole(weight).contiguous() for name, weight in model.state_dict().items()}
    if team.leads:
        _finish(files, weights, results)
    team.wait()
    return results


def _plans(
    recipe: PretrainRecipe, model: LogEncoderModel, data: TrainingData, hardware: Hardware, team: Team
) -> list[PretrainPlan]:
    shares: dict[Stage, float] = {"masked": 1 - recipe.contrastive_share, "contrastive": recipe.contrastive_share}
    planned = _steps_of_earlier_start(recipe) if recipe.minutes is not None else {}
    plans = []
    for stage, share in shares.items():
        if share == 0:
            continue
        plan = recipe.plan(stage, planned.get(stage, 1), processes=team.size)
        if recipe.steps is not None:
            steps = round(recipe.steps * share)
        elif recipe.minutes is not None and stage not in planned:
            steps = int(recipe.minutes * 60 * share / seconds_per_step(model, data, plan, hardware=hardware, team=team))
        else:
            steps = planned[stage]
        plans.append(recipe.plan(stage, max(1, steps), processes=team.size))
    return plans


def _steps_of_earlier_start(recipe: PretrainRecipe) -> dict[str, int]:
    """Steps by stage, where the folder holds a run of as many minutes that was killed."""
    path = RunFiles(recipe.run_dir).run
    if not path.is_file():
        return {}
    facts = _read_json(path)
    if facts.get("minutes") != recipe.minutes:
        return {}
    return {stage: int(facts[stage]["max_steps"]) for stage in ("masked", "contrastive") if stage in facts}


def _by_stage(plans: list[PretrainPlan]) -> dict[str, Any]:
    return {plan.stage: asdict(plan) for plan in plans}


def _begin(
    files: RunFiles, recipe: PretrainRecipe, corpus: CorpusFolder, data: TrainingData, identity: Mapping[str, Any]
) -> None:
    """Say in ``run.json`` what this run is, or refuse a folder that is of another."""
    if files.run.is_file():
        refuse_another_run(files.run, _read_json(files.run), identity)
    else:
        if files.folder.is_dir() and any(not path.name.startswith(".") for path in files.folder.iterdir()):
            raise InputError(f"{files.folder}: not empty and no run folder; give another --out")
        files.folder.mkdir(parents=True, exist_ok=True)
        facts = {"loglm_version": __version__, "size": recipe.size, "minutes": recipe.minutes, **identity}
        _write_json(files.run, facts)
    files.tokenizer.write_bytes(corpus.tokenizer_path.read_bytes())
    _sample(data).save(files.sample)


def _sample(data: TrainingData) -> TokenShard:
    shard = data.held_out.get("idts", data.train)
    count = min(_PARITY_SAMPLE, len(shard))
    return TokenShard.from_sequences([shard[i].tolist() for i in range(count)], [0] * count, ("sample",))


def _finish(files: RunFiles, weights: dict[str, torch.Tensor], results: Mapping[str, Any]) -> None:
    partial = files.weights.with_name(f".{files.weights.name}.partial")
    try:
        save_file(weights, partial)
        partial.replace(files.weights)
        _write_json(files.results, results)
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


def _write_json(path: Path, data: Mapping[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
