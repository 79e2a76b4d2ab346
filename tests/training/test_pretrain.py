"""The training loop: what it writes, what it refuses, and that an interrupted stage ends as an uninterrupted one."""

from __future__ import annotations

import contextlib
import csv
import resource
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import EmptyInputError, InputError, TrainingError  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.tokenizer.bpe import TokenRoles  # noqa: E402
from loglm.training import pretrain as pretraining  # noqa: E402
from loglm.training.hardware import Hardware, choose_hardware  # noqa: E402
from loglm.training.plan import PretrainPlan  # noqa: E402
from loglm.training.pretrain import StageResult, TrainingData, pretrain, seconds_per_step  # noqa: E402
from loglm.training.team import Team  # noqa: E402

PLAN = PretrainPlan("masked", 6, batch_tokens=128, warmup_steps=2)
HARDWARE = choose_hardware(device="cpu", precision="fp32")
BF16 = Hardware(torch.device("cpu"), bfloat16=True)
"""As `choose_hardware` gives it where the processor computes in bf16; others emulate it."""


@pytest.fixture
def data(shard: TokenShard, roles: TokenRoles, tiny_config: EncoderConfig) -> TrainingData:
    token_bytes = np.full(tiny_config.vocab_size, 2)
    return TrainingData(shard, np.ones(len(shard)), roles, token_bytes, {"idts": shard})


@pytest.fixture
def model(tiny_config: EncoderConfig) -> LogEncoderModel:
    torch.manual_seed(0)
    return LogEncoderModel(tiny_config)


def unit_vectors(rows: Sequence[np.ndarray]) -> np.ndarray:
    """What a teacher of 16 numbers might give."""
    vectors = np.stack([np.cos(np.outer(row, np.arange(1, 17))).sum(axis=0) for row in rows])
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def train(
    model: LogEncoderModel,
    data: TrainingData,
    folder: Path,
    plan: PretrainPlan = PLAN,
    *,
    kill_after: int = 99,
    hardware: Hardware = HARDWARE,
) -> StageResult:
    """Train, or stop in the middle of the step after ``kill_after``, as a kill does."""

    def report(record: object) -> None:
        if getattr(record, "step", 0) > kill_after:
            raise KeyboardInterrupt

    return pretrain(
        model, data, plan, run_dir=folder, hardware=hardware, evaluate_every=3, checkpoint_every=3, report=report
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("stage", "hardware"),
    [("masked", HARDWARE), ("contrastive", HARDWARE), ("distilled", HARDWARE), ("masked", BF16)],
    ids=["masked", "contrastive", "distilled", "bf16"],
)
def test_an_interrupted_stage_ends_with_the_same_weights_and_logs(
    tmp_path: Path, data: TrainingData, tiny_config: EncoderConfig, stage: str, hardware: Hardware
) -> None:
    plan = replace(PLAN, stage=stage)  # type: ignore[arg-type]
    data = replace(data, targets=unit_vectors if stage == "distilled" else None)
    ends = {}
    for name, kill_after in (("whole", 99), ("cut", 4), ("cut", 99)):
        torch.manual_seed(0)
        model = LogEncoderModel(tiny_config)
        with contextlib.suppress(KeyboardInterrupt):
            train(model, data, tmp_path / name, plan, kill_after=kill_after, hardware=hardware)
        ends[name] = model.state_dict()
    for key, weight in ends["whole"].items():
        assert torch.equal(weight, ends["cut"][key]), key
    for name in ("steps.csv", "scores.csv"):
        whole, cut = rows(tmp_path / "whole" / name), rows(tmp_path / "cut" / name)
        assert [row | {"seconds": ""} for row in whole] == [row | {"seconds": ""} for row in cut]


def test_bf16_changes_what_is_computed_and_not_how_weights_are_kept(
    tmp_path: Path, data: TrainingData, tiny_config: EncoderConfig
) -> None:
    losses = {}
    for hardware in (HARDWARE, BF16):
        torch.manual_seed(0)
        model = LogEncoderModel(tiny_config)
        train(model, data, tmp_path / str(hardware), hardware=hardware)
        assert {weight.dtype for weight in model.state_dict().values()} == {torch.float32}
        losses[str(hardware)] = float(rows(tmp_path / str(hardware) / "steps.csv")[0]["loss_nats"])
    assert losses["cpu, bf16"] != losses["cpu, fp32"]
    assert losses["cpu, bf16"] == pytest.approx(losses["cpu, fp32"], rel=0.02)


