"""Traffic for tests of beacons: an office whose hosts browse, with software that calls by the clock, as Zeek logs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from loglm.anomaly.beacons.connections import FLOW, Connection

DAY_START = 1_748_736_000.0
CDN = "151.101.1.10"
SHARED_SITES = ("news.example.com", "shop.example.com", "images.example.com")


def host(number: int) -> str:
    return f"10.1.0.{number + 1}"


def beacon(
    seed: int, *, interval_s: float = 47.0, jitter: float = 0.3, name: str = "assets.cdn-front.example", at: str = CDN
) -> list[Connection]:
    """HTTPS calls of one host for ten hours, each sleep drawn evenly within the jitter, one of ten missing."""
    rng = np.random.default_rng(seed)
    times = DAY_START + 3_600 + np.cumsum(interval_s * rng.uniform(1 - jitter, 1 + jitter, int(36_000 / interval_s)))
    times = times[rng.random(len(times)) > 0.1]
    sizes = np.round(rng.normal((640, 410), 12, (len(times), 2)))
    return [
        Connection(float(t), host(7), at, 443, FLOW, name, "", f"b{n}", float(out), float(into), 0.3)
        for n, (t, (out, into)) in enumerate(zip(times, sizes, strict=True))
    ]


def office(seed: int, *, hosts: int = 24) -> Iterator[Connection]:
    """People's browsing in working hours, of shared sites at one address too; telemetry, chat and NTP by the clock."""
    rng = np.random.default_rng(seed)
    for number in range(hosts):
        yield from _browsing(rng, number)
        yield from _clockwork(rng, number, "telemetry.example.net", "20.1.1.9", 443, 900.0, 0.01, (1_300, 700))
        yield from _clockwork(rng, number, "chat.example.net", "20.1.2.9", 443, 55.0, 0.05, (450, 300))
        yield from _clockwork(rng, number, "", "20.1.3.9", 123, 1_024.0, 0.02, (48, 48))


def _browsing(rng: np.random.Generator, number: int) -> Iterator[Connection]:
    for begin in np.sort(rng.normal(13.0, 2.5, 12)) * 3_600:
        when = begin
        for _ in range(int(rng.integers(3, 30))):
            when += rng.exponential(3.0)
            site = int(rng.integers(0, 40))
            shared = site < len(SHARED_SITES)
            name = SHARED_SITES[site] if shared else f"site-{site}.example.org"
            sizes = (float(round(rng.lognormal(7, 1))), float(round(rng.lognormal(9, 1.5))))
            address = CDN if shared else f"93.1.1.{site}"
            yield Connection(DAY_START + when, host(number), address, 443, FLOW, name, "", _uid(rng), *sizes, 1.0)


def _clockwork(
    rng: np.random.Generator,
    number: int,
    name: str,
    address: str,
    port: int,
    period: float,
    jitter: float,
    sizes: tuple[int, int],
) -> Iterator[Connection]:
    count = int(36_000 / period)
    times = rng.uniform(0, period) + period * (np.arange(count) + rng.uniform(-jitter, jitter, count))
    for time in times:
        about = (host(number), address, port, FLOW, name, "", _uid(rng))
        yield Connection(DAY_START + 3_600 + float(time), *about, float(sizes[0]), float(sizes[1]), 0.2)


def _uid(rng: np.random.Generator) -> str:
    return f"u{rng.integers(1 << 60):x}"


def write_zeek_json(folder: Path, connections: Iterable[Connection]) -> None:
    """conn.log and ssl.log, a JSON object a line, ordered by time."""
    folder.mkdir(exist_ok=True)
    with (folder / "conn.log").open("w") as flows, (folder / "ssl.log").open("w") as names:
        for c in sorted(connections):
            place = {"ts": c.time, "uid": c.uid, "id.orig_h": c.source, "id.resp_h": c.destination, "id.resp_p": c.port}
            sizes = {"orig_bytes": c.bytes_out, "resp_bytes": c.bytes_in, "duration": c.duration_s, "conn_state": "SF"}
            flows.write(json.dumps({"_path": "conn", **place, "proto": "tcp", **sizes}) + "\n")
            if c.name:
                names.write(json.dumps({"_path": "ssl", **place, "server_name": c.name}) + "\n")
