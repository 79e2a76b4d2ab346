"""OCSF: valid against the attributes of schema 1.6.0, and saying what the finding says."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from loglm.findings import Finding, Level
from loglm.reports.ocsf import to_ocsf, write_json, write_jsonl
from ocsf_schema import SCHEMA, problems

from .examples import beacon, everything, hostile, lsass, powershell, stop_logging, summary, valid_accounts

ALL = [*everything(), hostile()]


@pytest.mark.parametrize("finding", ALL, ids=lambda finding: finding.technique_id)
def test_event_is_valid(finding: Finding) -> None:
    assert problems(to_ocsf(finding, summary()), "detection_finding", "event") == []


def test_validator_sees_faults() -> None:
    event = to_ocsf(lsass(), summary())
    del event["metadata"]
    event["severity_id"] = 17
    event["finding_info"]["analytic"]["typo"] = 1
    event["finding_info"]["attacks"][0]["tactics"] = []
    assert len(problems(event, "detection_finding", "event")) == 4


def test_class_activity_and_type_agree() -> None:
    event = to_ocsf(lsass(), summary())
    assert (event["class_uid"], event["category_uid"], event["activity_id"], event["type_uid"]) == (2004, 2, 1, 200401)


@pytest.mark.parametrize("level", list(Level))
def test_severity_is_the_level(level: Level) -> None:
    event = to_ocsf(replace(lsass(), level=level), summary())
    captions = SCHEMA["detection_finding"]["attributes"]["severity_id"]["enum"]
    assert event["severity_id"] == int(level)
    assert event["severity"] == captions[str(int(level))]
    assert event["is_alert"] == (level >= Level.MEDIUM)


def test_times_are_milliseconds_of_making_and_of_happening() -> None:
    event = to_ocsf(lsass(), summary())
    assert event["time"] == event["finding_info"]["created_time"] == 1_614_906_000_000
    assert event["start_time"] == event["finding_info"]["first_seen_time"] == 1_614_852_600_000
    assert event["end_time"] == event["finding_info"]["last_seen_time"] == 1_614_852_842_500


def test_times_are_absent_where_events_have_none() -> None:
    event = to_ocsf(valid_accounts(), summary())
    assert "start_time" not in event
    assert "first_seen_time" not in event["finding_info"]
    assert event["evidences"][0]["data"]["time"] is None


def test_sub_technique_stands_beside_its_parent() -> None:
    attack = to_ocsf(lsass(), summary())["finding_info"]["attacks"][0]
    assert attack["version"] == "18.1"
    assert (attack["tactic"]["uid"], attack["tactic"]["name"]) == ("TA0006", "Credential Access")
    assert (attack["technique"]["uid"], attack["sub_technique"]["uid"]) == ("T1003", "T1003.001")


def test_each_tactic_is_an_attack_of_its_own() -> None:
    attacks = to_ocsf(valid_accounts(), summary())["finding_info"]["attacks"]
    assert [attack["tactic"]["uid"] for attack in attacks] == ["TA0001", "TA0003", "TA0004", "TA0005"]
    assert "sub_technique" not in attacks[0]


def test_unknown_technique_keeps_its_id() -> None:
    attacks = to_ocsf(replace(lsass(), technique_id="T1685", tactics=("stealth",)), summary())["finding_info"][
        "attacks"
    ]
    assert attacks == [{"version": "18.1", "technique": {"uid": "T1685", "name": "LSASS Memory"}}]


@pytest.mark.parametrize(("score", "percent", "name"), [(0.973, 97, "High"), (0.5, 50, "Medium"), (0.1, 10, "Low")])
def test_confidence_is_the_score(score: float, percent: int, name: str) -> None:
    event = to_ocsf(replace(lsass(), score=score), summary())
    assert (event["confidence_score"], event["confidence"]) == (percent, name)


def test_a_score_that_is_no_probability_is_no_confidence() -> None:
    event = to_ocsf(replace(lsass(), calibrated=False, reasons=("only this host\x1b calls it",)), summary())
    assert not [name for name in event if name.startswith("confidence")]
    assert event["unmapped"]["score"] == round(lsass().score, 4) and event["unmapped"]["is_probability"] is False
    assert event["finding_info"]["desc"].startswith(event["message"])
    assert "only this host" in event["finding_info"]["desc"] and "\x1b" not in event["finding_info"]["desc"]
    assert problems(event, "detection_finding", "event") == []


def test_what_was_told_before_is_an_update_of_the_same_finding() -> None:
    begun, goes_on = (to_ocsf(lsass(), summary(), is_update=later) for later in (False, True))
    assert (goes_on["activity_id"], goes_on["activity_name"], goes_on["type_uid"]) == (2, "Update", 200402)
    assert goes_on["finding_info"]["uid"] == begun["finding_info"]["uid"]
    assert problems(goes_on, "detection_finding", "event") == []


def test_an_anomaly_of_no_technique_names_none() -> None:
    finding = replace(lsass(), technique_id="unknown", technique_name="Rare kind of event", sources=("anomaly",))
    event = to_ocsf(finding, summary())
    assert event["finding_info"]["types"] == ["anomaly"] and "attacks" not in event["finding_info"]
    assert problems(event, "detection_finding", "event") == []


def test_model_is_the_analytic_and_rules_are_related() -> None:
    info = to_ocsf(lsass(), summary())["finding_info"]
    assert (info["analytic"]["type_id"], info["analytic"]["uid"], info["analytic"]["version"]) == (4, "nano", "1.0")
    assert [analytic["name"] for analytic in info["related_analytics"]] == ["Process Memory Dump Via Comsvcs.DLL"]


def test_rule_alone_is_the_analytic() -> None:
    analytic = to_ocsf(powershell(), summary())["finding_info"]["analytic"]
    assert (analytic["type_id"], analytic["name"]) == (1, "Suspicious Encoded PowerShell Command Line")


def test_host_is_device_resource_and_observable() -> None:
    event = to_ocsf(lsass(), summary())
    assert event["device"]["hostname"] == event["resources"][0]["name"] == "WORKSTATION5.theshire.local"
    assert event["evidences"][0]["device"] == event["device"]
    assert event["observables"] == [
        {"name": "device.hostname", "type_id": 1, "type": "Hostname", "value": "WORKSTATION5.theshire.local"}
    ]


def test_user_is_resource_and_observable() -> None:
    event = to_ocsf(stop_logging(), summary())
    assert event["evidences"][0]["user"] == {"name": "arn:aws:iam::123456789012:user/benjamin"}
    assert (event["observables"][0]["type_id"], event["resources"][0]["type"]) == (4, "user")
    assert "device" not in event


@pytest.mark.parametrize(
    ("entity", "key", "type_id"), [("10.0.4.31", "ip", 2), ("2001:db8::7", "ip", 2), ("scanner.example", "hostname", 1)]
)
def test_source_address_is_an_endpoint_by_what_it_is(entity: str, key: str, type_id: int) -> None:
    event = to_ocsf(replace(beacon(), entity=entity), summary())
    assert event["evidences"][0]["src_endpoint"] == {key: entity}
    assert (event["observables"][0]["type_id"], event["observables"][0]["value"]) == (type_id, entity)


def test_evidence_has_raw_text_and_place() -> None:
    finding = lsass()
    first = to_ocsf(finding, summary())["evidences"][0]
    assert first["uid"] == "logs/WORKSTATION5/sysmon.json:1204"
    assert first["data"]["raw"] == finding.evidence[0].raw
    assert first["data"]["record"] == 1204
    assert first["data"]["weight"] == 0.62
    assert first["data"]["rules"] == ["646ea171-dded-4578-8a4d-65e9822892e3"]


def test_candidates_and_rule_techniques_are_unmapped() -> None:
    unmapped = to_ocsf(lsass(), summary())["unmapped"]
    assert unmapped["candidates"][1] == {"technique": "T1055", "name": "Process Injection", "score": 0.04}
    assert unmapped["rules"][0]["techniques"] == ["T1003.001"]
    assert unmapped["raised_by"] == ["model", "sigma"]


def test_write_json_is_one_document_with_the_summary() -> None:
    stream = io.StringIO()
    assert write_json(iter(ALL), summary(), stream) == len(ALL)
    document = json.loads(stream.getvalue())
    assert [event["finding_info"]["uid"] for event in document["findings"]] == [finding.finding_id for finding in ALL]
    assert document["summary"]["events_read"] == 48_213


def test_write_json_without_findings() -> None:
    stream = io.StringIO()
    write_json([], summary(findings=0), stream)
    assert json.loads(stream.getvalue())["findings"] == []


def test_write_jsonl_is_one_object_a_line() -> None:
    stream = io.StringIO()
    assert write_jsonl(iter(ALL), summary(), stream) == len(ALL)
    lines = stream.getvalue().splitlines()
    assert len(lines) == len(ALL)
    assert all(json.loads(line)["class_uid"] == 2004 for line in lines)


def test_hostile_text_is_printable_and_reads_back() -> None:
    stream = io.StringIO()
    write_jsonl([hostile()], summary(), stream)
    assert stream.getvalue().removesuffix("\n").isprintable()
    raw = json.loads(stream.getvalue())["evidences"][0]["data"]["raw"]
    assert raw == hostile().evidence[0].raw.replace("\ud800", "\ufffd")