def test_steps_scores_and_tensorboard_are_written(tmp_path: Path, model: LogEncoderModel, data: TrainingData) -> None:
    result = train(model, data, tmp_path)
    assert [row["step"] for row in rows(tmp_path / "steps.csv")] == list("123456")
    scores = rows(tmp_path / "scores.csv")
    assert [(row["step"], row["split"]) for row in scores] == [("3", "idts"), ("6", "idts")]
    assert float(scores[-1]["bits_per_byte"]) == pytest.approx(result.scores["idts"].bits_per_byte, rel=1e-4)
    assert result.scores["idts"].bits_per_byte == pytest.approx(result.scores["idts"].loss_nats / np.log(2) / 2)
    assert list((tmp_path / "tensorboard" / "masked").glob("events.*"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"max_steps": 7}, "--steps .masked stage. 6 there, 7 asked"), ({"seed": 1}, "--seed 0 there, 1")],
    ids=["steps", "seed"],
)
def test_the_checkpoint_of_another_plan_is_refused(
    tmp_path: Path, model: LogEncoderModel, data: TrainingData, change: dict[str, int], reason: str
) -> None:
    train(model, data, tmp_path)
    with pytest.raises(TrainingError, match=reason):
        train(model, data, tmp_path, replace(PLAN, **change))  # type: ignore[arg-type]


def test_the_checkpoint_of_another_size_is_refused(
    tmp_path: Path, model: LogEncoderModel, data: TrainingData, tiny_config: EncoderConfig
) -> None:
    train(model, data, tmp_path)
    with pytest.raises(TrainingError, match=r"--size .width. 16 there, 32 asked"):
        train(LogEncoderModel(replace(tiny_config, width=32)), data, tmp_path)


def test_a_broken_checkpoint_is_refused(tmp_path: Path, model: LogEncoderModel, data: TrainingData) -> None:
    (tmp_path / "masked.checkpoint.pt").write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="not a checkpoint"):
        train(model, data, tmp_path)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, model: LogEncoderModel, data: TrainingData) -> None:
    with contextlib.suppress(KeyboardInterrupt):
        train(model, data, tmp_path, kill_after=3)
    checkpoint = tmp_path / "masked.checkpoint.pt"
    before = checkpoint.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))  # the disk takes so many bytes of a file
    try:
        with pytest.raises(TrainingError, match=r"checkpoint cannot be written .* make room on the disk"):
            train(model, data, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert checkpoint.read_bytes() == before
    assert not list(tmp_path.glob(".*"))


def test_a_diverging_run_ends_with_advice(tmp_path: Path, model: LogEncoderModel, data: TrainingData) -> None:
    with torch.no_grad():
        model.mlm_bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"25 steps in a row .* lower --learning-rate"):
        train(model, data, tmp_path, replace(PLAN, max_steps=40))
    assert [row["skipped"] for row in rows(tmp_path / "steps.csv")] == [str(n) for n in range(1, 25)]


@pytest.mark.parametrize("bad", [float("nan"), 1e6], ids=["not finite", "spike"])
def test_one_bad_step_changes_nothing(
    tmp_path: Path, model: LogEncoderModel, data: TrainingData, monkeypatch: pytest.MonkeyPatch, bad: float
) -> None:
    """The last of 40 steps has a loss that is bad, and its gradient with it."""
    plan = replace(PLAN, max_steps=40)
    gradient = pretraining.step_gradient
    losses: list[float] = []
    before: dict[str, torch.Tensor] = {}

    def last_is_bad(*given: object, **more: object) -> object:
        result = gradient(*given, **more)  # type: ignore[arg-type]
        losses.append(result.loss)
        if len(losses) < 40:
            return result
        before.update({name: weight.detach().clone() for name, weight in model.state_dict().items()})
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad.fill_(bad)
        return replace(result, loss=bad)

    monkeypatch.setattr(pretraining, "step_gradient", last_is_bad)
    result = train(model, data, tmp_path, plan)
    assert (result.progress.step, result.progress.skipped) == (40, 1)
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_timing_steps_leaves_the_weights_alone(model: LogEncoderModel, data: TrainingData) -> None:
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert seconds_per_step(model, data, PLAN, hardware=HARDWARE, team=Team()) > 0
    for name, weight in model.state_dict().items():
        assert torch.equal(weight, before[name]), name


def test_an_empty_shard_is_refused(roles: TokenRoles) -> None:
    empty = TokenShard.from_sequences([], [], ("none",))
    with pytest.raises(EmptyInputError, match="no sequence"):
        TrainingData(empty, np.ones(0), roles, np.ones(64))


def test_a_tokenizer_with_too_few_tokens_is_refused(shard: TokenShard, roles: TokenRoles) -> None:
    with pytest.raises(InputError, match="tokenizer does not fit the corpus"):
        TrainingData(shard, np.ones(len(shard)), roles, np.ones(20))
