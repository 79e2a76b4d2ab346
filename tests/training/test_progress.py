"""The line that tells how far a run has come."""

from __future__ import annotations

import sys

import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.training import progress as progress_module
from loglm.training.journal import StepRecord
from loglm.training.plan import PretrainPlan
from loglm.training.progress import ProgressLine

PLANS = [PretrainPlan("masked", 1_200), PretrainPlan("contrastive", 40)]


def record(step: int, *, stage: str = "masked", seconds: float, skipped: int = 0) -> StepRecord:
    return StepRecord(stage, step, 2.5, 0.25, 1e-3, 0.5, tokens=8_000 * step, seconds=seconds, skipped=skipped)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> ProgressLine:
    """On a terminal, which shows each step."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress_module, "_REDRAW_S", 0.0)
    return ProgressLine(PLANS)


@pytest.mark.parametrize(
    ("step", "seconds", "left"),
    [
        (300, 12.0, "36 s left"),
        (300, 600.0, "30 min left"),
        (100, 1_200.0, "3 h 40 min left"),
        (1_200, 5.0, "0 s left"),
    ],
)
def test_time_left_is_that_of_the_steps_of_this_stage_at_the_pace_so_far(
    line: ProgressLine, capsys: pytest.CaptureFixture[str], step: int, seconds: float, left: str
) -> None:
    line(record(step, seconds=seconds))
    assert left in capsys.readouterr().err
    line(record(10, stage="contrastive", seconds=5.0))
    assert "contrastive 10/40: loss 2.500, accuracy 0.250, 16,000 tokens/s, 15 s left" in capsys.readouterr().err


def test_skipped_steps_are_told(line: ProgressLine, capsys: pytest.CaptureFixture[str]) -> None:
    line(record(1, seconds=1.0))
    line(record(2, seconds=2.0, skipped=1))
    first, second = capsys.readouterr().err.split("\r")[1:]
    assert "skipped" not in first
    assert "8,000 tokens/s, 1 skipped, " in second


def test_beyond_a_terminal_there_is_a_line_a_minute_and_one_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ProgressLine(PLANS)
    clock = iter([100.0, 130.0, 161.0, 170.0])
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: next(clock))
    for step, seconds in ((1, 1.0), (30, 30.0), (60, 60.0), (1_200, 70.0)):
        line(record(step, seconds=seconds))
    shown = capsys.readouterr().err.splitlines()
    assert [text.split(":")[0] for text in shown] == ["masked 1/1,200", "masked 60/1,200", "masked 1,200/1,200"]
