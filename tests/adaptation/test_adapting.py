"""Benign logs that hold attacks, of the reference windows that ship."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.adaptation.adapting import AdaptationPlan, Adapted, adapt
from loglm.adaptation.reference import ReferenceWindows
from loglm.adaptation.windows import EnvironmentWindows
from loglm.artifacts.folder import default_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead

pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)

_WINDOWS = 300


def adapted_by(*, attacks: int) -> Adapted:
    """The shipped head adapted by a month of benign windows, and so many of attacks, in its middle."""
    head, reference = AttackHead.load(default_model_dir()), ReferenceWindows.load()
    asked = reference.side(asked=True)
    columns = asked.columns(head)
    benign, attack = np.flatnonzero(~asked.attack)[:_WINDOWS], np.flatnonzero(asked.attack)[:attacks]
    benign = np.random.default_rng(0).permutation(benign)
    index = np.concatenate([benign[: _WINDOWS // 2], attack, benign[_WINDOWS // 2 :]])
    environment = EnvironmentWindows(
        columns=[columns[i] for i in index],
        channel=[asked.channel[i] for i in index],
        entity=["host:a"] * len(index),
        start=np.linspace(0, 30 * 86_400, len(index)),
        rules=[()] * len(index),
        places=[frozenset()] * len(index),
    )
    return adapt(head, Calibration.load(default_model_dir()), environment, reference, AdaptationPlan())


def test_a_baseline_with_attacks_in_it_is_told_and_a_clean_one_is_not() -> None:
    clean, mixed = adapted_by(attacks=0), adapted_by(attacks=_WINDOWS)
    assert not clean.may_hold_an_attack
    assert mixed.may_hold_an_attack
    assert mixed.taken_for_harmless >= mixed.unlike_the_rest > 10 * clean.unlike_the_rest
