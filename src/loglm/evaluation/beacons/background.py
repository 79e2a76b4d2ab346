"""Real traffic of benign machines, one day each, out of public captures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np

from loglm.anomaly.beacons.connections import FLOW, Connection, connection_of
from loglm.anomaly.beacons.series import joined_rows
from loglm.anomaly.beacons.table import ConnectionTable
from loglm.errors import EmptyInputError
from loglm.events.event import LogEvent
from loglm.events.reading import read_events

__all__ = ["CAPTURES", "Machine", "Split", "Visits", "read_machines"]

Split = Literal["train", "validation", "test"]

CAPTURES: Final[dict[Split, tuple[str, ...]]] = {
    "train": ("stratosphere-testing/008-zeek-mixed", "stratosphere-testing/010-zeek-mixed"),
    "validation": ("zeek-testing/m57-short",),
    "test": ("stratosphere-testing/011-zeek-mixed", "zeek-testing/m57-long"),
}
"""Folders below ``attack`` of the data: flows labelled Benign of three machines of a university, a day each, and the
office network M57 of Digital Corpora, whose published logs have no times."""

_DAY_S: Final = 86_400.0
_LOGS: Final = ("conn.log", "ssl.log", "http.log")
_FEWEST_VISITS: Final = 20
_SESSION_CONNECTIONS: Final = 6
_SESSIONS: Final = 24


@dataclass(frozen=True, slots=True)
class Visits:
    """One machine's connections to one destination in a day."""

    name: str
    address: str
    port: int
    times: np.ndarray | None
    """float64 (n,): seconds since midnight; None where the capture has none."""
    measures: np.ndarray
    """float32 (n, 3): bytes out, bytes in, seconds."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a capture."""

    capture: str
    visits: tuple[Visits, ...]

    def day(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Times of each of its visits, in seconds since midnight, for one day.

        Times of the capture are moved by one shift for the machine, half an hour of standard deviation, and by seconds
        for each visit. Where the capture has none, connections are put into sessions of the machine's working day,
        which its destinations share, seconds apart.
        """
        shift = rng.normal(0.0, 1_800.0)
        sessions = np.sort(rng.normal(13.0, 2.6, _SESSIONS).clip(0, 23.9)) * 3_600
        return [
            _in_sessions(len(one.measures), sessions, rng)
            if one.times is None
            else np.sort((one.times + shift + rng.normal(0.0, 2.0)) % _DAY_S)
            for one in self.visits
        ]


def read_machines(data: Path, split: Split) -> list[Machine]:
    """The machines of a split that have 20 destinations or connections and more.

    Raises:
        EmptyInputError: The captures are not below ``data``.
    """
    found = []
    for capture in CAPTURES[split]:
        folder = data / "attack" / capture
        paths = [path for name in _LOGS for path in sorted(folder.glob(f"{name}*"))]
        if not paths:
            raise EmptyInputError(f"{folder}: no Zeek logs; expected conn.log, ssl.log and http.log of this capture")
        found += _machines(capture, paths)
    return found


def _machines(capture: str, paths: Iterable[Path]) -> list[Machine]:
    table = ConnectionTable()
    has_times = True
    names: dict[str, Counter[str]] = {}
    for event in _benign(paths):
        if event.timestamp is None:
            has_times = False
            event = replace(event, timestamp=0.0)  # connections are looked at one by one; their order is made up later
        found = connection_of(event)
        if found is not None:
            _take(table, found, names, has_uids=has_times)
    rows = joined_rows(table.rows())
    machines = (
        _machine(capture, table, rows[rows["source"] == s], names, has_times) for s in np.unique(rows["source"])
    )
    return [one for one in machines if sum(len(v.measures) for v in one.visits) >= _FEWEST_VISITS]


def _benign(paths: Iterable[Path]) -> Iterator[LogEvent]:
    """Events that are not labelled otherwise."""
    for event in read_events(list(paths)):
        if event.attributes.get("label", "Benign") == "Benign":
            yield event


def _take(table: ConnectionTable, found: Connection, names: dict[str, Counter[str]], *, has_uids: bool) -> None:
    """Flows into the table; requests too where they can be joined, else as names of their addresses."""
    if has_uids or found.kind == FLOW:
        table.add(found if has_uids else found._replace(uid=""))
    elif found.name:
        names.setdefault(found.destination, Counter())[found.name] += 1


def _machine(
    capture: str, table: ConnectionTable, rows: np.ndarray, names: dict[str, Counter[str]], has_times: bool
) -> Machine:
    flows = rows[rows["kind"] == FLOW]
    keys = np.stack([flows[field].astype(np.int64) for field in ("name", "destination", "port")], axis=1)
    visits = []
    for key in np.unique(keys, axis=0):
        own = flows[(keys == key).all(axis=1)]
        address = table.texts[int(key[1])]
        known = names.get(address)
        name = table.texts[int(key[0])] or (known.most_common(1)[0][0] if known else "")
        measures = np.stack([own[field] for field in ("bytes_out", "bytes_in", "duration_s")], axis=1)
        times = np.sort(own["time"] % _DAY_S) if has_times else None
        visits.append(Visits(name, address, int(key[2]), times, measures))
    return Machine(capture, tuple(visits))


def _in_sessions(count: int, sessions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Times of connections in some of a day's sessions, an exponential pause of 4 s on average between two."""
    number = min(-(-count // _SESSION_CONNECTIONS), len(sessions))
    chosen = rng.choice(sessions, size=number, replace=False)
    begin = chosen[rng.integers(0, number, count)]
    return np.sort((begin + rng.exponential(4.0, count) * rng.integers(1, 8, count)) % _DAY_S)
