"""BeaconDetector: events in, at any time the series that look like beacons out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import LOOKUP, connection_of
from loglm.anomaly.beacons.features import FEATURES, feature_matrix
from loglm.anomaly.beacons.scorer import BeaconScorer
from loglm.anomaly.beacons.series import Environment, Series, environment_of
from loglm.anomaly.beacons.table import MOST_ROWS, ConnectionTable, Sample
from loglm.errors import InputError
from loglm.events.event import LogEvent

__all__ = ["DEFAULT_BUDGET", "Beacon", "BeaconDetector", "ScoredTraffic"]

DEFAULT_BUDGET: Final = 10
"""Alerts in 1,000 hosts and a day."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """A series of connections that may be a beacon, with what was measured of it."""

    source: str
    destination: str
    """Host name where one is known, else address."""
    addresses: tuple[str, ...]
    """That the connections went to, at most eight."""
    port: int
    kind: int
    """`FLOW`, `REQUEST`, `HANDSHAKE` or `LOOKUP` of `loglm.anomaly.beacons.connections`."""
    score: float
    """In 0..1; higher is likelier a beacon."""
    connections: int
    start: float
    end: float
    """POSIX seconds, UTC, of the first and last connection."""
    measures: dict[str, float]
    """By the names of `loglm.anomaly.beacons.features.FEATURES`."""
    reach: int
    """Sources that call the destination, this one included."""
    sources: int
    """Sources in all."""
    client: str
    """The commonest one: JA3, user agent or process; empty where not known. Untrusted."""
    client_reach: int
    """Sources that use it."""
    samples: tuple[LogEvent, ...]
    """Some of the connections' events, earliest first. Untrusted."""


@dataclass(frozen=True, slots=True)
class ScoredTraffic:
    """All series of what was read, scored."""

    environment: Environment
    scores: np.ndarray
    """float64 (series,), as `environment.series`."""
    matrix: np.ndarray
    """float64 (series, features)."""


class BeaconDetector:
    """Finds beacons in the events of many hosts.

    Events are taken one at a time, in any order, in bounded memory (`loglm.anomaly.beacons.table`); `beacons` may be
    asked at any time for what has come so far. A destination is judged against all others that the same logs show, so
    give the logs of as many hosts and hours as there are.
    """

    def __init__(self, *, scorer: BeaconScorer | None = None, most_connections: int = MOST_ROWS) -> None:
        """
        Args:
            scorer: The shipped one by default.
            most_connections: That are held; beyond, the oldest of the busiest pairs are forgotten first.
        """
        self.scorer = scorer or BeaconScorer.shipped()
        self.table = ConnectionTable(most_rows=most_connections)
        self.connections = 0
        """Events that told of one."""
        self.files = 0
        """Inputs that events came from, one after the other."""
        self._path = ""

    def add(self, event: LogEvent) -> bool:
        """Take an event; whether it tells of a connection."""
        if event.location.path != self._path:
            self._path = event.location.path
            self.files += 1
        connection = connection_of(event)
        if connection is None:
            return False
        self.table.add(connection, event)
        self.connections += 1
        return True

    def add_all(self, events: Iterable[LogEvent]) -> int:
        """Take events; how many there were."""
        number = 0
        for event in events:
            self.add(event)
            number += 1
        return number

    def scored(self) -> ScoredTraffic:
        """Every series of at least four connections with its score."""
        environment = environment_of(self.table)
        matrix = feature_matrix(environment)
        return ScoredTraffic(environment, self.scorer.score(matrix), matrix)

    def beacons(
        self, *, budget: int = DEFAULT_BUDGET, top: int | None = None, traffic: ScoredTraffic | None = None
    ) -> list[Beacon]:
        """The series above the threshold of a budget of alerts, highest score first.

        Args:
            budget: Alerts in 1,000 hosts and a day, a key of the scorer's thresholds.
            top: Where given, so many of the highest scores instead, whatever the threshold.
            traffic: What `scored` gave, where it was asked already.

        Raises:
            InputError: There is no threshold for that budget.
        """
        traffic = traffic or self.scored()
        order = np.argsort(-traffic.scores, kind="stable")
        chosen = order[:top] if top else order[traffic.scores[order] > self.threshold(budget)]
        return [self._beacon(traffic, int(row)) for row in chosen]

    def threshold(self, budget: int) -> float:
        """The score above which a series alerts.

        Raises:
            InputError: There is none for that budget.
        """
        try:
            return self.scorer.thresholds[budget]
        except KeyError:
            known = ", ".join(map(str, sorted(self.scorer.thresholds)))
            raise InputError(f"no threshold for {budget} alerts in 1,000 hosts and a day; there are {known}") from None

    def _beacon(self, traffic: ScoredTraffic, row: int) -> Beacon:
        environment, series = traffic.environment, traffic.environment.series[row]
        clients = series.rows["client"][series.rows["client"] > 0]
        client = int(np.bincount(clients).argmax()) if len(clients) else 0
        addresses = [self.table.texts[int(a)] for a in np.unique(series.rows["destination"])[:8] if a]
        return Beacon(
            source=series.source,
            destination=series.destination,
            addresses=tuple(addresses),
            port=series.port,
            kind=series.kind,
            score=float(traffic.scores[row]),
            connections=len(series.rows),
            start=float(series.times[0]),
            end=float(series.times[-1]),
            measures=dict(zip(FEATURES, traffic.matrix[row].tolist(), strict=True)),
            reach=environment.reach.get(series.label, 1),
            sources=environment.sources,
            client=self.table.texts[client],
            client_reach=environment.client_reach.get(client, 0),
            samples=tuple(sample.event for sample in self._samples(series)),
        )

    def _samples(self, series: Series) -> list[Sample]:
        """What is kept of the series' connections; of one address with several names those of the right one."""
        rows = series.rows
        targets = set(np.unique(np.where(rows["destination"] > 0, rows["destination"], rows["name"])).tolist())
        uids, name = set(rows["uid"].tolist()), int(rows["name"][0])
        found = []
        for target in targets:
            for kind in range(LOOKUP + 1):
                kept = self.table.samples.get((series.source_number, target, series.port, kind), [])
                found += [s for s in kept if (s.uid in uids if s.uid else s.name in (0, name))]
        return sorted(found, key=lambda sample: sample.event.timestamp or 0.0)
