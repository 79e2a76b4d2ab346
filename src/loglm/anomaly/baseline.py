"""Fitting: what is usual is learned from a baseline, a fifth of it scored by the other four at a time, which sets the
threshold; what alerts there is not learned, so that an attack that the baseline holds is found when it comes again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from itertools import chain, islice

import numpy as np

from loglm.anomaly.activity import Activity
from loglm.anomaly.learned_events import LearnedEvents
from loglm.anomaly.reporting import QUIET_S, Report, Reporter, unusual_event
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.table import EventTable, typical_texts
from loglm.anomaly.threshold import (
    LEAST_BITS,
    Alerts,
    HeldOut,
    PartHeldOut,
    Threshold,
    alert_budget,
    median_threshold,
    threshold_for,
)
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS
from loglm.context.memory import MOST_ENTITIES
from loglm.context.mixture import fit_weights
from loglm.context.scorer import ContextScorer, Scored, ScorerOptions, Weights
from loglm.context.steps import NO_GAP, gap_level
from loglm.errors import InputError
from loglm.findings import Level
from loglm.plurals import plural

__all__ = ["FEWEST_EVENTS", "Baseline", "fit_baseline"]

FEWEST_EVENTS = 50
"""Events; of fewer it cannot be said what is usual."""
_PARTS = 5
"""Parts of the baseline, alike in number of events; each is scored by the others. An odd number has a median."""
_STRETCHES = 50
"""A baseline of less than so many hours is looked at in so many stretches, for longer ones they are an hour."""
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
    """What could have been alerts in it: each entity's texts by the hour."""
    level: SurpriseLevel
    """How surprising the last fifth was, to notice drift by."""
    activity: Activity
    """What goes on in all of it, to notice drift by; a kind is unknown where the other fifths do not have it."""
    events: int
    kept: list[Scored]
    """Its most unusual events, at most 10,000, in the order of time, without what is known to be harmless."""
    typical: dict[int, str]
    """Code -> its most frequent masked text. Untrusted."""
    quiet_s: float = QUIET_S
    """Seconds without anything unusual of an entity that divide two stretches of the baseline."""
    left_out: int = 0
    """Events that are no part of it because they were to be left out."""
    without_time: int = 0
    """Of its events, those that have none; 0 where a state of before does not say."""
    budget: float | None = None
    """Alerts per 1,000 entities and day; None where a state of before does not say."""
    parts: tuple[PartHeldOut, ...] = ()
    """What the threshold follows from, of each part; empty where a state of before does not say."""
    learned: tuple[str, ...] = ()
    """Which baselines are counted in it: `loglm.anomaly.table.EventTable.digest` of each, or of a state of before
    `loglm.context.environment.Environment.digest`."""
    learned_events: LearnedEvents | None = None
    """Which events these hold; None where a state of before does not say."""
    in_baseline: int = 0
    """Reports that `suspicious` gave at its threshold when it was learned."""

    def meet(self, code: int, text: str) -> None:
        """Let the first text of a kind that the baseline does not have stand for it."""
        if code not in self.typical and text:
            self.typical[code] = text[:_TEXT_CHARS]

    def suspicious(self, threshold: float) -> list[Report]:
        """Stretches of the baseline itself that reach a threshold, what weighs most first.

        An attack that it holds may be among them; something is in nearly every baseline without one. Weight is how many
        bits a stretch has above the threshold, over its most unusual texts.
        """
        reporter = Reporter(most_living=_MOST_KEPT, quiet_s=self.quiet_s)
        for one in self.kept:
            if one.surprise.bits >= threshold:
                reporter.add(one.entity, unusual_event(one, self.typical))

        def weight(report: Report) -> float:
            return sum(1 + event.surprise.bits - threshold for event in report.events)

        return sorted(reporter.living.values(), key=lambda report: -weight(report))

    def threshold_at(self, bits: float) -> Threshold:
        """So many bits as the threshold of a run, with what they would have brought in the baseline."""
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
    entities: int = MOST_ENTITIES,
    progress: Callable[[Iterator[int]], Iterator[int]],
) -> Baseline:
    """Learn from events in the order of time.

    Each fifth of them is scored by what the other four hold, which gives it a threshold; the median of the five is the
    threshold, so that an attack in one or two fifths does not set it. What reaches it is not learned: neither that
    event nor others of its text in the same fifth, unless they are known to be harmless.

    Args:
        table: Holds the events.
        rows: Those of the baseline, in the order of time.
        codes: Size of the codebook.
        encoder: Says whom to believe when; fixed weights for None.
        budget: Alerts per 1,000 entities that are active on a day, and day.
        entities: Remembered at most.
        progress: Is told how far the work is.

    Raises:
        InputError: There are fewer than `FEWEST_EVENTS` events.
    """
    if len(rows) < FEWEST_EVENTS:
        raise InputError(
            f"the baseline has {plural(len(rows), 'event')}; expected at least {FEWEST_EVENTS} to learn what is usual. "
            "Give more with --baseline, or a larger --baseline-share"
        )
    parts, ordered = np.array_split(rows, _PARTS), progress(iter(rows.tolist()))
    kept, fitting, met, activity = _Kept(), _Fitting(), list[_Part](), Activity()
    scorer = ContextScorer(Environment(codes), encoder, options=ScorerOptions(most_entities=entities))
    for place, part in enumerate(parts):
        environment = Environment(codes)
        environment.learn_events(table.steps(chain.from_iterable(parts[:place] + parts[place + 1 :])))
        scorer = _after(scorer, environment, fitting)
        scored = _watched(_scored(scorer, table, islice(ordered, len(part)), fitting), environment, activity)
        met.append(_Part.of(scored, scorer, table, kept))
    budgets = [alert_budget(budget, *_active(table, part)) for part in parts]
    threshold = median_threshold([threshold_for(one.bits, own) for one, own in zip(met, budgets, strict=True)])
    environment = Environment(codes)
    environment.learn_events(table.steps(_usual(table, parts, met, threshold.bits)))
    typical = {code: text[:_TEXT_CHARS] for code, text in typical_texts(table, rows).items()}
    held_out = HeldOut.of(np.sort(np.concatenate([one.bits for one in met]))[::-1])
    scorer = _after(scorer, environment, fitting)
    quiet_s = min(QUIET_S, _active(table, rows)[1] / _STRETCHES)
    return Baseline(
        scorer=scorer,
        threshold=threshold,
        held_out=held_out,
        level=met[-1].level,
        activity=activity,
        events=len(rows),
        kept=kept.in_order(),
        typical=typical,
        quiet_s=quiet_s,
        budget=budget,
        parts=tuple(
            PartHeldOut(HeldOut.of(one.bits), own, *_span(table, part))
            for one, own, part in zip(met, budgets, parts, strict=True)
        ),
        learned=(table.digest(rows),),
        learned_events=LearnedEvents.of(table, rows),
    )


