"""`loglm anomalies`: what is unusual in logs, compared with a baseline."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from loglm.anomaly.detector import Anomalies
    from loglm.anomaly.findings import AnomalyFinding
    from loglm.context.encoder import ContextEncoder
    from loglm.events.problems import Problems
    from loglm.findings import RunSummary

__all__ = ["anomalies"]

_WIDTH = 150
_SUSPICIOUS = 3


def anomalies(
    paths: Annotated[list[str], typer.Argument(help="Files, folders, globs, archives.")],
    baseline: Annotated[
        list[str] | None, typer.Option(help="Logs of ordinary days to learn from; may be given several times.")
    ] = None,
    baseline_share: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="Without --baseline: the first share of PATHS, by time.")
    ] = 0.5,
    budget: Annotated[float, typer.Option(help="Alerts that an ordinary day may bring, per 1,000 entities.")] = 100.0,
    threshold: Annotated[
        float | None, typer.Option(help="Bits from which on an event is shown, in place of the baseline's.")
    ] = None,
    by: Annotated[
        Literal["primary", "host", "user", "address", "pair"],
        typer.Option(help="Whose behaviour; primary: host, user or source address, whichever fits the log."),
    ] = "primary",
    context: Annotated[
        str | None,
        typer.Option(
            metavar="<path>|shipped",
            help="Context encoder to weigh expectations by, made by `loglm pretrain-context`; default: weights fitted "
            "to the baseline.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option("-k", "--limit", min=1, help="Findings to show.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write a self-contained HTML report.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a report that is there already.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no list of problems.")] = False,
) -> None:
    """Learn what is usual from a baseline, and show what is not: the events, what was expected instead, and why.

    Each event is scored in bits: how unexpected its kind is after what its entity did before, whether its text is new,
    and whether it came at an unusual time. The threshold is set by the later part of the baseline, so that an
    ordinary day keeps within the budget. The same thing on many entities, or again within a day, is told once.

    The unusual is not always bad. Drift since the baseline, and a baseline that looks as if it held an attack, are
    said.
    """
    from loglm.anomaly.detector import AnomalyOptions, find_anomalies
    from loglm.anomaly.findings import describe
    from loglm.cli.output import count_events, print_json, refuse_empty, report_problems
    from loglm.errors import EmptyInputError, InputError
    from loglm.events.problems import Problems
    from loglm.reports.output import check_report

    if html is not None:
        check_report(html, overwrite=force)
    problems = Problems()
    try:
        found = find_anomalies(
            paths,
            baseline=baseline or (),
            encoder=_encoder(context),
            options=AnomalyOptions(baseline_share, budget, threshold, by),
            problems=problems,
            progress=partial(count_events, quiet=quiet),
        )
    except EmptyInputError:
        refuse_empty([*(baseline or ()), *paths], 0, problems, quiet=quiet)
        raise
    except InputError:
        if not quiet:
            report_problems(problems)  # they may be why
        raise
    shown = describe(found.reports, found, most=limit)
    suspicious = describe(found.suspicious, found, most=_SUSPICIOUS)
    if html is not None:
        _write_html(shown, found, problems, html)
    if as_json:
        print_json(_document(found, shown, suspicious))
    else:
        _print_text(found, shown, suspicious)
    if not quiet:
        report_problems(problems)


def _encoder(context: str | None) -> ContextEncoder | None:
    """The context encoder of a folder, or the shipped one; None for None."""
    from loglm.artifacts.folder import default_context_dir, open_model_dir
    from loglm.context.encoder import ContextEncoder

    if context is None:
        return None
    folder, _ = open_model_dir(default_context_dir() if context == "shipped" else Path(context))
    return ContextEncoder.load(folder)


def _print_text(found: Anomalies, shown: list[AnomalyFinding], suspicious: list[AnomalyFinding]) -> None:
    for number, one in enumerate(shown, 1):
        _print_finding(number, one)
    rest = len(found.reports) - len(shown)
    if rest > 0:
        typer.echo(f"{rest:,} more, less unusual, not shown (--limit).")
    if not found.reports:
        typer.echo("Nothing above the threshold.")
    typer.echo(_basis(found))
    for line in _warnings(found, suspicious):
        typer.echo(line)


def _print_finding(number: int, one: AnomalyFinding) -> None:
    from loglm.reports.event_line import event_line
    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import span

    finding = one.finding
    who = f"{finding.entity_kind.replace('_', ' ')} {excerpt(one_line(finding.entity), 60)}"
    about = [who, span(finding.start, finding.end), f"{finding.events:,} unusual events" if finding.events > 1 else ""]
    typer.echo(f"{number}. {finding.technique_name}, {one.bits:.1f} bits ({_parts(one)})")
    typer.echo(f"   {' · '.join(part for part in about if part)}")
    for item in finding.evidence[:3]:
        typer.echo(f"   {one_line(str(item.location)).rsplit('/', 1)[-1]}  {event_line(item, _WIDTH)}")
    likeliest = [(text, share) for text, share in one.expected if share >= 0.05]
    if likeliest and one.reason in ("rarity", "order"):
        typer.echo("   expected instead:")
        for text, share in likeliest:
            typer.echo(
                f"   {share:>5.0%}  {excerpt(one_line(text.replace(chr(10), ' ')) or '(a kind not seen here)', _WIDTH)}"
            )
    if one.reason == "timing" and one.gap_s is not None:
        typer.echo(f"   {one.gap_s:,.3g} s after the event before")
    if one.others:
        typer.echo(
            f"   also on {len(one.others):,} more: {', '.join(excerpt(one_line(v), 40) for _, v in one.others[:5])}"
        )
    if one.repeats:
        typer.echo(f"   seen {one.repeats:,} more times, not told again")
    typer.echo("")


def _parts(one: AnomalyFinding) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in one.surprise._asdict().items() if value >= 0.05)


def _basis(found: Anomalies) -> str:
    return (
        f"{len(found.reports):,} found in {found.scored_events:,} events of {found.entities:,} entities, by a baseline "
        f"of {found.baseline_events:,} events; threshold {found.threshold.bits:.1f} bits; {found.seconds:.1f} s"
    )


def _warnings(found: Anomalies, suspicious: list[AnomalyFinding]) -> list[str]:
    from loglm.reports.sanitize import one_line

    lines = []
    if not found.threshold.keeps_budget:
        lines.append(
            "The baseline does not show that the budget is kept: "
            f"{found.threshold.expected:.3g} alerts are expected in its later part, "
            f"{found.threshold.allowed:.1g} allowed. A longer one sets the threshold better."
        )
    if found.drift.is_drift:
        lines.append(
            f"Drift: an event is {found.drift.bits:.1f} bits surprising, in the baseline "
            f"{found.drift.baseline_bits:.1f}; {found.drift.unknown_codes:.0%} are of kinds that its later part does "
            "not have. Learn from a newer baseline."
        )
    if suspicious:
        places = ", ".join(
            one_line(str(one.finding.evidence[0].location)) for one in suspicious if one.finding.evidence
        )
        lines.append(f"{len(found.suspicious):,} in the baseline itself are above the threshold; look at {places}")
    odd = ", ".join(
        f"{name.replace('_', ' ')} {number:,}"
        for name, number in sorted(found.oddities.items())
        if name != "scored" and number
    )
    return [*lines, f"Events out of the ordinary way: {odd}"] if odd else lines


def _document(found: Anomalies, shown: list[AnomalyFinding], suspicious: list[AnomalyFinding]) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "findings": [_finding_json(one) for one in shown],
        "found": len(found.reports),
        "threshold": {**asdict(found.threshold), "keeps_budget": found.threshold.keeps_budget},
        "drift": asdict(found.drift),
        "in_baseline": [_finding_json(one) for one in suspicious],
        "found_in_baseline": len(found.suspicious),
        "baseline_events": found.baseline_events,
        "scored_events": found.scored_events,
        "entities": found.entities,
        "oddities": dict(found.oddities),
        "seconds": round(found.seconds, 3),
    }


def _finding_json(one: AnomalyFinding) -> dict[str, Any]:
    finding = one.finding
    return {
        "finding_id": finding.finding_id,
        "title": finding.technique_name,
        "reason": one.reason,
        "bits": round(one.bits, 2),
        "surprise": {name: round(value, 2) for name, value in one.surprise._asdict().items()},
        "score": round(finding.score, 4),
        "level": finding.level.name.lower(),
        "entity_kind": finding.entity_kind,
        "entity": finding.entity,
        "log_source": finding.log_source,
        "start": finding.start,
        "end": finding.end,
        "unusual_events": finding.events,
        "gap_s": one.gap_s,
        "expected": [{"text": text, "probability": round(share, 4)} for text, share in one.expected],
        "repeats": one.repeats,
        "other_entities": [list(entity) for entity in one.others],
        "events": [
            {
                "location": str(item.location),
                "timestamp": item.timestamp,
                "weight": round(item.weight, 4),
                "new": list(item.highlights),
                "raw": item.raw,
            }
            for item in finding.evidence
        ],
    }


def _write_html(shown: list[AnomalyFinding], found: Anomalies, problems: Problems, target: Path) -> None:
    from loglm import reports

    reports.write_html(
        [one.finding for one in shown],
        _summary(found, problems),
        target,
        title="LogLM anomalies",
        scores="share of the baseline that is less unusual",
    )


def _summary(found: Anomalies, problems: Problems) -> RunSummary:
    import time

    from loglm import __version__
    from loglm.findings import RunSummary

    return RunSummary(
        files=len(found.table.files),
        events_read=len(found.table),
        events_scored=found.scored_events,
        events_rejected=problems.total_rejected,
        entities=found.entities,
        windows=found.scored_events,
        findings=len(found.reports),
        seconds=found.seconds,
        finished=time.time(),
        model_name="baseline",
        model_version=f"of {found.baseline_events:,} events",
        loglm_version=__version__,
        rejected_by_kind=dict(problems.rejected),
        notes_by_kind=dict(problems.notes),
        problem_examples=dict(problems.examples),
    )
