"""The head: sets of words, shares of events, save and load."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from loglm.detection.calibration import Calibration, ChannelBasis
from loglm.detection.head import AttackHead
from loglm.detection.highlights import highlights
from loglm.errors import ModelError
from loglm.findings import Level, RuleHit

BAD, GOOD = "x\nCommandLine=mimikatz dump", "x\nCommandLine=notepad"


def tiny_head() -> AttackHead:
    weights = np.asarray([[4, 5, 0], [2, 1, 0], [-4, 0, 1]], np.float32)
    words = ("mimikatz", "dump", "notepad")
    return AttackHead(("T1003", "T1059"), words, np.ones(3, np.float32), weights, np.zeros(3, np.float32))


def columns(head: AttackHead, *texts: str) -> list[np.ndarray]:
    return [head.columns(text) for text in texts]


def test_score_windows_tells_attack_and_technique() -> None:
    head = tiny_head()
    scores = head.score_windows([columns(head, BAD, GOOD), columns(head, GOOD, GOOD)])
    assert scores.attack[0] > 0.5 > scores.attack[1]
    assert scores.technique.argmax(axis=1).tolist() == [0, 1]
    assert np.allclose(scores.technique.sum(axis=1), 1)


def test_score_windows_counts_a_word_once_and_in_any_order() -> None:
    head = tiny_head()
    once, often, turned = head.score_windows(
        [columns(head, BAD, GOOD), columns(head, GOOD, BAD, GOOD, GOOD), columns(head, GOOD, BAD)]
    ).attack
    assert once == often == turned


def test_score_windows_follows_the_definition() -> None:
    head = tiny_head()
    (attack,) = head.score_windows([columns(head, BAD, GOOD)]).attack
    assert attack == pytest.approx(1 / (1 + np.exp(-(4 + 2 - 4) / np.sqrt(3))), rel=1e-5)


def test_a_window_without_known_words_gets_the_bias() -> None:
    head = tiny_head()
    scores = head.score_windows([[np.zeros(0, np.int32)], []])
    assert scores.attack.tolist() == [0.5, 0.5]


def test_contributions_point_at_the_event_and_sum_to_one() -> None:
    head = tiny_head()
    shares = head.contributions(columns(head, GOOD, BAD, BAD), 0)
    assert shares.tolist() == pytest.approx([0, 0.5, 0.5])
    assert head.contributions(columns(head, "x", "y"), 0).tolist() == [0.5, 0.5]


def test_highlights_are_the_words_of_values_that_weigh_most() -> None:
    assert highlights(BAD, tiny_head(), 0) == ("mimikatz", "dump")
    assert highlights("x\nmimikatz=notepad <dump>", tiny_head(), 0) == ()


def test_head_survives_saving(tmp_path: Path) -> None:
    tiny_head().save(tmp_path)
    assert AttackHead.load(tmp_path).words == tiny_head().words
    window = [columns(tiny_head(), BAD)]
    assert np.array_equal(
        AttackHead.load(tmp_path).score_windows(window).technique, tiny_head().score_windows(window).technique
    )


def test_load_names_the_folder_without_a_head(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=tmp_path.name):
        AttackHead.load(tmp_path)


def test_load_refuses_parts_that_do_not_fit_and_other_formats(tmp_path: Path) -> None:
    tiny_head().save(tmp_path)
    (tmp_path / "words.txt").write_text("mimikatz\n")
    with pytest.raises(ModelError, match="does not fit"):
        AttackHead.load(tmp_path)
    labels = json.loads((tmp_path / "labels.json").read_text()) | {"format": 1}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    with pytest.raises(ModelError, match="format 1, expected 2"):
        AttackHead.load(tmp_path)


@pytest.mark.parametrize("kept", [0, 60], ids=["empty", "overwritten"])
def test_load_names_the_folder_of_broken_weights(tmp_path: Path, kept: int) -> None:
    tiny_head().save(tmp_path)
    weights = (tmp_path / "head.npz").read_bytes()
    broken = weights[:kept] + b"\xff" * 40 + weights[kept + 40 :] if kept else b""
    (tmp_path / "head.npz").write_bytes(broken)
    with pytest.raises(ModelError, match="cannot be read"):
        AttackHead.load(tmp_path)


def test_fuse_raises_what_a_rule_names() -> None:
    calibration = Calibration(rule_attack=(0, 0, 2, 3, 4), rule_technique=(0, 0, 2, 3, 4))
    technique = np.asarray([0.2, 0.8], np.float32)
    hit = RuleHit("id", "title", Level.CRITICAL, ("T1003.001",))
    attack, fused = calibration.fuse(0.5, technique, [hit], ("T1003", "T1059"))
    assert attack > 0.9
    assert fused[0] > fused[1]
    assert calibration.fuse(0.5, technique, [], ("T1003", "T1059")) == (0.5, technique)


def test_a_channel_without_a_threshold_of_its_own_has_that_of_all() -> None:
    calibration = Calibration(0.9, {"windows/security": 0.7})
    assert calibration.threshold_for("windows/security") == 0.7
    assert calibration.threshold_for("windows/new") == calibration.threshold_for("zeek/dns") == 0.9


@pytest.mark.parametrize(
    ("attack", "channel", "level"),
    [
        (0.69, "windows/security", Level.LOW),
        (0.7, "windows/security", Level.MEDIUM),
        (0.95, "windows/security", Level.HIGH),
        (0.93, "zeek/dns", Level.LOW),
        (0.99, "zeek/dns", Level.MEDIUM),
    ],
)
def test_level_follows_from_the_thresholds(attack: float, channel: str, level: Level) -> None:
    assert Calibration(0.94, {"windows/security": 0.7}).level(attack, [], channel=channel) == level


def test_level_is_never_below_a_rule_that_hit() -> None:
    hit = RuleHit("id", "title", Level.CRITICAL, ())
    assert Calibration(0.94).level(0.1, [hit], channel="zeek/dns") == Level.CRITICAL


def test_calibration_survives_saving(tmp_path: Path) -> None:
    calibration = Calibration(0.7, {"linux/auth": 0.9}, {"linux/auth": ChannelBasis(200, 2, 0)})
    calibration.save(tmp_path)
    assert Calibration.load(tmp_path) == calibration
