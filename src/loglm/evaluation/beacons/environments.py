"""A day of an environment: hosts with real and generated benign traffic, and beacons in it whose place is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import FLOW, LOOKUP
from loglm.anomaly.beacons.table import ROW, ConnectionTable
from loglm.evaluation.beacons.background import Machine
from loglm.evaluation.beacons.beats import BeaconShape, beat_times
from loglm.evaluation.beacons.benign import PeriodicKind, Service, draw_service, service_times

__all__ = ["DAY_START", "HiddenBeacon", "TestDay", "cut_day", "make_day"]

DAY_START: Final = 1_748_736_000.0
"""2025-06-01 00:00 UTC."""
_DAY_S: Final = 86_400.0
_NO_BOUND: Final = 1 << 40
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
_HOSTED: Final = 0.3
"""Share of benign services whose name is at an address that others call too."""
_LAPTOPS: Final = 0.4
_NOTHING_SENT: Final = 0.1
_RETRIES: Final = (0.0, 0.02, 0.1, 0.3)
_NAMED: Final = 0.85
"""Share of beacons to a place of their own that ask for a name."""
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


def cut_day(day: TestDay, *, start_h: float, hours: float) -> TestDay:
    """What a capture of some hours of the day holds."""
    rows = day.table.rows()
    begin = DAY_START + start_h * 3_600
    table = ConnectionTable(most_rows=_NO_BOUND)
    for text in day.table.texts:
        table.number(text)
    table.extend(rows[(rows["time"] >= begin) & (rows["time"] < begin + hours * 3_600)])
    return replace(day, table=table)


class _DayMaker:
    def __init__(self, rng: np.random.Generator, hosts: int, *, logs_clients: bool) -> None:
        self.table = ConnectionTable(most_rows=_NO_BOUND)
        self.rng = rng
        self.names = [f"10.{20 + number // 65_536}.{number // 256 % 256}.{number % 256}" for number in range(hosts)]
        self.kinds: dict[str, str] = {}
        self.services = 0
        self.logs_clients = logs_clients
        self.on = [_switched_on(rng) for _ in range(hosts)]
        """When each host is on, in seconds since midnight."""
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
        if service.name and kind.port == 443 and not kind.internal and self.shared and self.rng.random() < _HOSTED:
            service = replace(service, address=self._shared_place()[1])
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
        times = self._while_on(host, service_times(service, start=start, end=_DAY_S, rng=rng))
        spread = kind.size_spread * rng.lognormal(0.0, 0.5, 2)
        sizes = np.round(np.array(service.sizes) * rng.lognormal(0.0, 1.0, (len(times), 2)) ** spread)
        if service.sends_nothing:
            sizes[:, 0] = 0
        measures = np.column_stack((sizes, self._durations(len(times))))
        client = str(rng.choice([service.client, _SYSTEM, *_BROWSERS])) if kind.port not in (53, 123) else ""
        is_lookup = kind.port == 53
        self._add(host, service.name, "" if is_lookup else service.address, kind.port, times, measures, client)

    def _add_beacon(self, host: int, number: int, shape: BeaconShape) -> HiddenBeacon:
        rng = self.rng
        start = _begin(rng) * _DAY_S
        times, in_session = beat_times(shape, start=start, end=_DAY_S, rng=rng)
        is_on = self._is_on(host, times)
        times, in_session = times[is_on], in_session[is_on]
        again = np.flatnonzero(rng.random(len(times)) < rng.choice(_RETRIES))
        order = np.argsort(
            np.concatenate((times, late := times[again] + rng.exponential(3.0, len(again)))), kind="stable"
        )
        times, in_session = np.concatenate((times, late))[order], np.concatenate((in_session, in_session[again]))[order]
        name, address = self._beacon_place(number, shape.host)
        base = np.array([rng.lognormal(6.2, 1.0), rng.lognormal(6.5, 1.4)])
        spread = _SPREADS[shape.payload] * rng.lognormal(0.0, 0.5, 2)
        sizes = base * rng.lognormal(0.0, 1.0, (len(times), 2)) ** spread
        if rng.random() < _NOTHING_SENT:
            sizes[:, 0] = 0
        busy = in_session | (rng.random(len(times)) < 0.03)
        sizes[busy] *= rng.lognormal(1.5, 1.0, (int(busy.sum()), 2))
        measures = np.column_stack((np.round(sizes), self._durations(len(times))))
        client = str(rng.choice([f"implant-{number}", _SYSTEM, *_BROWSERS]))
        port = int(rng.choice(_PORTS, p=_PORT_SHARES)) if shape.host == "own" else 443
        self._add(host, name, address, port, times, measures, client)
        return HiddenBeacon(self.names[host], name or address, port, shape)

    def _beacon_place(self, number: int, host: str) -> tuple[str, str]:
        if host != "own" and self.shared:
            name, address = self._shared_place()
            return (f"cdn-{number:04}.example.org" if host == "shared address" else name), address
        name = f"www.c{number:04}.example.com" if self.rng.random() < _NAMED else ""
        return name, f"185.{self.rng.integers(0, 255)}.{number % 250}.{self.rng.integers(1, 255)}"

    def _is_on(self, host: int, times: np.ndarray) -> np.ndarray:
        first, last = self.on[host]
        result: np.ndarray = (times >= first) & (times < last)
        return result

    def _while_on(self, host: int, times: np.ndarray) -> np.ndarray:
        result: np.ndarray = times[self._is_on(host, times)]
        return result

    def _shared_place(self) -> tuple[str, str]:
        return self.shared[int(self.rng.integers(len(self.shared)))]

    def _durations(self, number: int) -> np.ndarray:
        """Of one service or beacon: alike to some degree about a time of its own."""
        return self.rng.lognormal(self.rng.normal(-1.2, 1.0), self.rng.uniform(0.05, 0.8), number)

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
    """When an implant begins, as a share of the day: three of five ran before it."""
    return 0.0 if rng.random() < 0.6 else float(rng.uniform(0.0, 0.5))


def _switched_on(rng: np.random.Generator) -> tuple[float, float]:
    """From when to when a host is on; two of five are so from about 8 to about 18 alone."""
    if rng.random() >= _LAPTOPS:
        return 0.0, _DAY_S
    return float(rng.normal(8.0, 1.0)) * 3_600, float(rng.normal(18.0, 1.5)) * 3_600
