"""Series: the connections of one source to one destination and port, taken out of a table with what surrounds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import FLOW, HANDSHAKE, LOOKUP, REQUEST
from loglm.anomaly.beacons.table import ConnectionTable

__all__ = ["FEWEST", "Environment", "Series", "environment_of", "joined_rows"]

FEWEST: Final = 4
"""Connections below which nothing is said of a series."""
_PER_FLOW: Final = 3
"""Requests for each flow from which on the requests are the beats: a beacon over one connection that stays open."""
_SOURCE_SHIFT: Final = np.uint64(32)
_HOUR_SHIFT: Final = np.uint64(59)


@dataclass(frozen=True, slots=True)
class Series:
    """Connections of one source to one destination, which is a host name where one is known, else an address."""

    source: str
    destination: str
    port: int
    kind: int
    """`FLOW`, `REQUEST`, `HANDSHAKE` or `LOOKUP`."""
    rows: np.ndarray
    """`loglm.anomaly.beacons.table.ROW` of shape (n,), ordered by time."""
    source_number: int
    label: int
    """Number of the destination in the environment."""

    @property
    def times(self) -> np.ndarray:
        """float64 (n,): POSIX seconds, ascending."""
        times: np.ndarray = self.rows["time"]
        return times


@dataclass(frozen=True, slots=True)
class Environment:
    """What a table holds, seen from all of its sources together."""

    series: Sequence[Series]
    """Of `FEWEST` connections and more."""
    start: float
    end: float
    """POSIX seconds of the first and last connection; both 0 where there is none."""
    sources: int
    """Distinct ones."""
    times_of: dict[int, tuple[np.ndarray, np.ndarray]]
    """By number of a source: times of all its connections, ascending, and the label of each."""
    reach: dict[int, int]
    """By label: sources that called it."""
    address_reach: dict[int, int]
    """By number of an address: sources that called it, by whatever name."""
    client_reach: dict[int, int]
    """By number of a client (JA3, user agent, process): sources that use it."""
    hours: np.ndarray
    """float64 (24,): how busy each hour of the day (UTC) is, as a share of the busiest."""


def environment_of(table: ConnectionTable) -> Environment:
    """Join what the logs of one connection say, and part the rows into series.

    Names of HTTP and TLS logs go to the flow of the same uid; what two logs tell of is counted once.
    """
    rows = joined_rows(table.rows())
    if not len(rows):
        return Environment((), 0.0, 0.0, 0, {}, {}, {}, {}, np.zeros(24))
    label = np.where(rows["name"] > 0, rows["name"], rows["destination"]).astype(np.int64)
    label[rows["kind"] == LOOKUP] += len(table.texts)
    series = _series(table, rows, label)
    return Environment(
        series=series,
        start=float(rows["time"].min()),
        end=float(rows["time"].max()),
        sources=len(np.unique(rows["source"])),
        times_of=_times_of(rows, label, {one.source_number for one in series}),
        reach=_reach(label, rows["source"]),
        address_reach=_reach(rows["destination"], rows["source"]),
        client_reach=_reach(rows["client"], rows["source"]),
        hours=_hours(rows),
    )


def joined_rows(rows: np.ndarray) -> np.ndarray:
    """Rows with names and clients of requests at their flows."""
    names = (rows["kind"] == REQUEST) | (rows["kind"] == HANDSHAKE)
    asked = rows[names & (rows["uid"] > 0)]
    if not len(asked) or not (rows["kind"] == FLOW).any():
        return rows
    rows = rows.copy()
    asked = asked[np.argsort(asked["uid"], kind="stable")]
    is_flow = (rows["kind"] == FLOW) & (rows["uid"] > 0)
    place = np.searchsorted(asked["uid"], rows["uid"]).clip(max=len(asked) - 1)
    known = is_flow & (asked["uid"][place] == rows["uid"])
    for field in ("name", "client"):
        fill = known & (rows[field] == 0)
        rows[field][fill] = asked[field][place[fill]]
    return rows


def _series(table: ConnectionTable, rows: np.ndarray, label: np.ndarray) -> list[Series]:
    order = np.lexsort((rows["time"], rows["port"], label, rows["source"]))
    ordered, labels = rows[order], label[order]
    is_new = np.ones(len(rows), dtype=bool)
    changed = (ordered["source"][1:] != ordered["source"][:-1]) | (ordered["port"][1:] != ordered["port"][:-1])
    is_new[1:] = changed | (labels[1:] != labels[:-1])
    starts = np.flatnonzero(is_new)
    ends = np.append(starts[1:], len(rows))
    long = ends - starts >= FEWEST
    found = []
    for start, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
        one = _one_kind(ordered[start:end])
        if len(one) >= FEWEST:
            found.append(_named(table, one, int(labels[start])))
    return found


def _one_kind(rows: np.ndarray) -> np.ndarray:
    """Flows, or requests where there are many in each; without flows the commoner of requests and handshakes."""
    counts = np.bincount(rows["kind"], minlength=LOOKUP + 1)
    if counts.max() == len(rows):
        return rows
    kind = FLOW if counts[REQUEST] < _PER_FLOW * counts[FLOW] else REQUEST
    if not counts[FLOW]:
        kind = int(counts.argmax())
    result: np.ndarray = rows[rows["kind"] == kind]
    return result


def _named(table: ConnectionTable, rows: np.ndarray, label: int) -> Series:
    first = rows[0]
    number = int(first["name"] or first["destination"])
    about = (table.texts[int(first["source"])], table.texts[number], int(first["port"]), int(first["kind"]))
    return Series(*about, rows, int(first["source"]), label)


def _reach(target: np.ndarray, source: np.ndarray) -> dict[int, int]:
    """Distinct sources of each target; target 0 is none."""
    pairs = np.unique(target.astype(np.uint64) << _SOURCE_SHIFT | source.astype(np.uint64))
    targets, counts = np.unique(pairs >> _SOURCE_SHIFT, return_counts=True)
    return {int(t): int(n) for t, n in zip(targets, counts, strict=True) if t}


def _times_of(rows: np.ndarray, label: np.ndarray, wanted: set[int]) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    order = np.lexsort((rows["time"], rows["source"]))
    sources, starts = np.unique(rows["source"][order], return_index=True)
    ends = np.append(starts[1:], len(rows))
    times, labels = rows["time"][order], label[order]
    return {
        int(source): (times[start:end], labels[start:end])
        for source, start, end in zip(sources, starts, ends, strict=True)
        if int(source) in wanted
    }


def _hours(rows: np.ndarray) -> np.ndarray:
    """How busy each hour of the day is: distinct (source, destination) pairs in it, of the busiest."""
    hour = (rows["time"] // 3_600 % 24).astype(np.uint64)
    target = np.where(rows["name"] > 0, rows["name"], rows["destination"]).astype(np.uint64)
    keys = hour << _HOUR_SHIFT | rows["source"].astype(np.uint64) << _SOURCE_SHIFT | target
    counts = np.bincount((np.unique(keys) >> _HOUR_SHIFT).astype(np.int64), minlength=24).astype(np.float64)
    busy: np.ndarray = counts / max(counts.max(), 1.0)
    return busy
