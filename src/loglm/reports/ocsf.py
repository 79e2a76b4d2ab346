"""Findings as OCSF Detection Finding (class 2004) of schema version 1.6.0.

Source: https://schema.ocsf.io/1.6.0/classes/detection_finding. OCSF replaced ``attack.tactics`` by one attack
object a tactic in 1.1, so a technique of two tactics gives two objects in ``finding_info.attacks``. Texts that match
a finding are ``enrichments`` of its technique. What has no place in the class (candidates, scores, rule hits with
their techniques) stands in ``unmapped``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from loglm.attack import ATTACK_VERSION, Technique, tactic, technique
from loglm.findings import UNKNOWN_TECHNIQUE, BeyondUsual, Evidence, Finding, Level, Reference, RuleHit, RunSummary
from loglm.plurals import plural
from loglm.reports.jsonfile import json_text
from loglm.reports.output import Target, open_report
from loglm.reports.sanitize import one_line
from loglm.reports.summary import summary_json
from loglm.reports.times import epoch_ms

__all__ = ["OCSF_VERSION", "to_ocsf", "write_json", "write_jsonl"]

OCSF_VERSION = "1.6.0"

_CLASS_UID = 2004
_ACTIVITIES = ((1, "Create"), (2, "Update"))
_ANALYTIC_RULE, _ANALYTIC_LEARNING = 1, 4
_OBSERVABLE = {
    "hostname": (1, "Hostname"),
    "ip": (2, "IP Address"),
    "user": (4, "User Name"),
    "file": (45, "File Path"),
}


def write_json(findings: Iterable[Finding], summary: RunSummary, target: Target) -> int:
    """Write one document: ``{"findings": [OCSF, ...], "summary": {...}}``, one finding a line.

    Returns:
        The number of findings written. They are read one at a time.

    Raises:
        InputError: The file cannot be written.
    """
    count = 0
    with open_report(target) as stream:
        stream.write('{"findings":[')
        for finding in findings:
            stream.write(",\n" if count else "\n")
            stream.write(json_text(to_ocsf(finding, summary)))
            count += 1
        stream.write("\n" if count else "")
        stream.write(f'],\n"summary":{json_text(summary_json(summary))}}}\n')
    return count


def write_jsonl(findings: Iterable[Finding], summary: RunSummary, target: Target) -> int:
    """Write one OCSF object a line, as findings come; returns how many. Raises like `write_json`."""
    count = 0
    with open_report(target) as stream:
        for finding in findings:
            stream.write(json_text(to_ocsf(finding, summary)) + "\n")
            count += 1
    return count


def to_ocsf(finding: Finding, summary: RunSummary, *, is_update: bool = False) -> dict[str, Any]:
    """One finding as an OCSF event of JSON values; ``is_update``: it was written before, and something was added.

    ``time`` is when the finding was made, as the schema asks; when it happened is ``start_time`` and
    ``end_time``, absent where the events have no time. ``confidence_score`` is the calibrated probability in
    percent; it and its captions are absent where the score is none.
    """
    created = epoch_ms(summary.finished) or 0
    activity_id, activity = _ACTIVITIES[is_update]
    place = _entity_place(finding)
    event: dict[str, Any] = {
        "activity_id": activity_id,
        "activity_name": activity,
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _CLASS_UID,
        "class_name": "Detection Finding",
        "type_uid": _CLASS_UID * 100 + activity_id,
        "type_name": f"Detection Finding: {activity}",
        "time": created,
        "severity_id": int(finding.level),
        "severity": finding.level.name.capitalize(),
        "status_id": 1,
        "status": "New",
        "is_alert": finding.level >= Level.MEDIUM,
        "message": _message(finding),
        **_confidence(finding),
        "metadata": _metadata(finding, summary),
        "finding_info": _finding_info(finding, summary, created),
        "evidences": [_evidence(item, place) for item in finding.evidence],
        "observables": _observables(finding, place),
        "unmapped": _unmapped(finding),
    }
    if finding.references:
        event["enrichments"] = [_enrichment(finding, reference) for reference in finding.references]
    event.update(_times(finding, "start_time", "end_time"))
    if finding.entity_kind == "host":
        event["device"] = place["device"]
        event["resources"] = [{"type": "host", "name": finding.entity}]
    elif finding.entity_kind in ("user", "account"):
        event["resources"] = [{"type": finding.entity_kind, "name": finding.entity}]
    return event


def _confidence(finding: Finding) -> dict[str, Any]:
    """The probability in percent and its caption, by the thirds of the scale; empty where the score is none."""
    if not finding.calibrated:
        return {}
    step = min(int(finding.score * 3), 2)
    caption = ("Low", "Medium", "High")[step]
    return {"confidence_score": round(finding.score * 100), "confidence_id": step + 1, "confidence": caption}


def _metadata(finding: Finding, summary: RunSummary) -> dict[str, Any]:
    return {
        "version": OCSF_VERSION,
        "uid": finding.finding_id,
        "product": {"name": "LogLM", "vendor_name": "LogLM", "version": summary.loglm_version},
        "profiles": [],
        "log_name": finding.log_source,
    }


def _finding_info(finding: Finding, summary: RunSummary, created: int) -> dict[str, Any]:
    is_named = finding.technique_id != UNKNOWN_TECHNIQUE or "anomaly" not in finding.sources
    return {
        "uid": finding.finding_id,
        "title": finding.title,
        "desc": "\n".join((_message(finding), *map(one_line, finding.reasons))),
        "types": ["ATT&CK technique" if is_named else "anomaly"],
        "created_time": created,
        **_times(finding, "first_seen_time", "last_seen_time"),
        "data_sources": [finding.log_source],
        "related_events_count": finding.events,
        **({"attacks": _attacks(finding)} if is_named else {}),
        "analytic": _analytic(finding, summary),
        "related_analytics": [_rule_analytic(rule) for rule in finding.rules],
    }


def _times(finding: Finding, first: str, last: str) -> dict[str, int]:
    moments = {first: epoch_ms(finding.start), last: epoch_ms(finding.end)}
    return {name: moment for name, moment in moments.items() if moment is not None}


def _message(finding: Finding) -> str:
    return (
        f"{finding.title} on {finding.entity_kind.replace('_', ' ')} "
        f"{one_line(finding.entity)} ({finding.log_source}): "
        f"{plural(finding.events, 'event')} in {plural(finding.windows, 'window')}"
    )


def _attacks(finding: Finding) -> list[dict[str, Any]]:
    named = _technique_objects(finding)
    version = {"version": ATTACK_VERSION}
    attacks = [
        {**version, "tactic": {"uid": found.tactic_id, "name": found.name, "src_url": found.url}, **named}
        for shortname in finding.tactics
        if (found := tactic(shortname))
    ]
    return attacks or [{**version, **named}]


def _technique_objects(finding: Finding) -> dict[str, Any]:
    found = technique(finding.technique_id)
    if found is None:
        return {"technique": {"uid": finding.technique_id, "name": finding.technique_name}}
    parent = technique(found.parent) if found.parent else None
    if parent is None:
        return {"technique": _technique_object(found)}
    return {"technique": _technique_object(parent), "sub_technique": _technique_object(found)}


def _technique_object(found: Technique) -> dict[str, str]:
    return {"uid": found.technique_id, "name": found.name, "src_url": found.url}


def _analytic(finding: Finding, summary: RunSummary) -> dict[str, Any]:
    if "model" not in finding.sources and finding.rules:
        return _rule_analytic(finding.rules[0])
    return {
        "type_id": _ANALYTIC_LEARNING,
        "type": "Learning (ML/DL)",
        "uid": summary.model_name,
        "name": f"LogLM {summary.model_name}",
        "version": summary.model_version,
    }


def _rule_analytic(rule: RuleHit) -> dict[str, Any]:
    return {"type_id": _ANALYTIC_RULE, "type": "Rule", "uid": rule.rule_id, "name": rule.title, "category": "Sigma"}


def _entity_place(finding: Finding) -> dict[str, Any]:
    """The entity as the attribute of an evidence artifact that fits its kind; empty where none does."""
    if finding.entity_kind == "user":
        return {"user": {"name": finding.entity}}
    address = {"ip" if _is_address(finding.entity) else "hostname": finding.entity}
    if finding.entity_kind == "host":
        return {"device": {"type_id": 0, "type": "Unknown", **address}}
    return {"src_endpoint": address} if finding.entity_kind == "source_address" else {}


def _observables(finding: Finding, place: dict[str, Any]) -> list[dict[str, Any]]:
    if finding.entity_kind == "file":
        return [_observable("file", "unmapped.entity.value", finding.entity)]
    if "user" in place:
        return [_observable("user", "evidences[].user.name", finding.entity)]
    return [
        _observable(key, f"device.{key}" if owner == "device" else f"evidences[].{owner}.{key}", finding.entity)
        for owner, value in place.items()
        for key in ("ip", "hostname")
        if key in value
    ]


def _observable(kind: str, name: str, value: str) -> dict[str, Any]:
    type_id, type_name = _OBSERVABLE[kind]
    return {"name": name, "type_id": type_id, "type": type_name, "value": value}


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _evidence(item: Evidence, place: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = {
        "raw": item.raw,
        "path": item.location.path,
        "record": item.location.record,
        "time": epoch_ms(item.timestamp),
        "weight": round(item.weight, 4),
        "highlights": list(item.highlights),
    }
    if item.rules:
        data["rules"] = [rule.rule_id for rule in item.rules]
    return {"uid": str(item.location), "data": data, **place}


def _enrichment(finding: Finding, reference: Reference) -> dict[str, Any]:
    """A text that matches the finding's technique."""
    return {
        "name": "finding_info.attacks[].technique.uid",
        "value": finding.technique_id,
        "type": "threat intelligence",
        "provider": reference.path,
        "short_desc": reference.title,
        "desc": reference.text,
        "data": {
            "path": reference.path,
            "place": reference.place,
            "techniques": list(reference.techniques),
            "score": round(reference.score, 4),
        },
    }


def _unmapped(finding: Finding) -> dict[str, Any]:
    return {
        "score": round(finding.score, 4),
        "is_probability": finding.calibrated,
        "entity": {"kind": finding.entity_kind, "value": finding.entity},
        "log_source": finding.log_source,
        "raised_by": list(finding.sources),
        "windows": finding.windows,
        "events": finding.events,
        **({"entities": finding.entities, "also_on": list(finding.also_on)} if finding.entities > 1 else {}),
        **({} if finding.beyond_usual is None else {"beyond_usual": _rounded(finding.beyond_usual)}),
        "candidates": [_candidate(item.technique_id, item.score) for item in finding.candidates],
        "rules": [
            {
                "id": rule.rule_id,
                "title": rule.title,
                "level": rule.level.name.lower(),
                "techniques": list(rule.techniques),
            }
            for rule in finding.rules
        ],
    }


def _rounded(beyond: BeyondUsual) -> dict[str, float]:
    return {name: round(value, 4) for name, value in asdict(beyond).items()}


def _candidate(technique_id: str, score: float) -> dict[str, Any]:
    found = technique(technique_id)
    return {"technique": technique_id, "name": found.name if found else None, "score": round(score, 4)}
