"""What two scorers told, and have not told yet, as what one tells."""

from __future__ import annotations

import math
from collections import OrderedDict

from loglm.anomaly.reporting import Report, Reporter
from loglm.anomaly.scoring import AnomalyScorer, Touched

__all__ = ["join_reports"]


def join_reports(scorer: AnomalyScorer, other: AnomalyScorer) -> None:
    """Take over what another told, so that it is not told again, and what it has yet to tell, so that it is told.

    Of more reports than are remembered those that began longest ago are forgotten, now and later; what was not told of
    them is told all the same.
    """
    told = _told(scorer) | _told(other)
    _leave_what_was_told(scorer, other)
    _leave_what_was_told(other, scorer)
    untold = [*scorer.touched.items(), *other.touched.items()]
    _join(scorer.reporter, other.reporter)
    scorer.touched = {}
    for name, one in untold:
        before = scorer.touched.get(name)
        report = scorer.reporter.living.get(name) or (one if before is None else before).report
        if report is not one.report:
            report.absorb(one.report)
        is_new = name not in told and one.is_new and (before is None or before.is_new)
        has_joined = one.has_joined or (before is not None and before.has_joined)
        scorer.touched[name] = Touched(report, is_new, has_joined)
    scorer.reporter.keep_bounds()


def _told(scorer: AnomalyScorer) -> set[str]:
    return scorer.reporter.living.keys() - scorer.touched.keys()


def _leave_what_was_told(teller: AnomalyScorer, other: AnomalyScorer) -> None:
    """Of what another has yet to tell, take out what one has told in whole: both had it when they went apart."""
    for name in _told(teller) & other.touched.keys():
        if _has_all_of(teller.reporter.living[name], other.touched[name].report):
            del other.touched[name]


def _has_all_of(report: Report, other: Report) -> bool:
    keys = {event.key for event in report.events}
    is_as_large = report.count >= other.count and report.repeats >= other.repeats
    return is_as_large and all(event.key in keys for event in other.events)


def _join(reporter: Reporter, other: Reporter) -> None:
    """Reports, texts and entities of both, what began, or was met, longest ago first; one id is one report."""
    for name, report in other.living.items():
        known = reporter.living.setdefault(name, report)
        if known is not report:
            known.absorb(report)
    reporter.living = OrderedDict(sorted(reporter.living.items(), key=lambda item: (_or_first(item[1].start), item[0])))
    for key, one in other.known.items():
        if key not in reporter.known or _or_first(reporter.known[key].last) < _or_first(one.last):
            reporter.known[key] = one
    reporter.known = OrderedDict(sorted(reporter.known.items(), key=lambda item: (_or_first(item[1].last), item[0])))
    for entity, held in other.open.items():
        if entity not in reporter.open or _or_first(reporter.open[entity][1]) < _or_first(held[1]):
            reporter.open[entity] = held
    for one in reporter.known.values():
        one.report = reporter.living[one.report.report_id]
    reporter.open = {name: (reporter.living[report.report_id], last) for name, (report, last) in reporter.open.items()}


def _or_first(time: float | None) -> float:
    return -math.inf if time is None else time
