"""`loglm triage`: incidents against a history of labelled ones."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, Model, Quiet, Threads
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.triage.calibration import DecisionThreshold
    from loglm.triage.triaging import Triage, TriagedIncident

__all__ = ["triage"]

_WIDTH = 100
_SHOWN_CLOSED = 20
_SAID = 5


def triage(
    history: Annotated[Path, typer.Option("--history", help="Folder of past incidents; made where there is none.")],
    incidents: Annotated[
        list[str] | None, typer.Argument(help="Incidents or alerts to judge; files, folders, - for stdin.")
    ] = None,
    learn: Annotated[
        list[str] | None, typer.Option("--learn", help="Incidents with verdicts, added to the history first.")
    ] = None,
    verdicts: Annotated[
        list[str] | None,
        typer.Option(help="Verdicts by incident id, such as id,verdict; the last counts."),
    ] = None,
    forget: Annotated[
        list[str] | None, typer.Option("--forget", metavar="ID", help="Take an incident out of the history first.")
    ] = None,
    raise_error: Annotated[
        float, typer.Option(help="Share of what is raised that may be no true positive, with 95 % confidence.")
    ] = 0.1,
    close_error: Annotated[
        float, typer.Option(help="Share of what is closed that may be a true positive, with 95 % confidence.")
    ] = 0.02,
    model: Model = None,
    threads: Threads = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say which incidents to raise, which to close, and of which nothing can be said, by past ones with verdicts.

    Incidents and alerts come as JSON, JSON lines, CSV, OCSF findings (those of loglm detect --jsonl), STIX bundles or
    logs; records of one id are one incident. Verdicts are true positive, false positive or benign positive, in the
    usual spellings of SIEMs (verdict, classification, disposition, OCSF's verdict_id). The five nearest past incidents
    vote, and are shown.

    Two models decide, each from a threshold on that kept to its error on the newer half of the history, every incident
    judged by older ones. Where the history does not support the error, where neighbours disagree or are too far, it
    says so and decides nothing. What --learn and --verdicts bring counts at once, and stays. With a history alone it
    says how many incidents that holds.
    """
    from loglm.cli.output import count_events, print_json, report_problems
    from loglm.events import Problems
    from loglm.triage.triaging import triage as run

    problems = Problems()
    try:
        found = run(
            incidents or [],
            history=history,
            learn=learn or [],
            verdicts=verdicts or [],
            forget=forget or [],
            model=model,
            raise_error=raise_error,
            close_error=close_error,
            threads=threads,
            problems=problems,
            progress=partial(count_events, quiet=quiet),
        )
    finally:
        if not quiet:
            report_problems(problems)
    if as_json:
        print_json(_document(found) | {"problems": dict(problems.rejected + problems.notes)})
    else:
        _print_text(found)
    if not quiet:
        _say_done(found)


def _print_text(found: Triage) -> None:
    from loglm.triage.deciding import Decision

    hidden = max(0, found.count(Decision.CLOSE) - _SHOWN_CLOSED)  # they stand last
    for item in found.incidents[: len(found.incidents) - hidden]:
        _print_incident(item)
    if hidden:
        typer.echo(f"{hidden:,} more to close; --json lists them all")


