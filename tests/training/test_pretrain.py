"""Pretraining: content-only masking, resuming, export. Needs the train extra."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")


from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import InputError, ModelError  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.tokenizer.bpe import TokenRoles  # noqa: E402
from loglm.training.masking import ContentMasker  # noqa: E402
from loglm.training.pretrain import PretrainPlan, pretrain  # noqa: E402

CONFIG = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=64, max_tokens=32)
ROLES = TokenRoles([0, 1, 2, 3, 4, 10], line_end_id=10)


def shard(count: int = 40) -> TokenShard:
    random = np.random.default_rng(0)
    rows = [[2, *random.integers(5, 64, n).tolist(), 3] for n in random.integers(4, 20, count)]
    return TokenShard.from_sequences(rows, [0] * count, ("made",))


def model() -> LogEncoderModel:
    torch.manual_seed(0)
    return LogEncoderModel(CONFIG)


def run(folder: Path, steps: int, plan_steps: int = 6, *, stage: str = "masked") -> LogEncoderModel:
    plan = PretrainPlan(stage, plan_steps, batch_tokens=128, warmup_steps=2, checkpoint_every=3)  # type: ignore[arg-type]
    trained, data = model(), shard()

    def stop(state: object, rate: float) -> None:
        if getattr(state, "step", 0) > steps:
            raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        pretrain(trained, data, np.ones(len(data)), plan, roles=ROLES, run_dir=folder, report=stop)
    return trained


@pytest.mark.parametrize("stage", ["masked", "contrastive"])
def test_an_interrupted_run_ends_with_the_same_weights(tmp_path: Path, stage: str) -> None:
    whole = run(tmp_path / "whole", 99, stage=stage)
    run(tmp_path / "cut", 4, stage=stage)
    resumed = run(tmp_path / "cut", 99, stage=stage)
    for name, weight in whole.state_dict().items():
        assert torch.equal(weight, resumed.state_dict()[name]), name


def test_pretrain_refuses_the_checkpoint_of_another_plan(tmp_path: Path) -> None:
    run(tmp_path, 99)
    with pytest.raises(ModelError, match="another plan"):
        run(tmp_path, 99, plan_steps=7)


def test_pretrain_refuses_an_empty_shard(tmp_path: Path) -> None:
    empty = TokenShard.from_sequences([], [], ("none",))
    with pytest.raises(InputError, match="no sequence"):
        pretrain(model(), empty, np.ones(0), PretrainPlan("masked", 1), roles=ROLES, run_dir=tmp_path)


def test_content_masker_never_hides_a_delimiter() -> None:
    ids = torch.randint(0, 64, (50, 30))
    inputs, labels = ContentMasker(ROLES.delimiters, vocab_size=64, share=0.5)(ids)
    hidden = labels != -100
    assert hidden.any()
    assert not torch.isin(ids[hidden], torch.as_tensor(ROLES.delimiters)).any()
    assert torch.equal(inputs[~hidden], ids[~hidden])


def test_shard_survives_saving_and_rejects_other_files(tmp_path: Path) -> None:
    shard().save(tmp_path / "s.npz")
    assert np.array_equal(TokenShard.load(tmp_path / "s.npz").ids, shard().ids)
    (tmp_path / "bad.npz").write_bytes(b"no")
    with pytest.raises(InputError, match="not a token shard"):
        TokenShard.load(tmp_path / "bad.npz")
