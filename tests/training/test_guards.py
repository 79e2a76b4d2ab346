"""Which steps are left out, and when a run is given up."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.errors import TrainingError
from loglm.training.guards import DivergenceGuard


def warm_guard() -> DivergenceGuard:
    return DivergenceGuard([3.0 + 0.1 * (i % 3) for i in range(64)])


@pytest.mark.parametrize(
    ("loss", "norm", "accepted"),
    [(3.2, 1.0, True), (math.nan, 1.0, False), (3.0, math.inf, False), (3.9, 1.0, True), (4.5, 1.0, False)],
    ids=["usual", "NaN loss", "infinite gradient", "a little high", "spike"],
)
def test_guard_leaves_out_what_is_not_finite_or_jumps(loss: float, norm: float, accepted: bool) -> None:
    assert warm_guard().accepts(loss, norm) == accepted


def test_guard_knows_no_spike_before_it_has_seen_some_losses() -> None:
    assert DivergenceGuard([3.0] * 5).accepts(50.0, 1.0)


def test_guard_gives_up_after_many_in_a_row_only() -> None:
    guard = warm_guard()
    for _ in range(3):
        for _ in range(24):
            assert not guard.accepts(math.nan, 1.0)
        assert guard.accepts(3.0, 1.0)
    for _ in range(24):
        guard.accepts(math.nan, 1.0)
    with pytest.raises(TrainingError, match="training diverged"):
        guard.accepts(math.nan, 1.0)
