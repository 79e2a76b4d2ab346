"""A step's gradient does not depend on how its events are cut into micro-batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.tokenizer.bpe import TokenRoles  # noqa: E402
from loglm.training.hardware import choose_hardware  # noqa: E402
from loglm.training.objectives import MicroBatch, StepLoss, make_micro_batch, step_gradient  # noqa: E402
from loglm.training.plan import PretrainPlan  # noqa: E402
from loglm.training.team import Team  # noqa: E402


def gradient(
    config: EncoderConfig, batches: list[MicroBatch], plan: PretrainPlan
) -> tuple[StepLoss, dict[str, torch.Tensor]]:
    torch.manual_seed(0)
    model = LogEncoderModel(config)
    hardware = choose_hardware(device="cpu", precision="fp32")
    loss = step_gradient(model, batches, plan, hardware=hardware, team=Team())
    return loss, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_distances_to_the_teacher_add_up(shard: TokenShard, roles: TokenRoles, tiny_config: EncoderConfig) -> None:
    plan = PretrainPlan("distilled", 1, masked_loss_weight=0.0)

    def targets(rows: Sequence[np.ndarray]) -> np.ndarray:
        return np.eye(16, dtype=np.float32)[[len(row) % 16 for row in rows]]

    def batch(first: int, last: int) -> MicroBatch:
        indices = np.arange(first, last)
        return make_micro_batch(shard, 0, indices, plan, roles=roles, vocab_size=64, targets=targets)

    one, one_gradient = gradient(tiny_config, [batch(0, 12)], plan)
    two, two_gradient = gradient(tiny_config, [batch(0, 3), batch(3, 12)], plan)
    assert (two.loss, two.accuracy) == pytest.approx((one.loss, one.accuracy), rel=1e-5)
    assert one.loss == pytest.approx(1 - one.accuracy, rel=1e-5)
    assert one_gradient.keys() == two_gradient.keys()
    for name, value in one_gradient.items():
        torch.testing.assert_close(two_gradient[name], value, rtol=1e-4, atol=1e-6)


def test_hidden_tokens_are_learned_beside_the_teacher_where_wanted(
    shard: TokenShard, roles: TokenRoles, tiny_config: EncoderConfig
) -> None:
    plan = PretrainPlan("distilled", 1, masked_loss_weight=0.5)
    batch = make_micro_batch(
        shard, 0, np.arange(4), plan, roles=roles, vocab_size=64, targets=lambda rows: np.eye(4, 16, dtype=np.float32)
    )
    whole, masked = batch.views
    assert (whole[2] == -100).all()
    assert (masked[2] != -100).any()
    _, found = gradient(tiny_config, [batch], plan)
    assert found["mlm_bias"].abs().sum() > 0


def test_an_event_drawn_twice_is_no_negative_of_itself(shard: TokenShard, roles: TokenRoles) -> None:
    plan = PretrainPlan("contrastive", 1)
    batch = make_micro_batch(shard, 0, np.asarray([3, 5, 3]), plan, roles=roles, vocab_size=64)
    assert batch.alike is not None
    assert batch.alike.tolist() == [[True, False, True], [False, True, False], [True, False, True]]


def test_micro_batches_add_up_to_the_joint_batch(
    shard: TokenShard, roles: TokenRoles, tiny_config: EncoderConfig
) -> None:
    plan = PretrainPlan("masked", 1)
    whole = make_micro_batch(shard, 0, np.arange(12), plan, roles=roles, vocab_size=64)
    ((ids, attention, labels),) = whole.views
    parts = [MicroBatch([(ids[r], attention[r], labels[r])], seed=0) for r in (slice(0, 3), slice(3, 12))]
    assert parts[0].hidden != whole.hidden // 2, "parts of equal weight would show nothing"
    one, one_gradient = gradient(tiny_config, [whole], plan)
    two, two_gradient = gradient(tiny_config, parts, plan)
    assert (two.loss, two.accuracy) == pytest.approx((one.loss, one.accuracy), rel=1e-5)
    assert one_gradient.keys() == two_gradient.keys()
    for name, value in one_gradient.items():
        torch.testing.assert_close(two_gradient[name], value, rtol=1e-4, atol=1e-6)
