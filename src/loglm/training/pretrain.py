"""One stage of training: the loop that all stages, every size and any number of processes run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError, InputError
from loglm.models.encoder import LogEncoderModel
from loglm.tokenizer.bpe import TokenRoles
from loglm.training.ahead import computed_ahead
from loglm.training.batches import steps_of_batches
from loglm.training.checkpoints import Progress, restore_checkpoint, save_checkpoint
from loglm.training.guards import DivergenceGuard
from loglm.training.hardware import Hardware
from loglm.training.journal import RunJournal, StepRecord
from loglm.training.objectives import MicroBatch, make_micro_batch, step_gradient
from loglm.training.optimizer import EncoderOptimizer
from loglm.training.plan import PretrainPlan, learning_rate
from loglm.training.positives import Kin
from loglm.training.scoring import MaskedScores, score_masked
from loglm.training.teacher import Targets
from loglm.training.team import Team, whole

__all__ = ["Report", "StageResult", "TrainingData", "checkpoint_path", "pretrain", "seconds_per_step"]

Report = Callable[[StepRecord], None]

_WARM_STEPS, _TIMED_STEPS = 2, 8


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a run learns from and is measured on."""

    train: TokenShard
    weights: np.ndarray
    """Chance of each training sequence to be drawn, (n_sequences,); any positive scale."""
    roles: TokenRoles
    token_bytes: np.ndarray
    """UTF-8 bytes of each token, int64 (V,)."""
    held_out: Mapping[str, TokenShard] = field(default_factory=dict)
    """Shards to evaluate on, by name of the split."""
    targets: Targets | None = None
    """In distillation, what the model is to give."""
    kin: Kin | None = None
    """Which training sequences belong together, where the contrastive stage needs it."""

    def __post_init__(self) -> None:
        if len(self.train) == 0:
            raise EmptyInputError("nothing to train on: the token shard holds no sequence")
        if len(self.train.ids) and int(self.train.ids.max()) >= len(self.token_bytes):
            raise InputError(
                f"the tokenizer does not fit the corpus: it has {len(self.token_bytes)} tokens, and the corpus holds "
                f"the token id {int(self.train.ids.max())}; build the corpus again with this tokenizer"
            )


@dataclass(frozen=True, slots=True)
class StageResult:
    """What came out of a stage."""

    progress: Progress
    scores: dict[str, MaskedScores]
    """At its end, by name of the split."""


def pretrain(
    model: LogEncoderModel,
    data: TrainingData,
    plan: PretrainPlan,
    *,
    run_dir: Path,
    hardware: Hardware,
    team: Team | None = None,
    identity: Mapping[str, Any] | None = None,
    evaluate_every: int | None = None,
    checkpoint_every: int = 200,
    report: Report | None = None,
    say: Callable[[str], None] | None = None,
) -> StageResult:
    """Train ``model`` in place; goes on from ``run_dir`` where an earlier run was killed, to the same weights.

    Args:
        model: Weights to start from, on its device (`Team.place`); replaced by the checkpoint's where one exists.
        data: What to learn from.
        plan: What to do.
        run_dir: Where checkpoints and logs go.
        hardware: What to compute on.
        team: The processes of the run; each calls this with the same arguments. This process alone for None.
        identity: More than plan and encoder that a checkpoint has to agree in, as JSON values.
        evaluate_every: Steps between evaluations; None: at the end only.
        checkpoint_every: Steps between checkpoints.
        report: Called after each step, in the first process.
        say: Called, in the first process, where an earlier run is gone on from.

    Raises:
        InputError: The micro-batches of a step cannot be dealt to the processes evenly.
        TrainingError: The checkpoint is of another run, the run diverged, or a checkpoint cannot be written.
    """
    team = team or Team.current()
    if plan.micro_batches % team.size:
        raise InputError(f"{plan.micro_batches} micro-batches a step cannot be dealt to {team.size} processes evenly")
    run = _Stage(model, data, plan, hardware, team)
    checkpoint = checkpoint_path(run_dir, plan)
    identity = {"plan": asdict(plan), "encoder": model.config.to_json(), **(identity or {})}
    run_dir.mkdir(parents=True, exist_ok=True)
    if checkpoint.is_file():
        run.resume(checkpoint, identity)
        if team.leads and say is not None:
            say(_goes_on(plan, run.progress.step))
    with ExitStack() as stack:
        done = run.progress.step
        journal = stack.enter_context(RunJournal(run_dir, plan.stage, done=done)) if team.leads else None
        scores: dict[str, MaskedScores] = {}
        for record in run.steps():
            if team.leads:
                _tell(record, journal, report)
            at_end = record.step == plan.max_steps
            if at_end or (evaluate_every and record.step % evaluate_every == 0):
                scores = run.evaluate(journal)
            if at_end or record.step % checkpoint_every == 0:
                run.save(checkpoint, identity)
    return StageResult(run.progress, scores or run.evaluate(None))


