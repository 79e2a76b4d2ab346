"""Reference windows, and the gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from loglm.adaptation.reference import (
    KnownScores,
    ReferenceWindows,
    known_scores,
    losses_in_words,
    reference_dir,
)
from loglm.artifacts.folder import default_model_dir, write_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.errors import ModelError


@pytest.fixture(scope="module")
def shipped() -> tuple[AttackHead, Calibration]:
    return AttackHead.load(default_model_dir()), Calibration.load(default_model_dir())


def test_shipped_windows_have_both_kinds_on_both_sides() -> None:
    reference = ReferenceWindows.load()
    for asked in (True, False):
        side = reference.side(asked=asked)
        assert len(side.rows) > 1_000
        assert 0.4 < side.attack.mean() < 0.6
    assert {"windows/sysmon", "windows/security", "linux/sshd", "aws/cloudtrail"} <= set(reference.channel)


def test_windows_survive_saving(tmp_path: Path) -> None:
    reference = ReferenceWindows.load()
    write_model_dir(tmp_path / "r", reference.save, about={"name": "r"})
    again = ReferenceWindows.load(tmp_path / "r")
    assert again.words == reference.words
    assert again.techniques == reference.techniques
    assert all(np.array_equal(a, b) for a, b in zip(again.rows, reference.rows, strict=True))


def test_altered_windows_are_refused(tmp_path: Path) -> None:
    write_model_dir(tmp_path / "r", ReferenceWindows.load().save, about={"name": "r"})
    with (tmp_path / "r" / "words.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(ModelError, match="altered"):
        ReferenceWindows.load(tmp_path / "r")


def test_gate_sees_a_head_that_lost_its_weights(shipped: tuple[AttackHead, Calibration]) -> None:
    head, calibration = shipped
    before = known_scores(ReferenceWindows.load(), head, calibration)
    weights = head.weights.copy()
    weights[:, 0] = np.random.default_rng(0).normal(size=len(weights))
    after = known_scores(ReferenceWindows.load(), replace(head, weights=weights), calibration)
    assert before.ranking > 0.9
    assert before.losses(after)["ranking"] > 0.2
    assert before.losses(after)["named"] == 0


def test_losses_are_falls_and_more_false_alarms() -> None:
    before, after = KnownScores(0.9, 0.5, 0.7, 0.4, 0.01), KnownScores(0.8, 0.6, 0.7, 0.1, 0.07)
    losses = {"ranking": 0.1, "recall": -0.1, "named": 0.0, "alerting": 0.3, "benign_alerting": 0.06}
    assert before.losses(after) == pytest.approx(losses)
    assert before.lost(after, 0.1) == {"alerting": 0.3}
    assert before.lost(after, 0.05) == {"ranking": 0.1, "alerting": 0.3, "benign_alerting": 0.06}
    assert losses_in_words({"ranking": 0.1, "benign_alerting": 0.06}) == (
        "ranking down by 0.100, share of benign windows that alert up by 0.060"
    )


def test_licences_of_sources_are_named() -> None:
    manifest = (reference_dir() / "manifest.json").read_text()
    assert '"security-datasets": "MIT"' in manifest
    assert "GPL" not in manifest
