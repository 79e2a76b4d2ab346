"""AnomalyStream: events one by one, findings as they arise, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from loglm.anomaly.activity import Activity
from loglm.anomaly.drift import Drift
from loglm.anomaly.findings import AnomalyFinding, finding_of
from loglm.anomaly.reporting import QUIET_S, Change
from loglm.anomaly.scoring import AnomalyScorer, Held, Touched
from loglm.anomaly.showing import show
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.table import Hides, entity_of
from loglm.context.codebook import TemplateCodebook, source_number
from loglm.context.steps import Step
from loglm.context.stream_order import Waiting
from loglm.corpus.templates import text_hash
from loglm.events.event import LogEvent
from loglm.events.rendering import render

__all__ = ["LATENESS_S", "AnomalyStream"]

LATENESS_S = 5.0
"""Seconds that events may come late by default."""
_DAY_S = 86_400.0
_SWEEP_EVERY = 64
"""Events after which it is looked for reports that are over."""
_MOST_CODES = 100_000
_MOST_HELD_CHARS = 8_192
"""An event of a longer record waits without its fields, which may be as large."""


class AnomalyStream:
    """Scores a stream; the threshold is that of the baseline, and what is told is what the whole log would tell.

    A finding is given when it begins, once more when a more unusual event joins it, and once more in the end where
    further events or repeats were added: an hour after its last event, a day after its last repeat, or at `finish`.
    The last one given of a finding is what `loglm.anomaly.detector.find_anomalies` would give.

    Args:
        scorer: What is usual, and what was told so far.
        lateness_s: How late events may come by the stream's newest time and still be put in order.
        hides: As in `find_anomalies`.
    """

    def __init__(
        self,
        scorer: AnomalyScorer,
        *,
        lateness_s: float = LATENESS_S,
        hides: Hides | None = None,
    ) -> None:
        self.scorer = scorer
        self.kinds: Counter[str] = Counter()
        """Kind of entity -> events that are taken for one of it."""
        self._codebook = TemplateCodebook()
        self._hides = hides
        self._codes: dict[int, int] = {}
        self._day: float | None = None
        """When the day began that drift is looked for in."""
        scorer.order.lateness_s = lateness_s

    @property
    def events(self) -> int:
        """Events taken in, those that wait for their turn among them."""
        return self.kinds.total()

    def add(self, event: LogEvent) -> list[AnomalyFinding]:
        """Take an event; returns what is to be told now."""
        scorer, number = self.scorer, self.scorer.next_number
        text = render(event)
        entity = entity_of(event, scorer.view)
        key = text_hash(text)
        step = Step(key, self._code(key, text), source_number(event.log_source), event.timestamp, number)
        hidden = None if self._hides is None else self._hides(entity, event)
        is_known = step.code in scorer.baseline.typical
        held = Held(event, None, "" if is_known else text, hidden)
        if len(event.raw) > _MOST_HELD_CHARS:
            held.shown, held.event = show(event, scorer.baseline.typical.get(step.code, text)), None
        scorer.held[number] = held
        scorer.next_number += 1
        self.kinds[entity[0]] += 1
        told = self._take(scorer.order.add(entity, step))
        return told if self.events % _SWEEP_EVERY else [*told, *self.over()]

    def pause(self) -> list[AnomalyFinding]:
        """Let all that waits take its turn, as when nothing has come for as long as events may be late."""
        return self._take(self.scorer.order.flush())

    def drift(self) -> Drift | None:
        """How the last day differs from the baseline, once it is over; None before, and when it was asked for."""
        now = self.scorer.order.newest
        if now is None:
            return None
        self._day = now if self._day is None else self._day
        if abs(now - self._day) < _DAY_S:
            return None
        found = self.scorer.drift()
        self.scorer.level, self.scorer.activity, self._day = SurpriseLevel(), Activity(), now
        return found

    def over(self) -> list[AnomalyFinding]:
        """What was added to findings that are over, or forgotten because there are too many; ask before a state is
        saved, which does not hold those."""
        scorer = self.scorer
        scorer.forget()
        return [self._write(one) for name, one in list(scorer.touched.items()) if self._is_over(name, one)]

    def finish(self) -> list[AnomalyFinding]:
        """What was added to findings and not given yet; what waits for its turn goes on waiting."""
        return [self._write(touched) for touched in list(self.scorer.touched.values())]

    def _code(self, key: int, text: str) -> int:
        code = self._codes.get(key)
        if code is None:
            if len(self._codes) >= _MOST_CODES:
                self._codes.clear()
            code = self._codes[key] = int(self._codebook([text])[0])
        return code

    def _take(self, ready: Iterable[Waiting]) -> list[AnomalyFinding]:
        told = []
        for waiting in ready:
            taken = self.scorer.take_held(waiting)
            if taken is not None and taken.change in (Change.BEGUN, Change.WORSE):
                told.append(self._write(self.scorer.touched[taken.report.report_id]))
        return told

    def _is_over(self, name: str, touched: Touched) -> bool:
        """Whether nothing is added to it any more, but for repeats."""
        if name not in self.scorer.reporter.living:
            return True
        end, now = touched.report.end, self.scorer.clock
        return touched.has_joined and end is not None and now is not None and end + QUIET_S < now

    def _write(self, touched: Touched) -> AnomalyFinding:
        del self.scorer.touched[touched.report.report_id]
        return finding_of(touched.report, self.scorer, is_update=not touched.is_new)
