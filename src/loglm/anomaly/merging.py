"""Several anomaly states as one: of two sensors, or of processes that each scored a part of the entities or days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from loglm.anomaly.activity import Activity
from loglm.anomaly.baseline import Baseline
from loglm.anomaly.joined_reports import join_reports
from loglm.anomaly.kept_state import StateOutline
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.threshold import median_threshold
from loglm.context.scorer import Weights
from loglm.context.state import merge_entities
from loglm.context.stream_order import Waiting
from loglm.errors import InputError

__all__ = ["Merged", "Overlap", "merge_order", "merge_states"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """That events of one baseline are in those before it too."""

    name: str
    events: float
    """How many."""
    of: float
    """Events of its baseline that have a time, by which they are known again."""
    is_exact: bool
    """Whether that is counted, not estimated from a sample."""


@dataclass(slots=True)
class Merged:
    """What is to be said of a merge."""

    twice: list[Overlap] = field(default_factory=list)
    """Baselines of which some events count twice now."""
    within: list[str] = field(default_factory=list)
    """States whose baseline lies whole in those before, and counts once."""
    unchecked: list[str] = field(default_factory=list)
    """States of which it cannot be told whether events of their baseline count twice: made before that was kept."""
    evicted: int = 0
    """Entities that were forgotten because both together are too many."""


def merge_order(outline: StateOutline) -> tuple[int, int, tuple[str, ...], float, str]:
    """Sorts states into the one order in which they are joined, so that it does not matter in which they are given.

    Larger baselines come before those that they may hold, and states of one baseline together, as time went on.
    """
    return -outline.events, -len(outline.learned), outline.learned, outline.clock, outline.digest


def merge_states(
    scorer: AnomalyScorer, others: Iterable[tuple[str, AnomalyScorer]], *, entities: int | None = None
) -> Merged:
    """Take over what other scorers learned, remember, and told.

    Those of one baseline share it, and go on as one that had scored all, as far as no entity was seen by two at the
    same time. So do those of a part of what is learned already. Of different baselines the counts are added, which is
    exact; the threshold follows from what was held out of both by the rule of one baseline, though each was scored by
    its own counts; weights are the mean, by events. Events that are in a part of two baselines count twice, which is
    said. The clock is that of who stands later. What one has told is not told again, and what was not told is not lost.
    Rates and silences, by which drift is noticed too, are those of one recording: they are watched anew, and where
    baselines differ no more.

    Args:
        scorer: Takes all over.
        others: Each with a name for messages, in the order of `merge_order`; asked for one by one, so that one is in
            memory at a time. Not to be used afterwards.
        entities: Remembered at most; the most of all states for None.

    Raises:
        InputError: They rest on different settings, or a baseline would count twice.
    """
    if entities is not None:
        scorer.use(entities=entities)
    merged, first = Merged(), {frozenset(scorer.baseline.learned): _fitted(scorer)}
    for name, other in others:
        _refuse_different(scorer, name, other, first.setdefault(frozenset(other.baseline.learned), _fitted(other)))
        if entities is None and other.scorer.options.most_entities > scorer.scorer.options.most_entities:
            scorer.use(entities=other.scorer.options.most_entities)
        _learn(scorer, name, other, merged)
        _take_over(scorer, other, merged)
        del other  # the next one is loaded in its room
    return merged


def _take_over(scorer: AnomalyScorer, other: AnomalyScorer, merged: Merged) -> None:
    """All but the baseline."""
    _add_waiting(scorer, other)
    counts = scorer.scorer.counts
    before = counts["evicted_active"] + other.scorer.counts["evicted_active"]
    merge_entities(scorer.scorer, [other.scorer])
    merged.evicted += counts["evicted_active"] - before
    scorer.level.merge(other.level)
    scorer.activity = Activity()
    scorer.baseline.typical = {**other.baseline.typical, **scorer.baseline.typical}
    scorer.seen.merge(other.seen)
    scorer.read_so_far.merge(other.read_so_far)
    if scorer.clock is None or (other.clock is not None and other.clock > scorer.clock):
        scorer.recent, scorer.clock = other.recent, other.clock
    join_reports(scorer, other)


def _fitted(scorer: AnomalyScorer) -> dict[str, object]:
    """What follows from a baseline, and is the same wherever it was learned with the same settings."""
    return {"threshold": scorer.baseline.threshold.bits, "weights": scorer.scorer.weights}


def _refuse_different(
    scorer: AnomalyScorer, name: str, other: AnomalyScorer, of_same_baseline: dict[str, object]
) -> None:
    first, second = scorer.baseline, other.baseline
    pairs: dict[str, tuple[object, object]] = {
        "--by": (scorer.view, other.view),
        "--budget": (_or_not_kept(first.budget), _or_not_kept(second.budget)),
        "context encoder": (_identity(scorer), _identity(other)),
        "kinds of events": (scorer.scorer.environment.codes, other.scorer.environment.codes),
        "lateness": (scorer.scorer.options.lateness_s, other.scorer.options.lateness_s),
    }
    pairs |= {what: (own, _fitted(other)[what]) for what, own in of_same_baseline.items()}
    for what, (own, its) in pairs.items():
        if own != its:
            raise InputError(
                f"{name}: rests on another setting than the states joined before it ({what}: {its}, not {own}); learn "
                "all with the same, in other folders"
            )


def _or_not_kept(budget: float | None) -> float | str:
    """A budget, or that a state of before does not say it."""
    return "not kept" if budget is None else budget


def _identity(scorer: AnomalyScorer) -> str:
    encoder = scorer.scorer.encoder
    return "none" if encoder is None else encoder.identity


def _learn(scorer: AnomalyScorer, name: str, other: AnomalyScorer, merged: Merged) -> None:
    """Add a baseline, unless it is learned already."""
    first, second = scorer.baseline, other.baseline
    known, its = set(first.learned), set(second.learned)
    if its <= known:
        return
    if its & known:
        raise InputError(
            f"{name}: holds {len(its & known)} of its {len(its)} baselines in common with the states joined before it, "
            "and these would count twice; join the states that it was made of in its place, each once"
        )
    if first.learned_events is None or second.learned_events is None:
        merged.unchecked.append(name)
    elif first.learned_events.has_all_of(second.learned_events):
        first.learned = tuple(sorted(known | its))
        merged.within.append(name)
        return
    else:
        _note_shared(first, name, second, merged)
    _add_baseline(scorer, name, other)


def _note_shared(first: Baseline, name: str, second: Baseline, merged: Merged) -> None:
    before, its = first.learned_events, second.learned_events
    if before is None or its is None:
        return
    shared = before.shared(its)
    if shared:
        merged.twice.append(Overlap(name, shared, its.timed, before.is_whole and its.is_whole))


def _add_baseline(scorer: AnomalyScorer, name: str, other: AnomalyScorer) -> None:
    first, second = scorer.baseline, other.baseline
    if not first.parts or len(first.parts) != len(second.parts):
        raise InputError(
            f"{name}: it, or a state joined before it, was learned by an earlier loglm, which did not keep what a "
            "threshold for both follows from; learn from a baseline again, in another folder"
        )
    weights = _mean_weights(scorer, other)
    scorer.scorer.environment.merge(other.scorer.environment)
    scorer.scorer.weights = weights
    first.parts = tuple(own.joined(its) for own, its in zip(first.parts, second.parts, strict=True))
    first.threshold = median_threshold([part.threshold for part in first.parts])
    first.held_out = first.held_out.joined(second.held_out)
    first.level.merge(second.level)
    first.activity = Activity()
    first.events += second.events
    first.left_out += second.left_out
    first.without_time += second.without_time
    first.in_baseline += second.in_baseline
    first.learned = tuple(sorted((*first.learned, *second.learned)))
    its = second.learned_events
    first.learned_events = None if first.learned_events is None or its is None else first.learned_events.joined(its)
    scorer.use_threshold(first.threshold.bits)


def _mean_weights(scorer: AnomalyScorer, other: AnomalyScorer) -> Weights:
    """The mean of those that were fitted, each for as many events as its baseline has."""
    own, its = scorer.baseline.events, other.baseline.events
    first, second = scorer.scorer.weights, other.scorer.weights

    def mean(one: float, two: float) -> float:
        return (own * one + its * two) / (own + its)

    experts = tuple(map(mean, first.experts, second.experts))
    return Weights(experts, (mean(first.gaps[0], second.gaps[0]), mean(first.gaps[1], second.gaps[1])))


def _add_waiting(scorer: AnomalyScorer, other: AnomalyScorer) -> None:
    """Events of a stream that wait for their turn, numbered after those taken in so far; those that both hold, from
    when they were one state, once."""
    newest, latest, waiting = scorer.order.state()
    newest_of_other, latest_of_other, more = other.order.state()
    held = set(waiting)
    for one in more:
        if one in held:
            continue
        number = scorer.next_number + one.number
        waiting.append(_numbered(one, number))
        scorer.held[number] = other.held[one.number]
    if newest is None or (newest_of_other is not None and newest_of_other > newest):
        newest, latest = newest_of_other, latest_of_other
    scorer.order.restore(newest, latest, waiting)
    scorer.next_number += other.next_number


def _numbered(waiting: Waiting, number: int) -> Waiting:
    return waiting._replace(number=number, step=waiting.step._replace(number=number))
