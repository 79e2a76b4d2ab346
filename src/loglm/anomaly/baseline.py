"""Fitting: what is usual is learned from a baseline, and how unusual its later part finds it sets the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappush, heappushpop

import numpy as np

from loglm.anomaly.drift import SurpriseLevel
from loglm.anomaly.reporting import Report, Reporter, unusual_event
from loglm.anomaly.table import EventTable, typical_texts
from loglm.anomaly.threshold import Alerts, HeldOut, Threshold, alert_budget, threshold_for
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS
from loglm.context.mixture import fit_weights
from loglm.context.scorer import ContextScorer, Scored, ScorerOptions, Weights
from loglm.context.steps import NO_GAP, gap_level
from loglm.errors import InputError
from loglm.findings import Level

__all__ = ["FEWEST_EVENTS", "Baseline", "fit_baseline"]

FEWEST_EVENTS = 50
"""Events; of fewer it cannot be said what is usual."""
_LEARNED = 0.7
"""Share of the baseline, by number of events, that is learned from; the rest, which is later, sets the threshold."""
_WORTH_BITS = 8.0
"""Below it an event of the baseline is not looked at as part of a possible attack."""
_MOST_KEPT = 10_000
"""Events of the baseline that are kept at most."""
_DAY_S = 86_400.0
_TEXT_CHARS = 4_096
_FITTED = 50_000
"""Latest events that weights are fitted to."""


@dataclass(slots=True)
class Baseline:
    """What was learned, and a scorer that stands at the end of the baseline."""

    scorer: ContextScorer
    threshold: Threshold
    held_out: HeldOut
    """What could have been alerts in the later part: each entity's texts by the hour."""
    level: SurpriseLevel
    """How surprising the later part was, to notice drift by."""
    events: int
    kept: list[Scored]
    """Its most unusual events, at most 10,000, in the order of time, without what is known to be harmless."""
    typical: dict[int, str]
    """Code -> its most frequent masked text. Untrusted."""
    in_baseline: int = 0
    """Reports that `suspicious` gave at its threshold when it was learned."""

    def meet(self, code: int, text: str) -> None:
        """Let the first text of a kind that the baseline does not have stand for it."""
        if code not in self.typical and text:
            self.typical[code] = text[:_TEXT_CHARS]

    def suspicious(self, threshold: float) -> list[Report]:
        """What is at or above a threshold within the baseline itself, most unusual first: it may hold an attack."""
        reporter = Reporter(most_living=_MOST_KEPT)
        for one in self.kept:
            if one.surprise.bits >= threshold:
                reporter.add(one.entity, unusual_event(one, self.typical))
        return sorted(reporter.living.values(), key=lambda report: -report.bits)

    def threshold_at(self, bits: float) -> Threshold:
        """So many bits as the threshold of a run, with what they would have brought in the later part."""
        if bits == self.threshold.bits:
            return self.threshold
        return Threshold(bits, self.threshold.allowed, float(self.held_out.reached(bits)))


def fit_baseline(
    table: EventTable,
    rows: np.ndarray,
    *,
    codes: int,
    encoder: ContextEncoder | None,
    budget: float,
    progress: Callable[[Iterator[int]], Iterator[int]],
) -> Baseline:
    """Learn from events in the order of time.

    The earlier 70 % are counted; each of them is scored as if it had not been, which fits the weights and shows what
    stands out in the baseline. The later 30 % are scored by these counts, which sets the threshold. In the end they are
    counted too.

    Args:
        table: Holds the events.
        rows: Those of the baseline, in the order of time.
        codes: Size of the codebook.
        encoder: Says whom to believe when; fixed weights for None.
        budget: Alerts per 1,000 entities that are active on a day, and day.
        progress: Is told how far the work is.

    Raises:
        InputError: There are fewer than `FEWEST_EVENTS` events.
    """
    if len(rows) < FEWEST_EVENTS:
        raise InputError(
            f"the baseline has {len(rows):,} events; expected at least {FEWEST_EVENTS} to learn what is usual. Give "
            "more with --baseline, or a larger --baseline-share"
        )
    cut = int(_LEARNED * len(rows))
    environment, kept = Environment(codes), _Kept()
    environment.learn_events(table.steps(rows[:cut].tolist()))
    first, weights = _fitted_weights(environment, encoder, table, progress(iter(rows[:cut].tolist())), cut, kept)
    second = ContextScorer(environment, encoder, weights=weights)
    second.entities = first.entities
    alerts, level = Alerts(), SurpriseLevel()
    for scored in _scored(second, table, progress(iter(rows[cut:].tolist()))):
        level.add(scored, environment)
        if not _is_hidden(scored, table):
            kept.add(scored)
            alerts.add(scored)
    bits = alerts.bits()
    threshold = threshold_for(bits, alert_budget(budget, *_active(table, rows[cut:])))
    environment.learn_events(table.steps(rows[cut:].tolist()))
    scorer = ContextScorer(environment, encoder, weights=weights)
    scorer.entities = second.entities
    typical = {code: text[:_TEXT_CHARS] for code, text in typical_texts(table, rows).items()}
    return Baseline(scorer, threshold, HeldOut.of(bits), level, len(rows), kept.in_order(), typical)