def _print_incident(item: TriagedIncident) -> None:
    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import clock

    incident = item.incident
    facts = [one_line(incident.incident_id), one_line(incident.entity), clock(incident.timestamp)]
    word = {"raise": "RAISE", "close": "close", "cannot_say": "cannot say"}[item.decision]
    typer.echo(f"{word:10} {excerpt(one_line(incident.title), _WIDTH)}")
    typer.echo(f"  {' · '.join(fact for fact in facts if fact)}")
    typer.echo(f"  {item.reason}")
    for near in item.neighbours:
        past = near.past
        title = excerpt(one_line(past.title), _WIDTH // 2)
        name = excerpt(one_line(past.incident_id), _WIDTH // 4)
        typer.echo(f"    {near.similarity:.2f} {past.verdict.words:15} {name} · {title}")


def _document(found: Triage) -> dict[str, Any]:
    return {
        "incidents": [_row(item) for item in found.incidents],
        "raise": _threshold(found.to_raise),
        "close": _threshold(found.to_close),
        "history": {str(verdict): number for verdict, number in found.past.items()},
        "same_text_other_verdict": found.same_text,
        "already_decided": found.decided,
        "id_returned": found.returned,
        "history_is_read_only": found.is_read_only,
        "incidents_learned": found.learned.incidents,
        "incidents_changed": found.learned.changed,
        "verdicts_learned": found.learned.verdicts,
        "forgotten": found.forgotten,
        "contradictions": [str(contradiction) for contradiction in found.contradictions],
    }


def _row(item: TriagedIncident) -> dict[str, Any]:
    from loglm.reports.times import iso_utc

    incident = item.incident
    return {
        "incident_id": incident.incident_id,
        "title": incident.title,
        "entity": incident.entity,
        "timestamp": iso_utc(incident.timestamp) or None,
        "path": incident.location.path,
        "record": incident.location.record,
        "decision": str(item.decision),
        "reason": item.reason,
        "raise_score": item.raise_score,
        "close_score": item.close_score,
        "neighbours": [
            {
                "incident_id": near.past.incident_id,
                "title": near.past.title,
                "verdict": str(near.past.verdict),
                "similarity": near.similarity,
                "path": near.past.location.path,
                "record": near.past.location.record,
            }
            for near in item.neighbours
        ],
    }


def _threshold(found: DecisionThreshold | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "threshold": found.value,
        "allowed_error": round(found.allowed, 4),
        "error_bound": round(found.bound, 4),
        "tried_on": found.trials,
        "wrong": found.wrong,
        "of_others": found.others,
    }


def _say_done(found: Triage) -> None:
    from loglm.reports.sanitize import one_line
    from loglm.triage.deciding import Decision

    for contradiction in found.contradictions[:_SAID]:
        typer.echo(one_line(str(contradiction)), err=True)
    if len(found.contradictions) > _SAID:
        typer.echo(
            f"{plural(len(found.contradictions) - _SAID, 'more contradiction')}; --json lists them all", err=True
        )
    if found.forgotten:
        typer.echo(f"forgot {plural(found.forgotten, 'incident')}", err=True)
    if found.learned.incidents or found.learned.verdicts:
        learned = f"{plural(found.learned.incidents, 'incident')} and {plural(found.learned.verdicts, 'verdict')}"
        typer.echo(f"learned {learned}", err=True)
    if found.learned.changed:
        changed = plural(found.learned.changed, "incident")
        typer.echo(f"{changed} of the history changed: given again with other content or another time", err=True)
    verdicts = ", ".join(f"{number:,} {verdict.words}" for verdict, number in found.past.items())
    mixed = f"; {plural(found.same_text, 'text')} with attacks and others" if found.same_text else ""
    kept = "; read-only, verdicts cannot be kept in it" if found.is_read_only else ""
    typer.echo(f"history: {verdicts}{mixed}{kept}", err=True)
    if found.decided:
        typer.echo(f"{plural(found.decided, 'incident')} not judged: in the history already, with a verdict", err=True)
    if found.to_raise is None or found.to_close is None:
        return
    typer.echo(f"raise: {_rests_on(found.to_raise, 'harmless ones')}", err=True)
    typer.echo(f"close: {_rests_on(found.to_close, 'attacks')}", err=True)
    raised, closed, left = (found.count(decision) for decision in (Decision.RAISE, Decision.CLOSE, Decision.OPEN))
    saved = closed / len(found.incidents) if found.incidents else 0
    typer.echo(f"{raised:,} to raise, {closed:,} to close ({saved:.0%} of the volume), {left:,} cannot say", err=True)


def _rests_on(threshold: DecisionThreshold, wrong: str) -> str:
    tried = f"{threshold.wrong:,} wrong of {plural(threshold.trials, 'different past incident')}"
    bound = f"error below {threshold.bound:.1%} with 95 % confidence"
    if threshold.value is None:
        return f"never; {tried}: {bound}, but {threshold.allowed:.1%} is allowed"
    share = f"{threshold.wrong:,} of all {threshold.others:,} {wrong}"
    return f"from {threshold.value:.2f} on; {tried} ({share}): {bound}"
