"""Scores and intervals of the attack benchmark."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from loglm.errors import EmptyInputError
from loglm.evaluation.attack_metrics import (
    ChannelThresholds,
    alert_threshold,
    average_precision,
    bootstrap_interval,
    calibration_error,
    channel_thresholds,
    recording_ranking,
    seed_interval,
)


def test_a_ranking_weighs_windows_by_their_attack_score() -> None:
    ranking = recording_ranking(np.array([0.9, 0.1]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert ranking == pytest.approx([0.9, 0.1])


def test_a_ranking_leaves_out_windows_beyond_the_first_eight() -> None:
    attack = np.array([0.9] * 8 + [0.8] * 100)
    technique = np.array([[1.0, 0.0]] * 8 + [[0.0, 1.0]] * 100)
    assert recording_ranking(attack, technique) == pytest.approx([1.0, 0.0])


def test_a_ranking_of_windows_that_name_nothing_is_zero() -> None:
    assert recording_ranking(np.zeros(2), np.zeros((2, 3))).tolist() == [0, 0, 0]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("ties", [False, True])
def test_a_threshold_keeps_to_the_budget(share: float, ties: bool) -> None:
    clean = np.random.default_rng(0).random(500)
    if ties:
        clean = clean.round(1)
    alerts = (clean >= alert_threshold(clean, share)).mean()
    assert alerts <= share
    if not ties:
        assert alerts == pytest.approx(share, abs=1 / len(clean))


@pytest.mark.parametrize("decimals", [1, 6])
def test_average_precision_is_that_of_scikit_learn(decimals: int) -> None:
    random = np.random.default_rng(1)
    positive = (random.random(40) ** 0.5).round(decimals)
    negative = random.random(200).round(decimals)
    truth = np.repeat([1, 0], [40, 200])
    expected = average_precision_score(truth, np.concatenate([positive, negative]))
    assert average_precision(positive, negative) == pytest.approx(expected)


def test_average_precision_without_positives_is_not_a_number() -> None:
    assert np.isnan(average_precision(np.zeros(0), np.ones(3)))


@pytest.mark.parametrize(
    ("score", "truth", "weight", "expected"),
    [
        ([0.75] * 4, [1, 1, 1, 0], [1.0] * 4, 0.0),
        ([1.0] * 4, [0, 0, 0, 0], [1.0] * 4, 1.0),
        ([0.9, 0.9], [1, 0], [3.0, 1.0], 0.15),
    ],
)
def test_calibration_error(score: list[float], truth: list[int], weight: list[float], expected: float) -> None:
    assert calibration_error(np.array(score), np.array(truth), np.array(weight)) == pytest.approx(expected)


def test_a_bootstrap_interval_holds_the_spread_over_seeds() -> None:
    same = bootstrap_interval(np.ones((2, 50)))
    assert (same.low, same.high) == (1.0, 1.0)
    apart = bootstrap_interval(np.stack([np.zeros(50), np.ones(50)]))
    assert (apart.mean, apart.low, apart.high) == (0.5, 0.0, 1.0)


def test_a_bootstrap_interval_narrows_with_more_recordings() -> None:
    few, many = (bootstrap_interval(np.tile([0.0, 1.0], (1, n))) for n in (10, 1000))
    assert few.low < many.low < 0.5 < many.high < few.high


def test_an_interval_over_seeds_is_students() -> None:
    interval = seed_interval([1.0, 2.0, 3.0])
    assert interval.mean == pytest.approx(2.0)
    assert interval.high - interval.mean == pytest.approx(4.3027 / 3**0.5, rel=1e-4)


def test_one_seed_has_no_interval() -> None:
    interval = seed_interval([0.5])
    assert interval.mean == 0.5
    assert np.isnan(interval.low)


def _thresholds(
    parts: list[tuple[str, str, np.ndarray]], *, share: float = 0.1, background_share: float = 0.1
) -> ChannelThresholds:
    """Of (channel, ``clean`` or ``background`` or ``attack``, scores)."""
    kind = np.repeat([kind for _, kind, _ in parts], [len(scores) for _, _, scores in parts])
    channel = [name for name, _, scores in parts for _ in scores]
    score = np.concatenate([scores for _, _, scores in parts]).astype(np.float32)
    return channel_thresholds(
        score, channel, kind == "clean", kind == "background", share=share, background_share=background_share
    )


def test_a_large_channel_does_not_swamp_the_threshold_of_all() -> None:
    thresholds = _thresholds([("a/b", "clean", np.zeros(50_000)), ("c/d", "clean", np.linspace(0.5, 0.9, 100))])
    assert thresholds.everywhere == pytest.approx(0.66, abs=0.01)
    assert thresholds.of("c/d") == thresholds.everywhere


@pytest.mark.parametrize(("count", "raised"), [(199, False), (200, True)])
def test_a_channel_with_enough_clean_windows_has_its_own_threshold(count: int, raised: bool) -> None:
    high = np.linspace(0.5, 1, count)
    thresholds = _thresholds([("a/b", "clean", high), *((f"c/{i}", "clean", np.zeros(400)) for i in range(9))])
    assert thresholds.everywhere < 0.6
    assert (thresholds.of("a/b") > thresholds.everywhere) is raised
    assert bool((high >= thresholds.of("a/b")).mean() <= 0.1) is raised


def test_an_unfamiliar_channel_alerts_above_every_clean_window_only() -> None:
    clean = np.linspace(0, 0.8, 300)
    thresholds = _thresholds([("a/b", "clean", clean), ("c/d", "clean", clean[:19]), ("e/f", "attack", np.ones(500))])
    assert thresholds.everywhere < 0.8 < thresholds.unfamiliar
    for channel in ("c/d", "e/f", "never/seen"):
        assert thresholds.of(channel) == thresholds.unfamiliar


def test_a_quiet_channel_keeps_the_threshold_of_all() -> None:
    thresholds = _thresholds([("a/b", "clean", np.linspace(0, 1, 500)), ("c/d", "clean", np.zeros(500))])
    assert thresholds.of("c/d") == thresholds.everywhere > 0.5


def test_few_clean_windows_of_a_channel_with_background_do_not_set_the_threshold_of_all() -> None:
    odd = ("odd/one", "clean", np.ones(24))
    usual = [("a/b", "clean", np.linspace(0, 0.4, 300))]
    background = ("odd/one", "background", np.linspace(0, 1, 100))
    assert _thresholds([odd, *usual], share=0.05).everywhere >= 1.0
    assert _thresholds([odd, background, *usual], share=0.05).everywhere < 0.5


def test_clean_windows_of_channels_with_background_alone_still_set_the_threshold_of_all() -> None:
    clean, background = ("a/b", "clean", np.linspace(0, 0.8, 50)), ("a/b", "background", np.linspace(0, 0.4, 100))
    thresholds = _thresholds([clean, background])
    assert 0.6 < thresholds.everywhere < 0.8 < thresholds.unfamiliar


@pytest.mark.parametrize(("count", "raised"), [(99, False), (100, True)])
def test_background_raises_the_threshold_of_its_channel_only(count: int, raised: bool) -> None:
    high = np.linspace(0.5, 1, count)
    clean = np.linspace(0, 0.4, 300)
    parts = [("a/b", "clean", clean), ("x/sysmon", "background", high), ("x/sysmon", "attack", np.ones(1000))]
    thresholds = _thresholds(parts, background_share=0.25)
    assert thresholds.everywhere == thresholds.of("a/b") < 0.4
    assert (thresholds.of("x/sysmon") > thresholds.unfamiliar) is raised
    assert bool((high >= thresholds.of("x/sysmon")).mean() <= 0.25) is raised


def test_attack_windows_set_no_threshold() -> None:
    clean = [("a/b", "clean", np.linspace(0, 0.4, 300))]
    assert _thresholds([*clean, ("a/b", "attack", np.ones(1000))]) == _thresholds(clean)


def test_thresholds_without_clean_windows_are_refused() -> None:
    with pytest.raises(EmptyInputError, match="no clean windows"):
        _thresholds([("a/b", "background", np.ones(500))])
