"""benchmarks/context_transformer.py: no event tells of itself, windows cover all events once, and it learns."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from script_modules import load_benchmark

torch = pytest.importorskip("torch")

_ROOT = Path(__file__).resolve().parents[1]
_CODES = 5


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_benchmark("context_transformer")


def sequence(script: ModuleType, length: int, *, step: int = 1) -> object:
    targets = np.arange(length) * step % _CODES
    return script.EventSequence(np.zeros((length, 4), np.int64), targets, targets)


@pytest.fixture(scope="module")
def vectors() -> object:
    return torch.nn.functional.normalize(torch.randn(_CODES, 8, generator=torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("both_sides", [False, True])
def test_an_event_does_not_tell_of_itself(script: ModuleType, vectors: object, *, both_sides: bool) -> None:
    model = script.EventTransformer(script.Plan(codes=_CODES, both_sides=both_sides), 8).eval()
    first = sequence(script, 20)
    changed = script.EventSequence(first.readings.copy(), first.rows.copy(), first.targets)
    changed.rows[9] = (changed.rows[9] + 1) % _CODES
    changed.readings[9] = 7
    before, after = (script.log_shares(model, [one], vectors, None)[0][:, 0] for one in (first, changed))
    assert before[9] == pytest.approx(after[9], abs=1e-6)
    assert abs(before[10] - after[10]) > 1e-6
    assert (before[:9] == pytest.approx(after[:9], abs=1e-6)) is not both_sides


def test_windows_cover_long_sequences(script: ModuleType, vectors: object) -> None:
    model = script.EventTransformer(script.Plan(codes=_CODES), 8).eval()
    sequences = [sequence(script, length) for length in (1, 64, 65, 200)]
    for one, logs in zip(sequences, script.log_shares(model, sequences, vectors, None), strict=True):
        assert logs.shape == (len(one.rows), 2)
        assert (logs[:, 0] < 0).all()
    for one, states in zip(sequences, script.event_states(model, sequences, vectors), strict=True):
        assert np.abs(states).sum(axis=1).min() > 0
        assert states.shape == (len(one.rows), 64)
    short = script.log_shares(model, sequences[1:2], vectors, None)[0]
    assert short == pytest.approx(script.log_shares(model, sequences, vectors, None)[1], abs=1e-5)


@pytest.mark.parametrize("target", ["code", "vector"])
def test_it_learns_what_follows(script: ModuleType, vectors: object, target: str) -> None:
    plan = script.Plan(target, codes=_CODES, steps=60, width=16, layers=1, batch=4)
    learned = [sequence(script, 40), sequence(script, 60)]
    model, cpu_s = script.train(learned, learned[:1], vectors, plan)
    candidates = vectors if target == "vector" else None
    logs = script.log_shares(model, [sequence(script, 30)], vectors, candidates)[0]
    other = script.log_shares(model, [sequence(script, 30, step=2)], vectors, candidates)[0]
    assert cpu_s > 0
    assert logs[1:, 0].mean() > np.log(0.6)
    assert other[1:, 0].mean() < logs[1:, 0].mean() - 1
