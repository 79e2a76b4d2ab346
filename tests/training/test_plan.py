"""Schedules of the learning rate, and plans that cannot be carried out."""

from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.errors import InputError
from loglm.training.plan import PretrainPlan, Schedule, learning_rate


@pytest.mark.parametrize("schedule", ["cosine", "wsd"])
def test_rate_warms_up_and_ends_near_a_tenth(schedule: Schedule) -> None:
    plan = PretrainPlan("masked", 1_000, learning_rate=1.0, schedule=schedule, warmup_steps=10)
    assert [learning_rate(plan, step) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert learning_rate(plan, 999) == pytest.approx(0.1, abs=0.01)


def test_wsd_is_stable_where_cosine_falls() -> None:
    plans = [PretrainPlan("masked", 1_000, learning_rate=1.0, schedule=s, warmup_steps=0) for s in ("wsd", "cosine")]
    assert [learning_rate(plan, 500) for plan in plans] == pytest.approx([1.0, 0.55])
    assert learning_rate(plans[0], 900) == pytest.approx(0.55)


@pytest.mark.parametrize("mask_share", [0.0, 1.0])
def test_mask_share_must_leave_something(mask_share: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        PretrainPlan("masked", 1, mask_share=mask_share)


def test_a_plan_has_steps() -> None:
    with pytest.raises(InputError, match="at least one step"):
        PretrainPlan("masked", 0)
