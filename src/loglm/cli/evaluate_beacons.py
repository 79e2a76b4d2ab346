"""``loglm evaluate beacons``: recall of hidden beacons at a fixed number of alerts, and ranks in real captures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loglm.cli.options import AsJson, Force

if TYPE_CHECKING:
    from loglm.evaluation.beacons.captures import CaptureRank
    from loglm.evaluation.beacons.measuring import BeaconRun
    from loglm.evaluation.beacons.summary import GridCell
    from loglm.evaluation.scores import Score

__all__ = ["beacons"]

_WIDTH = 200


def beacons(
    data: Annotated[Path, typer.Option("--data", help="Data folder with the captures in attack below it.")],
    days: Annotated[int, typer.Option(min=1, help="Test days, each of a seed; as many validation days.")] = 5,
    hosts: Annotated[int, typer.Option(min=30, help="Hosts of a day; each hides a beacon of the grid.")] = 120,
    budget: Annotated[
        int, typer.Option(help="Alerts that 1,000 hosts may bring in an ordinary day, for the heat maps: 1, 10 or 100.")
    ] = 10,
    html: Annotated[Path | None, typer.Option(help="Write heat maps and tables as one HTML page.")] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the grid as CSV, one row a method, interval and jitter.")
    ] = None,
    export: Annotated[
        Path | None,
        typer.Option(help="Write the first test day as Zeek logs with its answers into this folder, and end."),
    ] = None,
    ablation: Annotated[
        bool,
        typer.Option(
            "--ablation",
            help="Also fit the trees without surroundings, on times alone and on surroundings alone, and measure all "
            "on days of HTTPS beacons of 47 s with jitter to shared places.",
        ),
    ] = False,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Recall of beacons hidden in real and generated benign traffic, at 1, 10 and 100 alerts in 1,000 hosts and a day.

    A day has hosts made from real machines of benign captures (Zeek), software of fourteen named kinds that calls
    periodically, and beacons over a grid of interval and jitter, with the jitter of five frameworks, missing beats,
    working hours, sleeps, sessions, payloads that vary, and places that benign hosts call too. Beside LogLM's score:
    one in RITA's manner, with and without its modifiers, the variation of intervals, and autocorrelation. Thresholds
    come from validation days; those that loglm beacons takes stand in a row of their own. Then real captures: at which
    rank of all series the beacon stands.

    The hosts are copies of few real machines, whose number is printed. Those of the validation days are of another
    recording, of an office that is in the test days too, so they are not independent. Intervals are over draws of days
    and machines, and too narrow for so few. --ablation shows what the surroundings bring over times and sizes.
    """
    from loglm.cli.output import print_json
    from loglm.errors import InputError
    from loglm.evaluation.beacons.ablation import SHARED, fit_views, measure_shared, view_methods
    from loglm.evaluation.beacons.captures import rank_captures
    from loglm.evaluation.beacons.fitting import BUDGETS
    from loglm.evaluation.beacons.measuring import all_methods, measure_beacons
    from loglm.evaluation.beacons.page import write_beacon_page
    from loglm.evaluation.beacons.summary import beacon_scores, factor_scores, grid_cells
    from loglm.reports.output import check_report

    if budget not in BUDGETS:
        raise InputError(f"--budget {budget}; expected one of {', '.join(map(str, BUDGETS))}")
    for target in (html, csv):
        if target is not None:
            check_report(target, overwrite=force)
    if export is not None:
        _export(data, hosts, export)
        return
    methods = {**all_methods(), **(view_methods(fit_views(data, say=_say)) if ablation else {})}
    run = measure_beacons(data, days=days, hosts=hosts, say=_say, methods=methods)
    shared = measure_shared(data, run, methods, days=days, hosts=hosts, say=_say) if ablation else None
    captures = rank_captures(data, methods, say=_say)
    scores, factors = beacon_scores(run), factor_scores(run, budget=budget)
    if shared is not None:
        scores += beacon_scores(shared, task=SHARED)
        factors += factor_scores(shared, budget=budget, task=SHARED)
    cells = grid_cells(run, budget=budget)
    if html is not None:
        write_beacon_page(run, captures, html, budget=budget, shared=shared)
    if csv is not None:
        _write_grid(csv, cells)
    if as_json:
        print_json(_document(run, scores, factors, cells, captures, budget))
    else:
        _print(run, scores, factors, cells, captures, budget)


def _say(what: str) -> None:
    typer.echo(what, err=True)


