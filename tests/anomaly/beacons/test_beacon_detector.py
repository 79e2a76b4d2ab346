"""The named case, a jittered beacon at a shared host, found by its surroundings; and inputs that are hard to take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from beacons.beacon_traffic import CDN, DAY_START, beacon, host, office, write_zeek_json
from loglm.anomaly.beacons import Beacon, BeaconDetector, finding_of, reasons, techniques
from loglm.anomaly.beacons.connections import LOOKUP, Connection
from loglm.anomaly.beacons.detector import ScoredTraffic
from loglm.errors import InputError, SourceLocation
from loglm.evaluation.beacons.baselines import BASELINES
from loglm.events import LogEvent, LogSource, read_events
from loglm.findings import Level

BEACON = (host(7), "assets.cdn-front.example")


def detector_of(*traffic: list[Connection]) -> BeaconDetector:
    detector = BeaconDetector()
    for connections in traffic:
        for connection in connections:
            detector.table.add(connection)
    return detector


def place(scored: ScoredTraffic, scores: np.ndarray) -> int:
    """Rank of the beacon by some scores, ties against it."""
    series = scored.traffic.series
    [row] = [row for row, one in enumerate(series) if (one.source, one.destination) == BEACON]
    return int((scores >= scores[row]).sum())


@pytest.mark.parametrize("seed", range(3))
def test_a_jittered_beacon_at_47_s_to_a_shared_host_is_among_the_first_and_not_for_its_period(seed: int) -> None:
    detector = detector_of(list(office(seed)), beacon(seed))
    scored = detector.scored()
    first = place(scored, scored.scores)
    assert first <= 3
    found = detector.beacons(top=first, scored=scored)[-1]
    assert (found.source, found.destination, found.addresses) == (*BEACON, (CDN,))
    for name in ("variation of intervals", "autocorrelation"):
        scores = np.array([BASELINES[name](one, scored.traffic) for one in scored.traffic.series])
        assert place(scored, scores) > 20, f"{name} finds it by the period alone"


def test_the_same_calls_of_all_hosts_are_software() -> None:
    everyone = [c._replace(source=host(n), time=c.time + n) for n in range(24) for c in beacon(n)]
    alone, common = detector_of(list(office(1)), beacon(7)), detector_of(list(office(1)), everyone)
    scores = []
    for detector in (alone, common):
        scored = detector.scored()
        own = [row for row, one in enumerate(scored.traffic.series) if (one.source, one.destination) == BEACON]
        scores.append(float(scored.scores[own[0]]))
    assert scores[1] < scores[0] / 2


def test_from_zeek_files_to_a_finding(tmp_path: Path) -> None:
    write_zeek_json(tmp_path / "zeek", [*office(3), *beacon(3)])
    detector = BeaconDetector()
    detector.add_all(read_events([tmp_path / "zeek"]))
    [top] = detector.beacons(top=1)
    finding = finding_of(top, detector.scorer.thresholds)
    assert (finding.entity, finding.technique_id, finding.tactics) == (BEACON[0], "T1071.001", ("command-and-control",))
    assert [c.technique_id for c in finding.candidates][:2] == ["T1071.001", "T1573"]
    assert finding.events == top.connections == len(beacon(3))
    assert 4 <= len(finding.evidence) <= 8
    assert all(BEACON[0] in item.raw and CDN in item.raw for item in finding.evidence)
    assert not finding.calibrated and not any(item.highlights for item in finding.evidence)
    said = " / ".join(finding.reasons)
    assert "calls about every 4" in said and "only this host of 24 calls it" in said
    assert finding == finding_of(detector.beacons(top=1)[0], detector.scorer.thresholds)


def test_order_of_events_does_not_matter() -> None:
    connections = [*office(2, hosts=12), *beacon(2)]
    shuffled = [connections[n] for n in np.random.default_rng(0).permutation(len(connections))]
    first, second = (detector_of(c).beacons(top=5) for c in (connections, shuffled))
    assert [(b.source, b.destination, round(b.score, 9)) for b in first] == [
        (b.source, b.destination, round(b.score, 9)) for b in second
    ]


def test_asked_in_between_it_goes_on(tmp_path: Path) -> None:
    calls = sorted(beacon(4))
    detector = detector_of(calls[:20])
    before = detector.beacons(top=1)[0].connections
    for connection in calls[20:]:
        detector.table.add(connection)
    assert (before, detector.beacons(top=1)[0].connections) == (20, len(calls))


@pytest.mark.parametrize(
    "times",
    [
        [],
        [5.0],
        [5.0, 6.0],
        [5.0] * 10,
        [0.0, 1e10, 0.0, 1e10, 3.0],
        [DAY_START + 60.0 * n - (86_400 * 365 if n % 2 else 0) for n in range(40)],
        [1e-9 * n for n in range(10)],
    ],
    ids=["none", "one", "two", "all at once", "clock jumps", "two clocks", "nanoseconds"],
)
def test_hard_times_are_taken(times: list[float]) -> None:
    detector = BeaconDetector()
    for number, time in enumerate(times):
        record = {"id.orig_h": "10.0.0.5", "id.resp_h": "93.1.2.3", "id.resp_p": 443, "proto": "tcp", "orig_bytes": 0}
        event = LogEvent(
            f"r{number}",
            SourceLocation("x.log", number + 1),
            LogSource("zeek", "conn"),
            record,
            timestamp=time,
            source_address="10.0.0.5",
            destination_address="93.1.2.3",
        )
        detector.add(event)
    found = detector.beacons(top=3)
    assert len(found) == (len(times) >= 4)
    for one in found:
        assert 0 <= one.score <= 1 and reasons(one) and finding_of(one, detector.scorer.thresholds).evidence


def test_events_without_time_are_left_out() -> None:
    detector = BeaconDetector()
    event = LogEvent("r", SourceLocation("x.log", 1), LogSource("zeek", "conn"), {"id.orig_h": "10.0.0.5"})
    assert not detector.add(event) and not detector.add(replace(event, timestamp=float("nan")))
    assert detector.connections == 0 and detector.beacons() == []


def test_an_unknown_budget_says_which_there_are() -> None:
    with pytest.raises(InputError, match="there are 1, 10, 100"):
        BeaconDetector().beacons(budget=3)


def _beacon(**change: object) -> Beacon:
    [found] = detector_of(beacon(1)).beacons(top=1)
    return replace(found, **change)  # type: ignore[arg-type]


def test_techniques_follow_port_and_kind() -> None:
    one = _beacon()
    assert techniques(one) == ("T1071.001", "T1573")
    assert techniques(replace(one, port=80)) == ("T1071.001",)
    assert techniques(_beacon(kind=3, port=53))[0] == "T1071.004"
    assert "T1090.004" not in techniques(replace(one, reach=9))


@pytest.mark.parametrize(
    ("addresses", "named"),
    [(1, ("T1071.001", "T1573")), (3, ("T1071.001", "T1573")), (4, ("T1071.001", "T1573", "T1568"))],
)
def test_a_destination_of_more_than_three_addresses_may_be_resolved_dynamically(
    addresses: int, named: tuple[str, ...]
) -> None:
    moving = _beacon(addresses=tuple(f"93.184.{n}.7" for n in range(addresses)))
    assert techniques(moving) == named
    assert tuple(one.technique_id for one in finding_of(moving, {1: 0.9}).candidates) == named


def test_regular_look_ups_may_be_dns_traffic_or_dynamic_resolution() -> None:
    assert techniques(_beacon(kind=LOOKUP, port=53)) == ("T1071.004", "T1568")


@pytest.mark.parametrize(
    ("port", "protocols", "named"),
    [
        (22, (), ("T1095",)),
        (123, (), ("T1095",)),
        (1_177, (), ("T1095",)),
        (22, ("ssh",), ("T1071",)),
        (123, ("ntp",), ("T1071",)),
        (443, ("ssh",), ("T1071", "T1571")),
        (1_177, ("http",), ("T1071.001", "T1571")),
        (4_444, ("tls",), ("T1071.001", "T1573", "T1571")),
        (993, ("tls", "imap"), ("T1071.001", "T1573")),
        (1_177, ("nonsense",), ("T1095",)),
    ],
)
def test_a_port_is_odd_only_for_a_protocol_that_the_logs_tell_of(
    port: int, protocols: tuple[str, ...], named: tuple[str, ...]
) -> None:
    assert techniques(_beacon(port=port, protocols=frozenset(protocols))) == named


def test_protocols_come_from_the_logs(tmp_path: Path) -> None:
    calls = [c._replace(port=4_444) for c in beacon(3)]
    write_zeek_json(tmp_path / "zeek", calls)
    detector = BeaconDetector()
    detector.add_all(read_events([tmp_path / "zeek"]))
    [top] = detector.beacons(top=1)
    assert top.protocols == {"tls"}
    assert techniques(top) == ("T1071.001", "T1573", "T1571")


def test_levels_follow_the_budgets() -> None:
    thresholds = {1: 0.9, 10: 0.5, 100: 0.2}
    levels = [finding_of(_beacon(score=s), thresholds).level for s in (0.95, 0.6, 0.3, 0.1)]
    assert levels == [Level.HIGH, Level.MEDIUM, Level.LOW, Level.LOW]
