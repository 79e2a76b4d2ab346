"""Beacons as findings, the form that all reports take."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from loglm.anomaly.beacons.detector import Beacon
from loglm.anomaly.beacons.wording import reasons, techniques
from loglm.attack.catalog import technique as catalog_technique
from loglm.events.event import LogEvent
from loglm.findings import UNKNOWN_TECHNIQUE, Candidate, Evidence, Finding, Level

__all__ = ["finding_of"]

_MOST_EVIDENCE: Final = 8
_FIELDS: Final = 16
_NAME_CHARS: Final = 128
_VALUE_CHARS: Final = 512
_SOURCE: Final = "beacon"


def finding_of(beacon: Beacon, thresholds: Mapping[int, float]) -> Finding:
    """The finding of a beacon.

    Its level is high above the threshold of the smallest budget, medium above that of the next, else low. Evidence are
    connections that were kept; the clauses of the reasons are the highlights of the first of them. Its id is a hash of
    technique, source, destination and port: the same in each run.
    """
    named = techniques(beacon)
    known = catalog_technique(named[0])
    return Finding(
        finding_id=_id(named[0], beacon),
        technique_id=named[0] if known else UNKNOWN_TECHNIQUE,
        technique_name=known.name if known else "Unknown technique",
        tactics=("command-and-control",),
        score=beacon.score,
        level=_level(beacon.score, thresholds),
        entity_kind="source_address",
        entity=beacon.source,
        log_source=beacon.samples[0].log_source.label if beacon.samples else "network",
        start=beacon.start,
        end=beacon.end,
        windows=1,
        events=beacon.connections,
        evidence=_evidence(beacon),
        candidates=tuple(Candidate(name, beacon.score) for name in named),
        sources=(_SOURCE,),
    )


def _level(score: float, thresholds: Mapping[int, float]) -> Level:
    passed = [budget for budget, threshold in sorted(thresholds.items()) if score > threshold]
    order = sorted(thresholds)
    if not passed:
        return Level.LOW
    return (Level.HIGH, Level.MEDIUM, Level.LOW)[min(order.index(passed[0]), 2)]


def _evidence(beacon: Beacon) -> tuple[Evidence, ...]:
    samples = beacon.samples[:_MOST_EVIDENCE]
    said = tuple(clause for reason in reasons(beacon) for clause in reason.split("; "))
    return tuple(
        Evidence(
            location=event.location,
            timestamp=event.timestamp,
            raw=event.raw,
            weight=1 / len(samples),
            highlights=said if number == 0 else (),
            action=event.action,
            fields=_fields(event),
        )
        for number, event in enumerate(samples)
    )


def _fields(event: LogEvent) -> tuple[tuple[str, str], ...]:
    pairs = ((name, value) for name, value in event.attributes.items() if not isinstance(value, dict | list))
    return tuple((name[:_NAME_CHARS], str(value)[:_VALUE_CHARS]) for name, value in list(pairs)[:_FIELDS])


def _id(technique: str, beacon: Beacon) -> str:
    parts = (technique, beacon.source, beacon.destination, str(beacon.port), str(beacon.kind))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]
