"""The benchmark as one HTML page, and its grid and captures as rows for CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loglm.anomaly.beacons.wording import interval_words
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.beacons.ablation import SHARED
from loglm.evaluation.beacons.captures import CaptureRank
from loglm.evaluation.beacons.measuring import BeaconRun
from loglm.evaluation.beacons.summary import GridCell, beacon_scores, grid_cells
from loglm.evaluation.scores import Score
from loglm.reports.heat_page import HeatMap, HeatPage, write_heat_page
from loglm.reports.page_parts import PageFact
from loglm.reports.score_page import PlainTable

__all__ = ["beacon_page", "write_beacon_page"]


def write_beacon_page(
    run: BeaconRun, captures: Sequence[CaptureRank], path: Path, *, budget: int, shared: BeaconRun | None = None
) -> None:
    """Write `beacon_page`.

    Raises:
        InputError: The file cannot be written.
    """
    write_heat_page(beacon_page(run, captures, budget=budget, shared=shared), path)


def beacon_page(
    run: BeaconRun, captures: Sequence[CaptureRank], *, budget: int, shared: BeaconRun | None = None
) -> HeatPage:
    """Heat maps of all methods at one budget, and the tables; one more of `measure_shared`'s run."""
    from loglm import __version__

    cells = grid_cells(run, budget=budget)
    beacons = sum(len(day.shapes) for day in run.test)
    hosts = sum(day.hosts for day in run.test)
    return HeatPage(
        title="Beacons",
        lead=f"Recall by interval and jitter at {budget} alerts in 1,000 hosts and a day, the same for all methods",
        facts=[
            PageFact("Hidden beacons", f"{beacons:,}"),
            PageFact("Days of hosts", f"{hosts:,}", f"{len(run.test)} seeds, of {run.machines['test']} real machines"),
            PageFact("Connections", f"{sum(day.connections for day in run.test):,}"),
        ],
        maps=[_heat_map(name, cells) for name in dict.fromkeys(cell.model for cell in cells)],
        tables=[
            _score_table("Recall and alerts", beacon_scores(run)),
            *([_score_table(SHARED, beacon_scores(shared))] if shared else []),
            _capture_table(captures),
        ],
        footer=f"Made by LogLM {__version__}. Heat maps: threshold that gives the same alerts on the test days for "
        f"every method. Table: thresholds from validation days, of {run.machines['validation']} real machines, with "
        "the alerts that they gave.",
    )


def _heat_map(name: str, cells: Sequence[GridCell]) -> HeatMap:
    own = {(cell.interval_s, cell.jitter): cell.recall_at_same_alerts for cell in cells if cell.model == name}
    intervals, jitters = (sorted({place[axis] for place in own}) for axis in (0, 1))
    return HeatMap(
        title=name,
        row_axis="interval",
        column_axis="jitter",
        rows=[interval_words(interval) for interval in intervals],
        columns=[f"{jitter:.0%}" for jitter in jitters],
        values=[[own.get((interval, jitter), 0.0) for jitter in jitters] for interval in intervals],
    )


def _score_table(title: str, scores: Sequence[Score]) -> PlainTable:
    metrics = list(dict.fromkeys(score.metric for score in scores))
    values = {(score.model, score.metric): _shown(score.value) for score in scores}
    models = dict.fromkeys(score.model for score in scores)
    rows = [[model, *(values.get((model, metric), "") for metric in metrics)] for model in models]
    about = "By alerts in 1,000 hosts and a day; 95 % of draws of days and machines, too narrow for so few."
    return PlainTable(title, about, ["model", *metrics], rows)


def _capture_table(captures: Sequence[CaptureRank]) -> PlainTable:
    models = list(captures[0].ranks) if captures else []
    rows = [
        [one.capture.name, one.capture.about, f"{one.series:,}", *(str(one.ranks[m] or "") for m in models)]
        for one in captures
    ]
    about = "Rank of the beacon among all series of the capture; empty where none is known."
    return PlainTable("Real captures", about, ["capture", "what", "series", *models], rows)


def _shown(value: Interval) -> str:
    if value.mean != value.mean:
        return ""
    if value.low != value.low:
        return f"{value.mean:.3f}"
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})"
