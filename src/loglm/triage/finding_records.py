"""Findings as incidents: OCSF's of any product, and what `loglm beacons`, `anomalies` and `sequences` write as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from loglm.attack import technique
from loglm.events.timestamps import parse_timestamp

__all__ = ["finding_entity", "finding_events", "finding_head", "finding_texts", "finding_time", "is_finding"]

# What `--jsonl` writes of beacons and anomalies is OCSF with the measures of `--json` beside it: it is read as that, so
# that a finding is the same incident in both.

_OCSF_CLASSES: Final = frozenset(range(2001, 2008))
"""``class_uid`` of OCSF's findings category."""
_BEACON: Final = frozenset(("finding_id", "techniques", "interval_s"))
_ANOMALY: Final = frozenset(("finding_id", "surprise", "bits"))
_SEQUENCE: Final = frozenset(("finding_id", "by", "value", "bits"))
"""Fields by which the others are known."""
_MEASURED: Final = {"beacon": _BEACON - {"finding_id"}, "anomaly": _ANOMALY - {"finding_id"}}
"""Fields of ``unmapped.beacon`` and ``unmapped.anomaly``."""


def is_finding(record: Mapping[str, Any]) -> bool:
    """Whether a record is a finding; nothing else here may be asked of another."""
    return _is_ocsf(record) or _is_own(record)


def finding_head(record: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, without what every finding of the product says, its measures and what it is of."""
    own = _own(record)
    head = _ocsf_head(record) if own is None else _own_head(own)
    return {"finding": {name: value for name, value in head.items() if value}}


def finding_events(record: Mapping[str, Any]) -> object:
    """The events that it rests on, as they stand in it."""
    if _is_sequence(record):
        return None
    return record.get("evidences") or record.get("evidence") or record.get("events")


def finding_texts(record: Mapping[str, Any]) -> list[str]:
    """The events of a sequence, which holds them as masked texts; empty for what holds events."""
    items = record.get("evidence") if _is_sequence(record) else None
    texts = [item.get("text") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [text for text in texts if isinstance(text, str) and text]


def finding_time(record: Mapping[str, Any]) -> float | None:
    """When it happened, POSIX seconds, UTC; OCSF's ``time`` is when the finding was made."""
    if _is_ocsf(record):
        return parse_timestamp(record.get("start_time"))
    start = record.get("start")
    return float(start) if isinstance(start, int | float) else parse_timestamp(start)


def finding_entity(record: Mapping[str, Any]) -> str:
    """Whom a finding of `loglm` is about; empty where it does not say."""
    unmapped = record.get("unmapped")
    entity = unmapped.get("entity") if _is_ocsf(record) and isinstance(unmapped, dict) else None
    named: object = None
    if isinstance(entity, dict):
        named = entity.get("value")
    elif _is_own(record):
        named = _own_entity(record)
    return named if isinstance(named, str) else ""


def _is_ocsf(record: Mapping[str, Any]) -> bool:
    return record.get("class_uid") in _OCSF_CLASSES


def _is_own(record: Mapping[str, Any]) -> bool:
    return record.keys() >= _BEACON or record.keys() >= _ANOMALY or _is_sequence(record)


def _own_entity(record: Mapping[str, Any]) -> object:
    """Of the sequence of an entity the value is that."""
    value = record.get("value") if record.get("by") in ("host", "user", "address", "source_address") else None
    return record.get("entity") or record.get("source") or record.get("host") or value


def _own(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The finding as `--json` writes it; None where it is OCSF alone."""
    if not _is_ocsf(record):
        return record
    unmapped, about = record.get("unmapped"), record.get("finding_info")
    if not (isinstance(unmapped, dict) and isinstance(about, dict)):
        return None
    for kind, fields in _MEASURED.items():
        measures = unmapped.get(kind)
        if isinstance(measures, dict) and measures.keys() >= fields:
            log_source = unmapped.get("log_source") if kind == "anomaly" else None
            return {**measures, "title": about.get("title"), "log_source": log_source}
    return None


def _is_sequence(record: Mapping[str, Any]) -> bool:
    return record.keys() >= _SEQUENCE


def _ocsf_head(record: Mapping[str, Any]) -> dict[str, Any]:
    about = record.get("finding_info") or record.get("finding") or {}
    about = about if isinstance(about, dict) else {}
    analytic = about.get("analytic")
    return {
        "title": about.get("title") or record.get("message"),
        "types": about.get("types"),
        "technique": sorted(set(_techniques(about.get("attacks") or record.get("attacks")))),
        "data_sources": about.get("data_sources"),
        "analytic": analytic.get("name") if isinstance(analytic, dict) else None,
        "severity": record.get("severity"),
    }


def _own_head(record: Mapping[str, Any]) -> dict[str, Any]:
    """Beside the title, what tells harmless ones of one title apart: the place that is called, the log that is odd."""
    ids = record.get("techniques")
    known = [technique(name) for name in ids if isinstance(name, str)] if isinstance(ids, list) else []
    said = {name: record.get(name) for name in ("title", "by", "destination", "port", "log_source", "reason")}
    return {**said, "technique": sorted({found.name for found in known if found is not None})}


def _techniques(attacks: object) -> Iterator[str]:
    entries = [attacks] if isinstance(attacks, dict) else attacks if isinstance(attacks, list) else []
    for attack in entries:
        for name in ("technique", "sub_technique"):
            found = attack.get(name) if isinstance(attack, dict) else None
            if isinstance(found, dict) and isinstance(found.get("name"), str):
                yield found["name"]
