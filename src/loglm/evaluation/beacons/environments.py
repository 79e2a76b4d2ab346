"""A day of an environment: hosts with real and generated benign traffic, and beacons in it whose place is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import FLOW, LOOKUP
from loglm.anomaly.beacons.table import ROW, ConnectionTable
from loglm.evaluation.beacons.background import Machine
from loglm.evaluation.beacons.beats import BeaconShape, beat_times
from loglm.evaluation.beacons.benign import PeriodicKind, Service, draw_service, service_times

__all__ = ["DAY_START", "HiddenBeacon", "TestDay", "make_day"]

DAY_START: Final = 1_748_736_000.0
"""2025-06-01 00:00 UTC."""
_DAY_S: Final = 86_400.0
_KEPT: Final = (0.5, 0.95)
"""Share of a machine's destinations that a host made from it has."""
_OWN_PLACE: Final = 0.12
"""Share of destinations that are moved to an address and name of that host alone: people go where nobody else goes."""
_SPREADS: Final = {"fixed": 0.005, "some": 0.1, "much": 0.5}
_BROWSERS: Final = ("browser-a", "browser-b", "browser-c")
_SYSTEM: Final = "system-tls"
_SHARED_NAMES: Final = 6
_PORTS: Final = (443, 80, 8080, 8443, 4444)
_PORT_SHARES: Final = (0.7, 0.15, 0.05, 0.05, 0.05)
_NEW: Final = 0.15
"""Share of benign services that begin in the course of the day."""


@dataclass(frozen=True, slots=True)
class HiddenBeacon:
    """Where a beacon is."""

    source: str
    destination: str
    """Name, or address where it has no name."""
    port: int
    shape: BeaconShape


@dataclass(frozen=True, slots=True)
class TestDay:
    """A day of an environment."""

    table: ConnectionTable
    beacons: Sequence[HiddenBeacon]
    kinds: dict[str, str]
    """Destination of a generated benign service -> its kind."""
    hosts: int


def make_day(
    machines: Sequence[Machine],
    shapes: Sequence[BeaconShape],
    kinds: Sequence[PeriodicKind],
    *,
    hosts: int,
    seed: int,
) -> TestDay:
    """Make a day of an environment.

    Args:
        machines: Real days; each host is made from one, drawn at random, with half of its destinations or more.
        shapes: Beacons to hide, at most one a host as far as there are hosts.
        kinds: Of periodic benign traffic.
        hosts: How many.
        seed: Fixes all that is drawn.

    Half of the environments (by seed) log what TLS clients look like (JA3); in the others clients are unknown.
    """
    rng = np.random.default_rng(seed)
    maker = _DayMaker(rng, hosts, logs_clients=bool(rng.random() < 0.5))
    for number in range(hosts):
        maker.add_machine(number, machines[int(rng.integers(len(machines)))])
    for kind in kinds:
        for _ in range(max(1, round(kind.services * hosts / 100)) if not kind.reach[1] else kind.services):
            maker.add_service(kind)
    return maker.with_beacons(shapes)


