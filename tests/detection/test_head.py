"""The additive head: pooling, save and load, shares of events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglm.detection.calibration import Calibration
from loglm.detection.features import event_features, hash_features, hash_names
from loglm.detection.head import AttackHead, EventScores
from loglm.errors import ModelError
from loglm.findings import Level, RuleHit


def tiny_head() -> AttackHead:
    index = np.unique(hash_names(["a:mimikatz", "a:notepad"])).astype(np.int32)
    weights = np.zeros((2, 4), np.float32)
    bad = int(np.flatnonzero(index == hash_names(["a:mimikatz"])[0])[0])
    weights[bad] = [1, 4, 5, 0]
    weights[1 - bad] = [0, -4, 0, 1]
    return AttackHead(
        ("T1003", "T1059"), index, weights, np.zeros(4, np.float32), np.ones(2, np.float32), None, (1.0, 0.0), 1.0
    )


def test_score_windows_follows_the_event_with_most_attention() -> None:
    head = tiny_head()
    events = head.score_events(["x\nCommandLine=mimikatz", "x\nCommandLine=notepad"])
    scores = head.score_windows(events, [[0, 1], [1, 1]])
    assert scores.attack[0] > 0.5 > scores.attack[1]
    assert scores.technique[0].argmax() == 0
    assert scores.weights[0][0] > scores.weights[0][1]
    assert np.allclose(scores.technique.sum(axis=1), 1)


def test_score_windows_does_not_depend_on_the_order_of_events() -> None:
    random = np.random.default_rng(0)
    events = EventScores(random.normal(size=5), random.normal(size=5), random.normal(size=(5, 2)))
    head = tiny_head()
    a, b = head.score_windows(events, [[0, 1, 2, 3, 4]]), head.score_windows(events, [[4, 2, 0, 1, 3]])
    assert a.attack == pytest.approx(b.attack)


def test_head_survives_saving(tmp_path: Path) -> None:
    tiny_head().save(tmp_path)
    loaded = AttackHead.load(tmp_path)
    assert loaded.labels == ("T1003", "T1059")
    text = ["x\nCommandLine=mimikatz"]
    assert np.array_equal(loaded.score_events(text).technique, tiny_head().score_events(text).technique)


def test_load_names_the_folder_without_a_head(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=tmp_path.name):
        AttackHead.load(tmp_path)


def test_feature_scores_agree_with_the_weights() -> None:
    scores = tiny_head().feature_scores(["a:mimikatz", "a:unheard"], 0)
    assert scores[0] == pytest.approx(9.0)
    assert scores[1] == 0


def test_hash_features_have_unit_length_and_hash_names_agrees() -> None:
    text = "windows/sysmon 1\nImage=C:\\a.exe"
    rows = hash_features([text])
    assert rows.multiply(rows).sum() == pytest.approx(1.0, abs=1e-5)
    assert set(rows.indices) == set(hash_names(sorted(set(event_features(text)))).tolist())


def test_fuse_raises_what_a_rule_names() -> None:
    calibration = Calibration(rule_attack=(0, 0, 2, 3, 4), rule_technique=(0, 0, 2, 3, 4))
    technique = np.asarray([0.2, 0.8], np.float32)
    hit = RuleHit("id", "title", Level.CRITICAL, ("T1003.001",))
    attack, fused = calibration.fuse(0.5, technique, [hit], ("T1003", "T1059"))
    assert attack > 0.9
    assert fused[0] > fused[1]
    assert calibration.fuse(0.5, technique, [], ("T1003", "T1059")) == (0.5, technique)
