"""Progress of a run on stderr, with the time left: redrawn on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import sys
import time

from loglm.training.journal import StepRecord
from loglm.training.plan import PretrainPlan

__all__ = ["ProgressLine"]

_REDRAW_S, _LINE_S = 0.2, 60.0


class ProgressLine:
    """Called with each step; knows the plan of every stage, so that it can tell the time left."""

    def __init__(self, plans: list[PretrainPlan]) -> None:
        self._steps: dict[str, int] = {plan.stage: plan.max_steps for plan in plans}
        self._terminal = sys.stderr.isatty()
        self._shown = 0.0

    def __call__(self, record: StepRecord) -> None:
        now = time.monotonic()
        last = record.step == self._steps[record.stage]
        if not last and now - self._shown < (_REDRAW_S if self._terminal else _LINE_S):
            return
        self._shown = now
        line = self._line(record)
        sys.stderr.write(f"\r{line}\x1b[K" + "\n" * last if self._terminal else f"{line}\n")
        sys.stderr.flush()

    def _line(self, record: StepRecord) -> str:
        steps = self._steps[record.stage]
        left = record.seconds / record.step * (steps - record.step)
        skipped = f", {record.skipped} skipped" if record.skipped else ""
        return (
            f"{record.stage} {record.step:,}/{steps:,}: loss {record.loss_nats:.3f}, accuracy {record.accuracy:.3f}, "
            f"{record.tokens / max(record.seconds, 1e-9):,.0f} tokens/s{skipped}, {_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