def _after(scorer: ContextScorer, environment: Environment, fitting: _Fitting) -> ContextScorer:
    """A scorer that goes on where one stands, by other counts and by weights fitted to what was met."""
    weights = fitting.weights(with_encoder=scorer.encoder is not None)
    following = ContextScorer(environment, scorer.encoder, weights=weights, options=scorer.options)
    following.entities = scorer.entities
    return following


@dataclass(slots=True)
class _Part:
    """A fifth of the baseline as the rest of it sees it, without what is known to be harmless."""

    bits: np.ndarray
    """Of what could have been alerts, float64 (n,), most unusual first."""
    level: SurpriseLevel
    unusual: dict[int, float] = field(default_factory=dict)
    """Hash of a masked text -> bits of its most unusual event, where that could reach a threshold."""

    @classmethod
    def of(cls, events: Iterable[Scored], scorer: ContextScorer, table: EventTable, kept: _Kept) -> _Part:
        alerts, found = Alerts(), cls(np.zeros(0), SurpriseLevel())
        for scored in events:
            found.level.add(scored, scorer.environment)
            if _is_hidden(scored.step.number - table.first_number, table):
                continue
            alerts.add(scored)
            key, bits = scored.step.key, scored.surprise.bits
            if bits >= LEAST_BITS:
                kept.add(scored)
                found.unusual[key] = max(bits, found.unusual.get(key, 0.0))
        found.bits = alerts.bits()
        return found


def _usual(table: EventTable, parts: list[np.ndarray], met: list[_Part], threshold: float) -> Iterator[int]:
    """The rows that are learned from: all but those whose text reached the threshold in their part."""
    for part, one in zip(parts, met, strict=True):
        unusual = {key for key, bits in one.unusual.items() if bits >= threshold}
        for row in part.tolist():
            if table.keys[row] not in unusual or _is_hidden(row, table):
                yield row


def _is_hidden(row: int, table: EventTable) -> bool:
    """Whether it is known to be harmless: it would be no alert of the least level."""
    hidden = table.hidden_by(row)
    return hidden is not None and hidden[1] >= Level.LOW


class _Kept:
    """The most unusual events that were met; of equal ones the earlier."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Scored]] = []
        self._met = 0

    def add(self, scored: Scored) -> None:
        bits = scored.surprise.bits
        self._met += 1
        push = heappush if len(self._heap) < _MOST_KEPT else heappushpop
        push(self._heap, (bits, -self._met, scored))

    def in_order(self) -> list[Scored]:
        """As they were met."""
        return [scored for _, _, scored in sorted(self._heap, key=lambda entry: -entry[1])]


class _Fitting:
    """Collects what each source of expectation gave what came."""

    def __init__(self) -> None:
        self._experts: deque[tuple[float, ...]] = deque(maxlen=_FITTED)
        self._gaps: deque[tuple[float, ...]] = deque(maxlen=_FITTED)

    def add(self, scored: Scored) -> None:
        self._experts.append(scored.given[: len(EXPERTS)])
        if gap_level(scored.gap_s) != NO_GAP:
            self._gaps.append(scored.given[-2:])

    def weights(self, *, with_encoder: bool) -> Weights | None:
        """None before anything was met."""
        if not self._experts:
            return None
        experts = fit_weights(self._experts, sources=len(EXPERTS))
        gaps = fit_weights(self._gaps, sources=2) if with_encoder else np.asarray([0.0, 1.0])
        first, second = map(float, gaps)
        return Weights(tuple(map(float, experts)), (first, second))


def _scored(scorer: ContextScorer, table: EventTable, rows: Iterator[int], fitting: _Fitting) -> Iterator[Scored]:
    for entity, step in table.steps(rows):
        for scored in scorer.add(entity, step):
            fitting.add(scored)
            yield scored


def _watched(events: Iterable[Scored], others: Environment, activity: Activity) -> Iterator[Scored]:
    """The same events, each counted; ``others``: what the rest of the baseline holds."""
    known = others.ngrams.totals() > 0
    for scored in events:
        activity.add(scored.step, is_unknown=not known[scored.step.code])
        yield scored


def _span(table: EventTable, rows: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    """Times of the first and the last event."""
    times = np.asarray(table.times, np.float64)[rows]
    known = times[~np.isnan(times)]
    return (float(known.min()), float(known.max())) if len(known) else (None, None)


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
