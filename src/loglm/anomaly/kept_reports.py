"""Reports, and events that wait for their turn, as JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglm.anomaly.reporting import Known, Report, Shown, UnusualEvent
from loglm.anomaly.scoring import AnomalyScorer, Held, Touched
from loglm.context.scorer import Entity
from loglm.context.steps import Step
from loglm.context.stream_order import Waiting
from loglm.context.surprise import Surprise
from loglm.errors import SourceLocation
from loglm.findings import Evidence, Level

__all__ = ["held_values", "read_held", "read_reports", "report_values"]


def report_values(scorer: AnomalyScorer) -> dict[str, Any]:
    """Reports that repeats are counted for, the texts that were told, and what was not written yet; the last also of
    reports that were forgotten because there were too many."""
    reporter = scorer.reporter
    return {
        "living": [_report_values(report) for report in reporter.living.values()],
        "known": [[key, one.report.report_id, one.last] for key, one in reporter.known.items()],
        "open": [[*entity, report.report_id, last] for entity, (report, last) in reporter.open.items()],
        "touched": [
            [name, one.is_new, one.has_joined] for name, one in scorer.touched.items() if name in reporter.living
        ],
        "forgotten": [
            [_report_values(one.report), one.is_new, one.has_joined]
            for name, one in scorer.touched.items()
            if name not in reporter.living
        ],
    }


def read_reports(values: Mapping[str, Any], scorer: AnomalyScorer) -> None:
    """Put back what `report_values` gave."""
    reporter = scorer.reporter
    for one in values["living"]:
        report = _report(one)
        reporter.living[report.report_id] = report
    for key, name, last in values["known"]:
        reporter.known[key] = Known(reporter.living[name], last)
    for kind, value, name, last in values["open"]:
        reporter.open[kind, value] = reporter.living[name], last
    for name, is_new, has_joined in values["touched"]:
        scorer.touched[name] = Touched(reporter.living[name], is_new, has_joined)
    for one, is_new, has_joined in values.get("forgotten", ()):  # a state of before has none
        report = _report(one)
        scorer.touched[report.report_id] = Touched(report, is_new, has_joined)


def held_values(scorer: AnomalyScorer) -> dict[str, Any]:
    """Events that wait for their turn, with what can be shown of them."""
    newest, latest, waiting = scorer.order.state()
    typical = scorer.baseline.typical
    rows = []
    for one in waiting:
        held = scorer.held[one.number]
        shown = _shown_values(held.show(typical.get(one.step.code, held.text)))
        hidden = None if held.hidden is None else [held.hidden[0], int(held.hidden[1])]
        rows.append([one.time, one.is_timeless, list(one.entity), list(one.step), shown, held.text, hidden])
    return {"newest": newest, "latest": latest, "events": rows}


def read_held(values: Mapping[str, Any], scorer: AnomalyScorer) -> None:
    """Put back what `held_values` gave."""
    waiting = []
    for time, is_timeless, entity, parts, shown, text, hidden in values["events"]:
        step = Step(*parts)
        key = 0 if is_timeless else step.key
        waiting.append(Waiting(time, is_timeless, key, step.number, _entity(entity), step))
        hides = None if hidden is None else (str(hidden[0]), Level(hidden[1]))
        scorer.held[step.number] = Held(None, _shown(shown), text, hides)
    scorer.order.restore(values["newest"], values["latest"], waiting)


def _report_values(report: Report) -> dict[str, Any]:
    return {
        "id": report.report_id,
        "entity": list(report.entity),
        "start": report.start,
        "end": report.end,
        "until": report.until,
        "count": report.count,
        "repeats": report.repeats,
        "others": [list(entity) for entity in report.others],
        "events": [_event_values(event) for event in report.events],
    }


def _report(values: Mapping[str, Any]) -> Report:
    return Report(
        report_id=str(values["id"]),
        entity=_entity(values["entity"]),
        start=values["start"],
        end=values["end"],
        count=int(values["count"]),
        events=[_event(one) for one in values["events"]],
        repeats=int(values["repeats"]),
        others=[_entity(one) for one in values["others"]],
        until=values["until"],
    )


def _event_values(event: UnusualEvent) -> list[Any]:
    shown = None if event.shown is None else _shown_values(event.shown)
    facts = [event.number, event.key, event.time, list(event.surprise), event.gap_s]
    return [*facts, [list(one) for one in event.expected], event.usual, shown]


def _event(values: list[Any]) -> UnusualEvent:
    number, key, time, surprise, gap_s, expected, usual, shown = values
    likely = tuple((str(text), float(share)) for text, share in expected)
    seen = None if shown is None else _shown(shown)
    return UnusualEvent(number, key, time, Surprise(*surprise), gap_s, likely, usual, seen)


def _shown_values(shown: Shown) -> list[Any]:
    item = shown.evidence
    place = [item.location.path, item.location.record]
    fields = [list(pair) for pair in item.fields]
    return [*place, item.timestamp, item.raw, list(item.highlights), item.action, fields, shown.log_source]


def _shown(values: list[Any]) -> Shown:
    path, record, timestamp, raw, highlights, action, fields, log_source = values
    pairs = tuple((str(name), str(value)) for name, value in fields)
    place = SourceLocation(path, record)
    return Shown(Evidence(place, timestamp, raw, 0.0, tuple(highlights), action=action, fields=pairs), log_source)


def _entity(values: list[Any]) -> Entity:
    kind, value = values
    return str(kind), str(value)
