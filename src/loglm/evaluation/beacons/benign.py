"""Benign traffic that is periodic: named kinds with the parameters that such software has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from loglm.evaluation.beacons.beats import sessions

__all__ = ["HELD_OUT_KINDS", "KINDS", "PeriodicKind", "Service", "draw_service", "service_times"]

_DAY_S: Final = 86_400.0
_NAMED: Final = 0.85
"""Share of the services with a name that are called by it; the others by address."""
_ALONE: Final = 0.25
"""Share of services that a single host has, whatever their kind."""
_MOST_JITTER: Final = 0.6
_MISSING: Final = (0.0, 0.02, 0.1, 0.3)
_NOTHING_SENT: Final = 0.1
_BURSTS: Final = 0.25


@dataclass(frozen=True, slots=True)
class PeriodicKind:
    """A kind of software that calls by itself."""

    name: str
    intervals_s: tuple[float, ...]
    """Periods that such software has by default."""
    jitter: float
    """Even, around the period, as a share of it; the middle of what services of the kind have."""
    port: int
    sizes: tuple[float, float]
    """Typical bytes out and in."""
    size_spread: float
    """Deviation of the logarithm of a call's bytes."""
    services: int
    """Services of this kind in an environment; in one of 100 hosts, where a single host has each."""
    reach: tuple[float, float] = (0.0, 0.0)
    """Least and greatest share of hosts that have one such service; (0, 0) for software that one host has."""
    scheduled: bool = False
    """By the clock (phase is kept), else a pause after each call."""
    named: bool = True
    """Whether a name is asked for (SNI, HTTP host)."""
    internal: bool = False
    working_hours: bool = False
    retries: float = 0.0
    """Share of calls that come twice or more within seconds."""


KINDS: Final = (
    PeriodicKind(
        name="ntp",
        intervals_s=(64, 256, 1_024, 2_048),
        jitter=0.03,
        port=123,
        sizes=(48, 48),
        size_spread=0.0,
        reach=(0.2, 0.9),
        services=3,
        named=False,
    ),
    PeriodicKind(
        name="os update",
        intervals_s=(3_600, 10_800, 14_400),
        jitter=0.3,
        port=443,
        sizes=(900, 6e3),
        size_spread=0.8,
        reach=(0.3, 0.9),
        services=3,
        retries=0.4,
    ),
    PeriodicKind(
        name="telemetry",
        intervals_s=(120, 300, 900, 1_800),
        jitter=0.02,
        port=443,
        sizes=(1_300, 700),
        size_spread=0.25,
        reach=(0.2, 0.95),
        services=6,
        scheduled=True,
        retries=0.15,
    ),
    PeriodicKind(
        name="security agent",
        intervals_s=(30, 60, 300, 302),
        jitter=0.02,
        port=443,
        sizes=(600, 400),
        size_spread=0.05,
        reach=(0.5, 0.95),
        services=2,
        retries=0.02,
    ),
    PeriodicKind(
        name="health check",
        intervals_s=(10, 15, 30, 60),
        jitter=0.01,
        port=443,
        sizes=(180, 350),
        size_spread=0.02,
        reach=(0.02, 0.1),
        services=3,
        scheduled=True,
        internal=True,
    ),
    PeriodicKind(
        name="metrics to a vendor",
        intervals_s=(10, 15, 60),
        jitter=0.02,
        port=443,
        sizes=(4_500, 300),
        size_spread=0.2,
        reach=(0.02, 0.15),
        services=2,
        scheduled=True,
        retries=0.01,
    ),
    PeriodicKind(
        name="mail polling",
        intervals_s=(300, 600, 900),
        jitter=0.05,
        port=993,
        sizes=(700, 2_500),
        size_spread=0.6,
        reach=(0.3, 0.8),
        services=2,
        working_hours=True,
        retries=0.1,
    ),
    PeriodicKind(
        name="chat keep-alive",
        intervals_s=(25, 30, 55, 120),
        jitter=0.05,
        port=443,
        sizes=(450, 300),
        size_spread=0.5,
        reach=(0.2, 0.8),
        services=3,
        working_hours=True,
        retries=0.1,
    ),
    PeriodicKind(
        name="name refresh",
        intervals_s=(60, 300, 3_600),
        jitter=0.02,
        port=53,
        sizes=(60, 120),
        size_spread=0.2,
        reach=(0.1, 0.9),
        services=6,
        retries=0.1,
    ),
    PeriodicKind(
        name="page that reloads",
        intervals_s=(30, 60, 120, 300),
        jitter=0.02,
        port=443,
        sizes=(1_100, 9e3),
        size_spread=0.3,
        services=14,
        working_hours=True,
        retries=0.25,
    ),
    PeriodicKind(
        name="file synchronisation",
        intervals_s=(60, 600, 900),
        jitter=0.1,
        port=443,
        sizes=(1_500, 900),
        size_spread=0.7,
        services=12,
        retries=0.3,
    ),
    PeriodicKind(
        name="device to its vendor",
        intervals_s=(30, 60, 120, 300),
        jitter=0.02,
        port=443,
        sizes=(250, 180),
        size_spread=0.05,
        services=12,
        retries=0.01,
    ),
    PeriodicKind(
        name="licence check",
        intervals_s=(600, 1_800, 3_600),
        jitter=0.01,
        port=443,
        sizes=(800, 600),
        size_spread=0.02,
        services=8,
        scheduled=True,
    ),
    PeriodicKind(
        name="address update",
        intervals_s=(300, 600),
        jitter=0.02,
        port=80,
        sizes=(150, 200),
        size_spread=0.02,
        services=6,
        scheduled=True,
    ),
)
"""Sources: poll exponents 6 to 11 of NTP; hours of apt, Windows and macOS updates; 900 s of Windows telemetry and 302 s
of an antivirus as in the captures of `loglm.evaluation.beacons.background`; scrape intervals of Prometheus, Datadog
(15 s) and load balancers (10 to 30 s); defaults of mail clients; websocket pings; TTLs; dynamic DNS clients."""