def _export(data: Path, hosts: int, folder: Path) -> None:
    from loglm.errors import InputError
    from loglm.evaluation.beacons.measuring import first_test_day
    from loglm.evaluation.beacons.zeek_files import write_zeek

    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: not empty; give the name of a new folder")
    write_zeek(first_test_day(data, hosts=hosts), folder)
    _say(f"{folder}: conn.log, ssl.log, dns.log and beacons.csv")


def _write_grid(path: Path, cells: Sequence[GridCell]) -> None:
    import csv

    from loglm.reports.output import open_report

    with open_report(path) as file:
        writer = csv.DictWriter(file, list(asdict(cells[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(cell) for cell in cells)


def _document(
    run: BeaconRun,
    scores: Sequence[Score],
    factors: Sequence[Score],
    cells: Sequence[GridCell],
    captures: Sequence[CaptureRank],
    budget: int,
) -> dict[str, object]:
    from loglm.evaluation.beacons.measuring import OURS
    from loglm.evaluation.beacons.summary import alarm_kinds

    return {
        "days": len(run.test),
        "machines": dict(run.machines),
        "hosts": sum(day.hosts for day in run.test),
        "connections": sum(day.connections for day in run.test),
        "scores": [asdict(score) for score in (*scores, *factors)],
        "grid": [asdict(cell) for cell in cells],
        "alarms": [
            {"kind": kind, "alerts": alerts, "series": series}
            for kind, alerts, series in alarm_kinds(run, OURS, budget=budget)
        ],
        "captures": [_capture_row(one) for one in captures],
    }


def _capture_row(one: CaptureRank) -> dict[str, object]:
    return {
        "name": one.capture.name,
        "about": one.capture.about,
        "connections": one.connections,
        "series": one.series,
        "hosts": one.hosts,
        "hours": one.hours,
        "ranks": dict(one.ranks),
        "alerts": {str(budget): number for budget, number in one.alerts.items()},
        "found": {str(budget): is_found for budget, is_found in one.found.items()},
        "top": one.top,
    }


def _print(
    run: BeaconRun,
    scores: Sequence[Score],
    factors: Sequence[Score],
    cells: Sequence[GridCell],
    captures: Sequence[CaptureRank],
    budget: int,
) -> None:
    from loglm.cli.score_tables import print_score_tables
    from loglm.evaluation.beacons.measuring import OURS
    from loglm.evaluation.beacons.summary import alarm_kinds

    machines = ", ".join(f"{split} {number}" for split, number in run.machines.items())
    typer.echo(f"Real machines that hosts are made from: {machines}")
    print_score_tables(scores)
    _print_grids(cells, budget)
    print_score_tables(factors)
    kinds = alarm_kinds(run, OURS, budget=budget)
    _table(
        f"False alarms of {OURS} at {budget}",
        ("kind", "alerts", "series"),
        [(kind, str(alerts), f"{series:,}") for kind, alerts, series in kinds],
    )
    _print_captures(captures)


def _print_grids(cells: Sequence[GridCell], budget: int) -> None:
    from loglm.anomaly.beacons.wording import interval_words

    jitters = sorted({cell.jitter for cell in cells})
    for name in dict.fromkeys(cell.model for cell in cells):
        own = {(cell.interval_s, cell.jitter): cell.recall_at_same_alerts for cell in cells if cell.model == name}
        rows = [
            (interval_words(interval), *(f"{own[interval, jitter]:.2f}" for jitter in jitters))
            for interval in sorted({place[0] for place in own})
        ]
        columns = ("interval", *(f"jitter {jitter:.0%}" for jitter in jitters))
        _table(f"{name}: recall at {budget} alerts, the same for all methods", columns, rows)


def _print_captures(captures: Sequence[CaptureRank]) -> None:
    if not captures:
        return
    methods, budgets = list(captures[0].ranks), list(captures[0].alerts)
    rows = [
        (
            one.capture.name,
            f"{one.series:,}",
            f"{one.hosts:,}",
            f"{one.hours:.1f}",
            *(str(one.ranks[name] or "") for name in methods),
            *(f"{one.alerts[budget]}{' with it' if one.found[budget] else ''}" for budget in budgets),
        )
        for one in captures
    ]
    columns = ("capture", "series", "hosts", "hours", *methods, *(f"alerts at {budget}" for budget in budgets))
    _table("Real captures: rank of the beacon", columns, rows)


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from loglm.reports.sanitize import one_line

    table = Table(*map(escape, columns), title=escape(title))
    for row in rows:
        table.add_row(*(escape(one_line(cell)) for cell in row))
    Console(width=_WIDTH).print(table)
