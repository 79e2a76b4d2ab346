"""The benchmark as one HTML page, and its grid and captures as rows for CSV and JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.beacons.captures import CaptureRank
from loglm.evaluation.beacons.measuring import BeaconRun
from loglm.evaluation.beacons.summary import GridCell, beacon_scores, grid_cells
from loglm.evaluation.scores import Score
from loglm.reports.heat_page import HeatMap, HeatPage, write_heat_page
from loglm.reports.page_parts import PageFact
from loglm.reports.score_page import PlainTable

__all__ = ["beacon_page", "interval_name", "write_beacon_page"]


def write_beacon_page(run: BeaconRun, captures: Sequence[CaptureRank], path: Path, *, budget: int) -> None:
    """Write `beacon_page`.

    Raises:
        InputError: The file cannot be written.
    """
    write_heat_page(beacon_page(run, captures, budget=budget), path)


def beacon_page(run: BeaconRun, captures: Sequence[CaptureRank], *, budget: int) -> HeatPage:
    """Heat maps of all methods at one budget, and the tables."""
    from loglm import __version__

    cells = grid_cells(run, budget=budget)
    beacons = sum(len(day.shapes) for day in run.test)
    hosts = sum(day.hosts for day in run.test)
    return HeatPage(
        title="Beacons",
        lead=f"Recall by interval and jitter at {budget} alerts in 1,000 hosts and a day, the same for all methods",
        facts=[
            PageFact("Hidden beacons", f"{beacons:,}"),
            PageFact("Days of hosts", f"{hosts:,}", f"{len(run.test)} seeds"),
            PageFact("Connections", f"{sum(day.connections for day in run.test):,}"),
        ],
        maps=[_heat_map(name, cells) for name in dict.fromkeys(cell.model for cell in cells)],
        tables=[_score_table(beacon_scores(run)), _capture_table(captures)],
        footer=f"Made by LogLM {__version__}. Heat maps: threshold that gives the same alerts on the test days for "
        "every method. Table: thresholds from validation days beside it, with the alerts that they gave.",
    )


def interval_name(seconds: float) -> str:
    """``47 s``, ``5 min``, ``4 h``."""
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def _heat_map(name: str, cells: Sequence[GridCell]) -> HeatMap:
    own = {(cell.interval_s, cell.jitter): cell.recall_at_same_alerts for cell in cells if cell.model == name}
    intervals, jitters = (sorted({place[axis] for place in own}) for axis in (0, 1))
    return HeatMap(
        title=name,
        row_axis="interval",
        column_axis="jitter",
        rows=[interval_name(interval) for interval in intervals],
        columns=[f"{jitter:.0%}" for jitter in jitters],
        values=[[own.get((interval, jitter), 0.0) for jitter in jitters] for interval in intervals],
    )


def _score_table(scores: Sequence[Score]) -> PlainTable:
    metrics = list(dict.fromkeys(score.metric for score in scores))
    values = {(score.model, score.metric): _shown(score.value) for score in scores}
    models = dict.fromkeys(score.model for score in scores)
    rows = [[model, *(values.get((model, metric), "") for metric in metrics)] for model in models]
    about = "By alerts in 1,000 hosts and a day; mean of the seeds and 95 % interval."
    return PlainTable("Recall and alerts", about, ["model", *metrics], rows)


def _capture_table(captures: Sequence[CaptureRank]) -> PlainTable:
    models = list(captures[0].ranks) if captures else []
    rows = [
        [one.capture.name, one.capture.about, f"{one.series:,}", *(str(one.ranks[m] or "") for m in models)]
        for one in captures
    ]
    about = "Rank of the beacon among all series of the capture; empty where none is known."
    return PlainTable("Real captures", about, ["capture", "what", "series", *models], rows)


def _shown(value: Interval) -> str:
    if value.low != value.low:
        return f"{value.mean:.3f}"
    return f"{value.mean:.3f} ({value.low:.3f} to {value.high:.3f})"