HELD_OUT_KINDS: Final = frozenset({"mail polling", "licence check", "page that reloads", "metrics to a vendor"})
"""Kinds that no scorer is fitted on: they stand in validation and test environments alone."""


@dataclass(frozen=True, slots=True)
class Service:
    """One service of a kind in one environment."""

    kind: PeriodicKind
    name: str
    address: str
    interval_s: float
    jitter: float
    """Share of the interval, 0..0.6: software of one kind differs in how much it spreads its calls."""
    missing: float
    """Share of calls that do not happen."""
    sends_nothing: bool
    """As requests without a body do where the log is one of requests."""
    bursts: bool
    """Whether a person uses it now and then, which makes it call oftener for some minutes."""
    reach: float
    """Share of hosts that have it; 0: one host."""
    sizes: tuple[float, float]
    client: str


def draw_service(kind: PeriodicKind, number: int, rng: np.random.Generator) -> Service:
    """A service with name, address, period and habits of its own."""
    network = f"10.0.{rng.integers(1, 255)}" if kind.internal else f"{rng.integers(20, 200)}.{rng.integers(0, 255)}.9"
    slug = kind.name.replace(" ", "-")
    suffix = "corp.example" if kind.internal else "example.net" if kind.port != 53 else "example"
    is_named = kind.named and (kind.port == 53 or rng.random() < _NAMED)
    sizes = tuple(float(size * rng.lognormal(0.0, 1.0)) if kind.size_spread else size for size in kind.sizes)
    return Service(
        kind=kind,
        name=f"{slug}-{number}.{suffix}" if is_named else "",
        address=f"{network}.{rng.integers(1, 255)}",
        interval_s=float(rng.choice(kind.intervals_s)),
        jitter=min(float(kind.jitter * rng.lognormal(0.0, 1.2)), _MOST_JITTER),
        missing=float(rng.choice(_MISSING)),
        sends_nothing=bool(rng.random() < _NOTHING_SENT) and kind.port != 123,
        bursts=bool(rng.random() < _BURSTS) and not kind.internal and kind.port != 123,
        reach=float(rng.uniform(*kind.reach)) if rng.random() >= _ALONE else 0.0,
        sizes=(sizes[0], sizes[1]),
        client=f"app-{slug}-{number}",
    )


def service_times(service: Service, *, start: float, end: float, rng: np.random.Generator) -> np.ndarray:
    """When one host calls a service: float64 (n,), ascending."""
    kind, period = service.kind, service.interval_s
    begin = start + rng.uniform(0.0, period)
    count = max(int((end - begin) / period) + 1, 1)
    noise = rng.uniform(-service.jitter, service.jitter, count) * period
    if kind.scheduled:
        times = np.sort(begin + np.arange(count) * period + noise)
    else:
        times = begin + np.cumsum(period + noise + rng.exponential(0.3, count))
    times = times[(times < end) & (rng.random(count) >= service.missing)]
    if kind.working_hours:
        first, last = rng.normal(8.0, 1.0), rng.normal(17.5, 1.0)
        hour = times % _DAY_S / 3_600
        times = times[(hour >= first) & (hour < last)]
    again = times[rng.random(len(times)) < kind.retries]
    parts = [times, again + rng.exponential(3.0, len(again))]
    if service.bursts and len(times):
        parts.append(sessions(times, rng))
    times = np.sort(np.concatenate(parts))
    return times[times < end]
