"""Fitting: what is usual is learned from a baseline, and how unusual its later part finds it sets the threshold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from loglm.anomaly.drift import Level
from loglm.anomaly.incidents import Alerts, Incident, Incidents
from loglm.anomaly.table import EventTable
from loglm.anomaly.threshold import Threshold, alert_budget, threshold_for
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS
from loglm.context.mixture import fit_weights
from loglm.context.scorer import ContextScorer, Scored, ScorerOptions, Weights
from loglm.context.steps import NO_GAP, gap_level
from loglm.errors import InputError

__all__ = ["FEWEST_EVENTS", "Baseline", "fit_baseline"]

FEWEST_EVENTS = 50
"""Events; of fewer it cannot be said what is usual."""
_LEARNED = 0.7
"""Share of the baseline, by number of events, that is learned from; the rest, which is later, sets the threshold."""
_WORTH_BITS = 8.0
"""Below it an event of the baseline is not looked at as part of a possible attack."""
_FITTED = 50_000
"""Latest events that weights are fitted to."""


@dataclass(slots=True)
class Baseline:
    """What was learned, and a scorer that stands at the end of the baseline."""

    scorer: ContextScorer
    threshold: Threshold
    held_out: list[float]
    """Bits of what could have been alerts in the later part: each entity's texts by the hour; most unusual first."""
    level: Level
    """How surprising the later part was, to notice drift by."""
    events: int
    kept: list[Scored]
    """Its most unusual events, in the order of time."""

    @property
    def suspicious(self) -> list[Incident]:
        """Incidents within the baseline itself, at or above the threshold: it may hold an attack."""
        incidents = Incidents(self.threshold.bits)
        incidents.add(self.kept)
        return incidents.found

    def use_threshold(self, bits: float) -> None:
        """Take another threshold than the one that the budget gives."""
        expected = float(sum(one >= bits for one in self.held_out))
        self.threshold = Threshold(bits, self.threshold.allowed, expected)


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
        budget: Alerts per 1,000 entities and day.
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
    environment = Environment(codes)
    environment.learn_events(table.steps(rows[:cut].tolist()))
    first = ContextScorer(environment, encoder, options=ScorerOptions(in_sample=True))
    fitting = _Fitting()
    earlier = _scored(first, table, progress(iter(rows[:cut].tolist())), after=cut - _FITTED, fitting=fitting)
    kept = [scored for scored in earlier if scored.surprise.bits >= _WORTH_BITS]
    weights = fitting.weights(with_encoder=encoder is not None)
    second = ContextScorer(environment, encoder, weights=weights)
    second.entities = first.entities
    alerts, level = Alerts(), Level()
    for scored in _scored(second, table, progress(iter(rows[cut:].tolist()))):
        if scored.surprise.bits >= _WORTH_BITS:
            kept.append(scored)
        alerts.add(scored)
        level.add(scored, environment)
    held_out = alerts.bits()
    allowed = alert_budget(budget, len(second.entities), _span(table, rows[cut:]))
    threshold = threshold_for(held_out, allowed)
    environment.learn_events(table.steps(rows[cut:].tolist()))
    scorer = ContextScorer(environment, encoder, weights=weights)
    scorer.entities = second.entities
    return Baseline(scorer, threshold, held_out, level, len(rows), kept)


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


def _span(table: EventTable, rows: np.ndarray) -> float:
    """Seconds from the first to the last event that has a time."""
    times = np.asarray(table.times, np.float64)[rows]
    known = times[~np.isnan(times)]
    return float(known.max() - known.min()) if len(known) else 0.0