def _fitted_weights(
    environment: Environment,
    encoder: ContextEncoder | None,
    table: EventTable,
    rows: Iterator[int],
    number: int,
    kept: _Kept,
) -> tuple[ContextScorer, Weights]:
    """Weights fitted to the latest of so many events that were learned from, and a scorer that has met them all."""
    scorer, fitting = ContextScorer(environment, encoder, options=ScorerOptions(in_sample=True)), _Fitting()
    for scored in _scored(scorer, table, rows, after=number - _FITTED, fitting=fitting):
        if not _is_hidden(scored, table):
            kept.add(scored)
    return scorer, fitting.weights(with_encoder=encoder is not None)


def _is_hidden(scored: Scored, table: EventTable) -> bool:
    """Whether it is known to be harmless: it would be no alert of the least level."""
    hidden = table.hidden_by(scored.step.number - table.first_number)
    return hidden is not None and hidden[1] >= Level.LOW


class _Kept:
    """The most unusual events that were met; of equal ones the earlier."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Scored]] = []
        self._met = 0

    def add(self, scored: Scored) -> None:
        bits = scored.surprise.bits
        if bits < _WORTH_BITS:
            return
        self._met += 1
        push = heappush if len(self._heap) < _MOST_KEPT else heappushpop
        push(self._heap, (bits, -self._met, scored))

    def in_order(self) -> list[Scored]:
        """As they were met."""
        return [scored for _, _, scored in sorted(self._heap, key=lambda entry: -entry[1])]


class _Fitting:
    """Collects what each source of expectation gave what came."""

    def __init__(self) -> None:
        self._experts: list[tuple[float, ...]] = []
        self._gaps: list[tuple[float, ...]] = []

    def add(self, scored: Scored) -> None:
        self._experts.append(scored.given[: len(EXPERTS)])
        if gap_level(scored.gap_s) != NO_GAP:
            self._gaps.append(scored.given[-2:])

    def weights(self, *, with_encoder: bool) -> Weights:
        experts = fit_weights(self._experts, sources=len(EXPERTS))
        gaps = fit_weights(self._gaps, sources=2) if with_encoder else np.asarray([0.0, 1.0])
        first, second = map(float, gaps)
        return Weights(tuple(map(float, experts)), (first, second))


def _scored(
    scorer: ContextScorer,
    table: EventTable,
    rows: Iterator[int],
    *,
    after: int = 0,
    fitting: _Fitting | None = None,
) -> Iterator[Scored]:
    for place, (entity, step) in enumerate(table.steps(rows)):
        for scored in scorer.add(entity, step):
            if fitting is not None and place >= after:
                fitting.add(scored)
            yield scored


def _active(table: EventTable, rows: np.ndarray) -> tuple[float, float]:
    """How many entities were active on a day, in the mean over the days, and seconds from the first to the last event.

    Days begin with the first event; where no event has a time it is one day.
    """
    times = np.asarray(table.times, np.float64)[rows]
    entities = np.asarray(table.entities, np.int64)[rows]
    known = ~np.isnan(times)
    if not known.any():
        return float(len(np.unique(entities))), 0.0
    since = times[known] - times[known].min()
    days = (since // _DAY_S).astype(np.int64)
    active = np.unique(np.stack([days, entities[known]]), axis=1).shape[1]
    return active / (int(days.max()) + 1), float(since.max())
