"""Several anomaly states as one: of two sensors, or of processes that each scored a part of the entities or days."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from loglm.anomaly.activity import Activity
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.threshold import median_threshold
from loglm.context.scorer import Weights
from loglm.context.state import merge_entities
from loglm.context.stream_order import Waiting
from loglm.errors import InputError

__all__ = ["merge_states"]


def merge_states(scorer: AnomalyScorer, others: Iterable[tuple[str, AnomalyScorer]]) -> None:
    """Take over what other scorers learned, remember, and told.

    Those of one baseline share it, and go on as one that had scored all, as far as no entity was seen by two at the
    same time. Of different baselines the counts are added, which is exact; the threshold follows from what was held
    out of both by the rule of one baseline, though each was scored by its own counts; weights are the mean, by events.
    The clock is that of who stands later. What one has told is not told again. Rates and silences, by which drift is
    noticed too, are those of one recording: they are watched anew, and where baselines differ no more.

    Args:
        scorer: Takes all over.
        others: Each with a name for messages; not to be used afterwards.

    Raises:
        InputError: They rest on different settings, or one baseline would count twice.
    """
    for name, other in others:
        _refuse_different(scorer, name, other)
        if set(scorer.baseline.learned) != set(other.baseline.learned):
            _add_baseline(scorer, name, other)
        _add_waiting(scorer, other)
        merge_entities(scorer.scorer, [other.scorer])
        scorer.level.merge(other.level)
        scorer.activity = Activity()
        scorer.baseline.typical = {**other.baseline.typical, **scorer.baseline.typical}
        scorer.seen.merge(other.seen)
        scorer.read_so_far.merge(other.read_so_far)
        if scorer.clock is None or (other.clock is not None and other.clock > scorer.clock):
            scorer.recent, scorer.clock = other.recent, other.clock
        scorer.reporter.merge(other.reporter)
        for report_id, touched in other.touched.items():
            report = scorer.reporter.living.get(report_id)
            if report is not None:
                scorer.touched.setdefault(report_id, replace(touched, report=report))


def _refuse_different(scorer: AnomalyScorer, name: str, other: AnomalyScorer) -> None:
    first, second = scorer.baseline, other.baseline
    pairs: dict[str, tuple[object, object]] = {
        "--by": (scorer.view, other.view),
        "--budget": (first.budget, second.budget),
        "context encoder": (_identity(scorer), _identity(other)),
        "kinds of events": (scorer.scorer.environment.codes, other.scorer.environment.codes),
    }
    if set(first.learned) == set(second.learned):
        pairs["threshold"] = (first.threshold.bits, second.threshold.bits)
        pairs["weights"] = (scorer.scorer.weights, other.scorer.weights)
    for what, (own, its) in pairs.items():
        if own != its:
            raise InputError(
                f"{name}: rests on another setting than the states before it ({what}: {its}, not {own}); learn both "
                "with the same, in other folders"
            )


def _identity(scorer: AnomalyScorer) -> str:
    encoder = scorer.scorer.encoder
    return "none" if encoder is None else encoder.identity


def _add_baseline(scorer: AnomalyScorer, name: str, other: AnomalyScorer) -> None:
    first, second = scorer.baseline, other.baseline
    if set(first.learned) & set(second.learned):
        raise InputError(f"{name}: holds a baseline that the states before it hold too, which would count twice")
    if not first.parts or len(first.parts) != len(second.parts):
        raise InputError(
            f"{name}: it, or a state before it, was learned by an earlier loglm, which did not keep what a threshold "
            "for both follows from; learn from a baseline again, in another folder"
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
    first.in_baseline += second.in_baseline
    first.learned += second.learned
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
    """Events of a stream that wait for their turn, numbered after those taken in so far."""
    newest, latest, waiting = scorer.order.state()
    newest_of_other, latest_of_other, more = other.order.state()
    for one in more:
        number = scorer.next_number + one.number
        waiting.append(_numbered(one, number))
        scorer.held[number] = other.held[one.number]
    if newest is None or (newest_of_other is not None and newest_of_other > newest):
        newest, latest = newest_of_other, latest_of_other
    scorer.order.restore(newest, latest, waiting)
    scorer.next_number += other.next_number


def _numbered(waiting: Waiting, number: int) -> Waiting:
    return waiting._replace(number=number, step=waiting.step._replace(number=number))
