"""Beacons in captures of real malware: at which rank of all series they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from loglm.anomaly.beacons.detector import BeaconDetector, ScoredTraffic
from loglm.anomaly.beacons.scorer import BeaconScorer
from loglm.evaluation.beacons.scoring import Method
from loglm.events.reading import read_events

__all__ = ["CAPTURES", "Capture", "CaptureRank", "rank_captures"]


@dataclass(frozen=True, slots=True)
class Capture:
    """A capture, and where its beacon is."""

    name: str
    files: tuple[str, ...]
    """Patterns below the folder ``attack`` of the data."""
    about: str
    source: str = ""
    destinations: frozenset[str] = frozenset()
    """Names or addresses of command and control; none where the capture holds no beacon that is known."""


CAPTURES: Final = (
    Capture(
        "rita/proxy",
        ("rita/proxy/conn.log*", "rita/proxy/http.log*", "rita/proxy/ssl.log*"),
        "HTTP beacon through a proxy, 249 s",
        "10.136.0.18",
        frozenset({"www.honestimnotevil.com"}),
    ),
    Capture(
        "currentis",
        ("currentis/zeek_*.jsonl*",),
        "HTTP beacon among 85 simulated hosts, 61 s",
        "192.168.4.233",
        frozenset({"121.43.243.13"}),
    ),
    Capture(
        "stratosphere-testing/001",
        ("stratosphere-testing/001-zeek-scenario-malicious/labeled-conn.log*",),
        "njRAT on port 1177, 11 s",
        "192.168.1.115",
        frozenset({"41.108.179.197"}),
    ),
    Capture(
        "stratosphere-testing/003",
        ("stratosphere-testing/003-zeek-scenario-malicious/*.log*",),
        "AndroidTester on port 1337, 12 connections in bursts",
        "10.8.0.61",
        frozenset({"147.32.83.234"}),
    ),
    Capture(
        "slips/test18",
        ("slips/test18-malicious-ctu-sme-11-win/zeek-labeled/*.log.labeled*",),
        "Remcos trying again each half second for eight minutes",
        "192.168.1.107",
        frozenset({"66.63.168.35"}),
    ),
    Capture(
        "stratosphere-testing/005",
        ("stratosphere-testing/005-zeek-scenario-malicious/*.log*",),
        "Simda, hundreds of calls in three minutes: no beacon in this sense",
        "192.168.1.116",
        frozenset({"104.239.157.210", "23.253.126.58"}),
    ),
    Capture(
        "rita/proxy_rolling", ("rita/proxy_rolling/*.log*",), "an hour of a home network; holds no beacon that is known"
    ),
    Capture(
        "rita/dnscat2-ja3-strobe-agt",
        ("rita/dnscat2-ja3-strobe-agt/http.log*",),
        "a day of 13 hosts with scripted browsing; the calls of its implants are not in this log",
    ),
)
"""Simda names its destinations; they are known by the labels of the same malware in ``slips/test5``."""


@dataclass(frozen=True, slots=True)
class CaptureRank:
    """What became of a capture."""

    capture: Capture
    connections: int
    series: int
    hosts: int
    hours: float
    ranks: Mapping[str, int | None]
    """By method: the best rank of the beacon's series among all, ties against it; None where there is none."""
    alerts: Mapping[int, int]
    """By budget: series above the shipped scorer's threshold."""
    found: Mapping[int, bool]
    """By budget: whether the beacon is among them."""
    top: str
    """The series of the highest score."""


def rank_captures(
    data: Path, methods: Mapping[str, Method], *, say: Callable[[str], None], scorer: BeaconScorer | None = None
) -> list[CaptureRank]:
    """Rank the series of each capture that is there by each method."""
    found = []
    for capture in CAPTURES:
        paths = [path for pattern in capture.files for path in sorted((data / "attack").glob(pattern))]
        if paths:
            say(capture.name)
            found.append(_rank(capture, paths, methods, scorer or BeaconScorer.shipped()))
    return found


def _rank(capture: Capture, paths: list[Path], methods: Mapping[str, Method], scorer: BeaconScorer) -> CaptureRank:
    detector = BeaconDetector(scorer=scorer)
    detector.add_all(read_events(paths))
    traffic = detector.scored()
    environment = traffic.environment
    own = np.array([_is_beacon(capture, one.source, one.destination) for one in environment.series], dtype=bool)
    scores = {name: method(environment, traffic.matrix) for name, method in methods.items()}
    above = {budget: traffic.scores > threshold for budget, threshold in sorted(scorer.thresholds.items())}
    return CaptureRank(
        capture=capture,
        connections=detector.connections,
        series=len(environment.series),
        hosts=environment.sources,
        hours=(environment.end - environment.start) / 3_600,
        ranks={name: _best_rank(values, own) for name, values in scores.items()},
        alerts={budget: int(row.sum()) for budget, row in above.items()},
        found={budget: bool((row & own).any()) for budget, row in above.items()},
        top=_top(traffic),
    )


def _is_beacon(capture: Capture, source: str, destination: str) -> bool:
    return source == capture.source and destination in capture.destinations


def _best_rank(scores: np.ndarray, own: np.ndarray) -> int | None:
    if not own.any():
        return None
    best = scores[own].max()
    return int((scores[~own] >= best).sum()) + 1


def _top(traffic: ScoredTraffic) -> str:
    if not len(traffic.scores):
        return ""
    one = traffic.environment.series[int(traffic.scores.argmax())]
    return f"{one.source} -> {one.destination}:{one.port}"
