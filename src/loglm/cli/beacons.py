"""``loglm beacons``: hosts that call the same place again and again by themselves."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loglm.cli.options import AsJson, AsJsonl, Force, Html, Quiet
from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.beacons.detector import Beacon, BeaconDetector, ScoredTraffic
    from loglm.events.problems import Problems
    from loglm.findings import Finding, RunSummary

__all__ = ["beacons"]

_WIDTH = 160
_SCORES = "beacon scorer's order of likeness to a beacon in 0 to 1, no probability"


def beacons(
    paths: Annotated[
        list[str], typer.Argument(help="Network logs: files, folders, patterns or archives; - for stdin.")
    ],
    budget: Annotated[
        int,
        typer.Option(help="Alerts that 1,000 hosts may bring in an ordinary day: 1, 10 or 100; sets the threshold."),
    ] = 10,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="So many of the highest scores instead, whatever the threshold.")
    ] = None,
    as_json: AsJson = False,
    as_jsonl: AsJsonl = False,
    html: Html = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Find beacons in network logs: malware that calls home, told from software that calls by itself.

    Reads Zeek (conn, with http, ssl and dns for names), Suricata, NetFlow, proxies, firewalls, DNS logs and Sysmon's
    network events. Connections of a host to one destination and port are a series; of each are measured how regular
    its intervals are, with jitter, missing beats and bursts borne, how alike its sizes, and what surrounds it: how many
    hosts call the destination, its address and its client, since when, alone or in company, in quiet hours, and
    unlike the other hosts that call it. Give the logs of as many hosts, and of as many hours, as there are.

    The score orders; it is no probability. A finding is where to look, for software of one host alone looks the same.
    """
    from functools import partial

    from loglm.anomaly.beacons import BeaconDetector, finding_of
    from loglm.cli.output import count_events, print_json, refuse_empty, report_problems
    from loglm.events import Problems, read_events
    from loglm.reports.output import check_report

    if as_json and as_jsonl:
        raise typer.BadParameter("give --json or --jsonl, not both")
    if html is not None:
        check_report(html, overwrite=force)
    detector, problems, started = BeaconDetector(), Problems(), time.monotonic()
    detector.threshold(budget)  # an odd budget is refused before hours of reading
    progress = partial(count_events, quiet=quiet)
    read = detector.add_all(progress(read_events(paths, problems=problems)))
    refuse_empty(paths, read, problems, quiet=quiet)
    scored = detector.scored()
    found = detector.beacons(budget=budget, top=top, scored=scored)
    findings = [finding_of(beacon, detector.scorer.thresholds) for beacon in found]
    facts = _facts(findings, detector, scored, problems, read=read, seconds=time.monotonic() - started)
    if html is not None:
        _write_html(findings, facts, html)
    if as_json:
        print_json(_document(found, findings, detector, read))
    elif as_jsonl:
        _write_jsonl(found, findings, facts)
    else:
        _print(found, findings)
    if not quiet:
        report_problems(problems)
        _say_done(found, detector, read)


def _print(found: list[Beacon], findings: list[Finding]) -> None:
    from loglm.reports.phrases import level_name
    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import span

    for beacon, finding in zip(found, findings, strict=True):
        place = f"{beacon.source} -> {beacon.destination}" + (f":{beacon.port}" if beacon.port else "")
        title = f"{level_name(finding.level)} {beacon.score:.3f} {one_line(place)}"
        typer.echo(f"{title}  {finding.technique_id} {finding.technique_name}")
        typer.echo(f"  {span(beacon.start, beacon.end)}")
        for reason in finding.reasons:
            typer.echo(f"  {excerpt(one_line(reason), _WIDTH)}")
        for item in finding.evidence[:1]:
            typer.echo(f"  {one_line(str(item.location))}")
        typer.echo("")


def _document(found: list[Beacon], findings: list[Finding], detector: BeaconDetector, read: int) -> dict[str, object]:
    return {
        "events": read,
        "connections": detector.connections,
        "forgotten": detector.table.forgotten,
        "thresholds": {str(budget): score for budget, score in detector.scorer.thresholds.items()},
        "beacons": [_row(beacon, finding) for beacon, finding in zip(found, findings, strict=True)],
    }


def _row(beacon: Beacon, finding: Finding) -> dict[str, Any]:
    from math import isnan

    from loglm.reports.times import iso_utc

    return {
        "finding_id": finding.finding_id,
        "title": finding.title,
        "score": beacon.score,
        "level": finding.level.name.lower(),
        "source": beacon.source,
        **_facts_of(beacon),
        "start": iso_utc(beacon.start),
        "end": iso_utc(beacon.end),
        "reasons": finding.reasons,
        "evidence": [{"path": e.location.path, "record": e.location.record, "raw": e.raw} for e in finding.evidence],
        "measures": {name: None if isnan(value) else value for name, value in beacon.measures.items()},
    }


def _facts_of(beacon: Beacon) -> dict[str, Any]:
    """What a `Finding` has no place for."""
    from math import exp

    from loglm.anomaly.beacons import techniques

    return {
        "techniques": techniques(beacon),
        "destination": beacon.destination,
        "addresses": beacon.addresses,
        "port": beacon.port,
        "connections": beacon.connections,
        "interval_s": exp(beacon.measures["log_interval"]),
        "reach": beacon.reach,
        "hosts": beacon.sources,
    }


def _facts(
    findings: list[Finding],
    detector: BeaconDetector,
    scored: ScoredTraffic,
    problems: Problems,
    *,
    read: int,
    seconds: float,
) -> RunSummary:
    from loglm import __version__
    from loglm.findings import RunSummary

    return RunSummary(
        files=detector.files,
        events_read=read,
        events_scored=detector.connections,
        events_rejected=problems.total_rejected,
        entities=scored.traffic.sources,
        windows=len(scored.scores),
        findings=len(findings),
        seconds=seconds,
        finished=time.time(),
        model_name="beacon scorer",
        model_version=__version__,
        loglm_version=__version__,
        rejected_by_kind=dict(problems.rejected),
        notes_by_kind=dict(problems.notes),
        problem_examples=dict(problems.examples),
    )


def _write_html(findings: list[Finding], facts: RunSummary, path: Path) -> None:
    from loglm.reports import write_html

    write_html(findings, facts, path, title="LogLM beacons", scores=_SCORES)


def _write_jsonl(found: list[Beacon], findings: list[Finding], facts: RunSummary) -> None:
    """One OCSF Detection Finding a line, with the connection in ``unmapped.beacon``."""
    from loglm.reports.jsonfile import json_text
    from loglm.reports.ocsf import to_ocsf

    for beacon, finding in zip(found, findings, strict=True):
        event = to_ocsf(finding, facts)
        event["unmapped"]["beacon"] = _facts_of(beacon)
        sys.stdout.write(json_text(event) + "\n")


def _say_done(found: list[Beacon], detector: BeaconDetector, read: int) -> None:

    told = f"{plural(detector.connections, 'connection')} in {plural(read, 'event')}"
    typer.echo(f"{plural(len(found), 'beacon')}; {told}", err=True)
    if not detector.connections:
        typer.echo(
            "no event tells of a connection; expected times, sources and destinations as network logs have", err=True
        )
    if detector.table.forgotten:
        typer.echo(
            f"{plural(detector.table.forgotten, 'connection')} of the busiest pairs forgotten for memory", err=True
        )