def seconds_per_step(
    model: LogEncoderModel, data: TrainingData, plan: PretrainPlan, *, hardware: Hardware, team: Team
) -> float:
    """Mean time of a step, by a few steps with a learning rate of 0, which leave the weights as they are."""
    trial = replace(plan, learning_rate=0.0, max_steps=_WARM_STEPS + _TIMED_STEPS)
    seconds = [record.seconds for record in _Stage(model, data, trial, hardware, team).steps()]
    (total,) = team.add_up(seconds[-1] - seconds[_WARM_STEPS - 1], device=hardware.device)
    return total / team.size / _TIMED_STEPS


def checkpoint_path(run_dir: Path, plan: PretrainPlan) -> Path:
    """Where the checkpoint of a stage lies."""
    return run_dir / f"{plan.stage}.checkpoint.pt"


class _Stage:
    """What changes while a stage runs: weights, optimiser, guard, progress."""

    def __init__(
        self, model: LogEncoderModel, data: TrainingData, plan: PretrainPlan, hardware: Hardware, team: Team
    ) -> None:
        self.model, self.data, self.plan, self.hardware, self.team = model, data, plan, hardware, team
        self.optimizer = EncoderOptimizer(model, kind=plan.optimizer, weight_decay=plan.weight_decay)
        self.guard = DivergenceGuard()
        self.progress = Progress()
        model.train()

    def resume(self, checkpoint: Path, identity: Mapping[str, Any]) -> None:
        self.progress, losses = restore_checkpoint(checkpoint, self.model, self.optimizer, identity=identity)
        self.guard = DivergenceGuard(losses, self.progress.skipped_in_a_row)

    def save(self, checkpoint: Path, identity: Mapping[str, Any]) -> None:
        save_checkpoint(
            checkpoint,
            self.model,
            self.optimizer,
            identity=identity,
            progress=self.progress,
            losses=list(self.guard.losses),
            team=self.team,
        )

    def steps(self) -> Iterator[StepRecord]:
        """Do the steps that are left, one record after each."""
        plan, progress = self.plan, self.progress
        started = time.perf_counter()
        for batches in self._batches():
            rate = learning_rate(plan, progress.step)
            result = step_gradient(self.model, batches, plan, hardware=self.hardware, team=self.team)
            norm = float(whole(torch.nn.utils.clip_grad_norm_(self.model.parameters(), plan.max_gradient_norm)))
            if self.guard.accepts(result.loss, norm):
                self.optimizer.step(rate)
            else:
                progress.skipped += 1
            progress.skipped_in_a_row = self.guard.skipped_in_a_row
            progress.step, progress.tokens = progress.step + 1, progress.tokens + result.tokens
            progress.seconds += time.perf_counter() - started
            yield StepRecord(
                stage=plan.stage,
                step=progress.step,
                loss_nats=result.loss,
                accuracy=result.accuracy,
                learning_rate=rate,
                gradient_norm=norm,
                tokens=progress.tokens,
                seconds=progress.seconds,
                skipped=progress.skipped,
            )
            started = time.perf_counter()

    def evaluate(self, journal: RunJournal | None) -> dict[str, MaskedScores]:
        """Scores on the held-out shards; every process computes them, since sharded weights need all of them."""
        scores = {
            split: score_masked(
                self.model, shard, roles=self.data.roles, token_bytes=self.data.token_bytes, hardware=self.hardware
            )
            for split, shard in self.data.held_out.items()
        }
        self.team.spread_again(self.model)
        if journal is not None:
            for split, values in scores.items():
                journal.scores(self.progress.step, split, values)
        return scores

    def _batches(self) -> Iterator[list[MicroBatch]]:
        """This process's micro-batches of each step that is left."""
        steps = steps_of_batches(self.data.train, self.data.weights, self.plan, start=self.progress.step)
        mine = (numbered[self.team.rank :: self.team.size] for numbered in steps)
        # On a CPU another thread would only take time from the model; a teacher computes on the same device.
        in_background = self.hardware.device.type != "cpu" and self.data.targets is None
        return computed_ahead(self._micro_batches, mine) if in_background else map(self._micro_batches, mine)

    def _micro_batches(self, numbered: list[tuple[int, np.ndarray]]) -> list[MicroBatch]:
        return [
            make_micro_batch(
                self.data.train,
                number,
                indices,
                self.plan,
                roles=self.data.roles,
                vocab_size=self.model.config.vocab_size,
                targets=self.data.targets,
                kin=self.data.kin,
            )
            for number, indices in numbered
        ]


def _goes_on(plan: PretrainPlan, step: int) -> str:
    if step == plan.max_steps:
        return f"{plan.stage}: all {step:,} steps were done before"
    return f"{plan.stage}: goes on from step {step:,} of {plan.max_steps:,}, the last checkpoint of an earlier run"


def _tell(record: StepRecord, journal: RunJournal | None, report: Report | None) -> None:
    if journal is not None:
        journal.step(record)
    if report is not None:
        report(record)