class _DayMaker:
    def __init__(self, rng: np.random.Generator, hosts: int, *, logs_clients: bool) -> None:
        self.table = ConnectionTable(most_rows=50_000_000)
        self.rng = rng
        self.names = [f"10.{20 + number // 65_536}.{number // 256 % 256}.{number % 256}" for number in range(hosts)]
        self.kinds: dict[str, str] = {}
        self.services = 0
        self.logs_clients = logs_clients
        self.shared: list[tuple[str, str]] = []
        """Names and addresses that many hosts call."""

    def add_machine(self, host: int, machine: Machine) -> None:
        """Give a host the traffic of a real machine."""
        rng = self.rng
        keep = rng.uniform(*_KEPT)
        browser = str(rng.choice(_BROWSERS))
        for visits, times in zip(machine.visits, machine.day(rng), strict=True):
            if rng.random() > keep:
                continue
            name, address = visits.name, visits.address
            if rng.random() < _OWN_PLACE:
                name, address = self._own_place(bool(name))
            elif name and len(self.shared) < _SHARED_NAMES and visits.port == 443:
                self.shared.append((name, address))
            client = browser if name else ""
            self._add(host, name, address, visits.port, times, visits.measures, client)

    def add_service(self, kind: PeriodicKind) -> None:
        """Give a service to the hosts that have it."""
        self.services += 1
        service = draw_service(kind, self.services, self.rng)
        has = self.rng.random(len(self.names)) < service.reach
        if service.reach == 0:
            has[int(self.rng.integers(len(has)))] = True
        self.kinds[service.name or service.address] = kind.name
        for host in np.flatnonzero(has).tolist():
            self._add_service(host, service)

    def with_beacons(self, shapes: Sequence[BeaconShape]) -> TestDay:
        """Hide the beacons; the day is done with this."""
        order = self.rng.permutation(len(self.names))
        hidden = [self._add_beacon(int(order[i % len(order)]), i, shape) for i, shape in enumerate(shapes)]
        return TestDay(self.table, hidden, self.kinds, len(self.names))

    def _add_service(self, host: int, service: Service) -> None:
        rng, kind = self.rng, service.kind
        start = _begin(rng) * _DAY_S if rng.random() < _NEW else 0.0
        times = service_times(service, start=start, end=_DAY_S, rng=rng)
        spread = rng.lognormal(0.0, kind.size_spread, (len(times), 2)) if kind.size_spread else 1.0
        sizes = np.round(np.array(service.sizes) * spread * np.ones((len(times), 2)))
        measures = np.column_stack((sizes, rng.lognormal(-1.5, 0.5, len(times))))
        client = str(rng.choice([service.client, _SYSTEM])) if kind.named and kind.port != 53 else ""
        is_lookup = kind.port == 53
        self._add(host, service.name, "" if is_lookup else service.address, kind.port, times, measures, client)

    def _add_beacon(self, host: int, number: int, shape: BeaconShape) -> HiddenBeacon:
        rng = self.rng
        start = _begin(rng) * _DAY_S
        times, in_session = beat_times(shape, start=start, end=_DAY_S, rng=rng)
        name, address = self._beacon_place(number, shape.host)
        base = np.array([rng.lognormal(6.2, 1.0), rng.lognormal(6.5, 1.4)])
        sizes = base * rng.lognormal(0.0, _SPREADS[shape.payload], (len(times), 2))
        busy = in_session | (rng.random(len(times)) < 0.03)
        sizes[busy] *= rng.lognormal(1.5, 1.0, (int(busy.sum()), 2))
        measures = np.column_stack((np.round(sizes), rng.lognormal(-1.0, 0.6, len(times))))
        client = str(rng.choice([f"implant-{number}", _SYSTEM, _BROWSERS[0]], p=[0.4, 0.4, 0.2]))
        port = int(rng.choice(_PORTS, p=_PORT_SHARES)) if shape.host == "own" else 443
        self._add(host, name, address, port, times, measures, client)
        return HiddenBeacon(self.names[host], name or address, port, shape)

    def _beacon_place(self, number: int, host: str) -> tuple[str, str]:
        if host != "own" and self.shared:
            name, address = self.shared[int(self.rng.integers(len(self.shared)))]
            return (f"cdn-{number:04}.example.org" if host == "shared address" else name), address
        name = f"www.c{number:04}.example.com" if self.rng.random() < 0.7 else ""
        return name, f"185.{self.rng.integers(0, 255)}.{number % 250}.{self.rng.integers(1, 255)}"

    def _own_place(self, named: bool) -> tuple[str, str]:
        a, b, c = self.rng.integers(1, 255, 3)
        return (f"site-{a}-{b}-{c}.example.org" if named else ""), f"93.{a}.{b}.{c}"

    def _add(
        self, host: int, name: str, address: str, port: int, times: np.ndarray, measures: np.ndarray, client: str
    ) -> None:
        rows = np.zeros(len(times), dtype=ROW)
        number = self.table.number
        rows["time"] = DAY_START + times
        rows["source"], rows["destination"], rows["name"] = number(self.names[host]), number(address), number(name)
        rows["client"] = number(client) if self.logs_clients else 0
        rows["port"], rows["kind"] = port, LOOKUP if port == 53 else FLOW
        rows["bytes_out"], rows["bytes_in"], rows["duration_s"] = np.asarray(measures, dtype=np.float32).T
        self.table.extend(rows)


def _begin(rng: np.random.Generator) -> float:
    """When an implant begins, as a share of the day: two of five ran before it."""
    return 0.0 if rng.random() < 0.4 else float(rng.uniform(0.0, 0.5))
