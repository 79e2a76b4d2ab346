"""How rare a score is among normal ones."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.score_tail import ScoreTail

NORMAL = np.random.default_rng(0).exponential(2.0, 5_000)


def test_bits_are_the_chance_of_a_normal_score_as_high() -> None:
    tail = ScoreTail.fit(NORMAL, least_excess=0.0)
    for score in (0.5, 3.0, 8.0, 16.0):
        (bits,) = tail.bits(np.asarray([score]))
        assert bits == pytest.approx(score / 2 / np.log(2), rel=0.1)  # exponential scores have an exponential tail


def test_units_and_places_of_scores_do_not_matter() -> None:
    asked = np.linspace(0, 20, 50)
    first, second = ScoreTail.fit(NORMAL, least_excess=0), ScoreTail.fit(7 * NORMAL - 3, least_excess=0)
    np.testing.assert_allclose(first.bits(asked), second.bits(7 * asked - 3), atol=1e-6)


def test_higher_scores_have_more_bits() -> None:
    bits = ScoreTail.fit(NORMAL, least_excess=0.1).bits(np.linspace(-1, 30, 200))
    assert bits[0] == 0
    assert (np.diff(bits) >= 0).all()


@pytest.mark.parametrize("scores", [[0.5], [0.5] * 20], ids=["one", "equal"])
def test_scores_that_do_not_vary_have_the_least_tail(scores: list[float]) -> None:
    bits = ScoreTail.fit(np.asarray(scores), least_excess=0.1).bits(np.asarray([0.5, 0.6, 0.7]))
    assert np.isfinite(bits).all()
    assert bits[0] < bits[1] < bits[2] < 10
