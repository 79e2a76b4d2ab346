"""Incidents of every format that they come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.events import Problems, read_events
from loglm.reports.ocsf import to_ocsf
from loglm.triage.incidents import Incidents, read_incidents, read_rulings
from loglm.triage.verdicts import Verdict
from reports.examples import lsass, summary

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs" / "simulated"
TABLE = """\
incident_id,time,rule,host,verdict
INC-1,2026-01-01T00:00:00Z,Odd logon to an account,web1,True Positive
INC-2,2026-01-01T00:05:00Z,Virus database updated,mail,FP
INC-2,2026-01-01T00:04:00Z,Virus scan finished,mail,FP
"""


def read(folder: Path, name: str, content: str, problems: Problems | None = None) -> Incidents:
    path = folder / name
    path.write_text(content)
    problems = problems or Problems()
    return read_incidents(read_events([path], problems=problems), problems=problems)


def stix(*objects: dict[str, Any]) -> str:
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects})


def test_rows_of_one_id_are_one_incident(tmp_path: Path) -> None:
    first, second = read(tmp_path, "a.csv", TABLE)
    assert (first.incident_id, first.title, first.entity) == ("INC-1", "Odd logon to an account", "web1")
    assert (first.verdict, second.verdict) == (Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE)
    assert [part.rpartition("=")[2] for part in second.parts] == ["Virus database updated", "Virus scan finished"]
    assert second.timestamp == 1767225840


def test_neither_verdict_nor_id_is_in_the_text(tmp_path: Path) -> None:
    first, _ = read(tmp_path, "a.csv", TABLE)
    assert "INC" not in "".join(first.parts)
    assert "ositive" not in "".join(first.parts)


def test_attack_or_not_is_decided_by_nobody_where_rows_contradict(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", TABLE + "INC-1,2026-01-01T00:06:00Z,Odd logon,web1,benign\n")
    assert next(iter(found)).verdict is None
    [said] = found.contradictions
    assert str(said).endswith(
        f"a.csv:5: INC-1 is a benign positive, but a true positive at {tmp_path}/a.csv:2; neither counts"
    )


def test_false_or_benign_is_a_smaller_question(tmp_path: Path) -> None:
    found = read(tmp_path, "a.csv", TABLE + "INC-2,2026-01-01T00:06:00Z,Odd,mail,benign\n")
    assert found.by_id["INC-2"].verdict is Verdict.BENIGN_POSITIVE
    assert str(found.contradictions[0]).endswith("the latter counts")


def test_a_verdict_that_is_none_is_said_with_its_place(tmp_path: Path) -> None:
    problems = Problems()
    found = read(tmp_path, "a.csv", TABLE.replace("True Positive", "hm"), problems)
    assert next(iter(found)).verdict is None
    assert problems.examples["verdict-not-taken"][0].startswith(
        f"{tmp_path}/a.csv:2: INC-1: verdict: 'hm' is no verdict"
    )


def test_findings_of_detect_are_read_with_their_evidence(tmp_path: Path) -> None:
    finding = lsass()
    [found] = read(tmp_path, "f.jsonl", json.dumps(to_ocsf(finding, summary())))
    assert (found.incident_id, found.title) == (finding.finding_id, finding.title)
    assert len(found.parts) == 1 + len({item.raw for item in finding.evidence})
    assert finding.technique_name in found.parts[0]
    assert finding.finding_id not in "".join(found.parts)


def test_alerts_within_an_incident_are_its_parts(tmp_path: Path) -> None:
    incident = {
        "id": "/subscriptions/1/incidents/7",
        "properties": {
            "title": "Odd logon",
            "classification": "BenignPositive",
            "incidentUrl": "https://portal/7",
            "createdTimeUtc": "2026-01-01T00:00:00Z",
            "owner": {"email": "mia@corp.example"},
        },
        "alerts": [{"alertName": "Logon from a new place"}, {"alertName": "Logon at night"}],
    }
    [found] = read(tmp_path, "i.json", json.dumps(incident))
    assert (found.title, found.verdict) == ("Odd logon", Verdict.BENIGN_POSITIVE)
    assert len(found.parts) == 3
    assert "portal" not in found.parts[0] and "mia" not in found.parts[0]


def test_stix_incident_is_read_with_what_it_refers_to(tmp_path: Path) -> None:
    extension = {"extension-definition--1": {"determination": "false-positive"}}
    incident = {"type": "incident", "id": "incident--1", "name": "Beacon", "extensions": extension}
    link = {"type": "relationship", "id": "relationship--1", "source_ref": "incident--1", "target_ref": "sighting--1"}
    sighting = {"type": "sighting", "id": "sighting--1", "sighting_of_ref": "indicator--1"}
    indicator = {"type": "indicator", "id": "indicator--1", "name": "Known bad", "pattern": "[url:value = 'x']"}
    [found] = read(tmp_path, "b.json", stix(incident, link, sighting, indicator))
    assert (found.incident_id, found.title, found.verdict) == ("incident--1", "Beacon", Verdict.FALSE_POSITIVE)
    assert any("Known bad" in part for part in found.parts[1:])
    assert "false-positive" not in "".join(found.parts)


def test_stix_opinion_is_the_verdict_on_a_sighting(tmp_path: Path) -> None:
    indicator = {"type": "indicator", "id": "indicator--1", "name": "Known bad"}
    sighting = {"type": "sighting", "id": "sighting--1", "sighting_of_ref": "indicator--1"}
    opinion = {"type": "opinion", "id": "opinion--1", "opinion": "strongly-agree", "object_refs": ["sighting--1"]}
    [found] = read(tmp_path, "b.json", stix(opinion, sighting, indicator))
    assert (found.title, found.verdict) == ("Known bad", Verdict.TRUE_POSITIVE)


def test_an_object_that_all_refer_to_costs_little(tmp_path: Path) -> None:
    objects: list[dict[str, Any]] = [{"type": "indicator", "id": "indicator--0", "name": "hub"}]
    for n in range(1500):
        objects.append({"type": "incident", "id": f"incident--{n}", "name": f"Case {n}"})
        refs = {"source_ref": f"incident--{n}", "target_ref": "indicator--0"}
        objects.append({"type": "relationship", "id": f"relationship--{n}", **refs})
    found = read(tmp_path, "b.json", stix(*objects))
    assert len(found) == 1500
    assert max(len(incident.parts) for incident in found) <= 64


def test_a_log_line_is_an_alert(tmp_path: Path) -> None:
    line = "Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2\n"
    [found] = read(tmp_path, "auth.log", line)
    assert (found.entity, found.verdict) == ("web1", None)
    assert "Failed password" in found.title


def test_numbers_that_say_what_kind_an_event_is_are_no_ids(tmp_path: Path) -> None:
    pam = "Mar  4 10:15:0{} web1 sshd[4867]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0\n"
    event = '{{"Id": 4624, "Channel": "Security", "EventID": 4624, "Computer": "WS{}"}}\n'
    assert len(read(tmp_path, "auth.log", pam.format(1) + pam.format(2))) == 2
    assert len(read(tmp_path, "security.jsonl", event.format(1) + event.format(2))) == 2


@pytest.mark.parametrize("wrap", ["rule", "alert", "kibana.alert.rule"])
def test_the_id_of_a_rule_is_not_that_of_its_alerts(tmp_path: Path, wrap: str) -> None:
    alert = '{"%s": {"id": "100200", "description": "Odd logon"}, "agent": {"name": "web%d"}}\n'
    found = read(tmp_path, "alerts.jsonl", "".join(alert % (wrap, n) for n in range(3)))
    assert len(found) == 3
    assert not any("100200" in incident.incident_id for incident in found)
    assert {incident.title for incident in found} == {"Odd logon"}


@pytest.mark.parametrize(
    "record",
    [
        {"rule": {"id": "100200"}, "id": "1580123327.49031"},
        {"_id": "1580123327.49031", "_source": {"kibana.alert.rule.uuid": "100200"}},
        {"_source": {"kibana.alert.uuid": "1580123327.49031", "kibana.alert.rule": {"id": "100200"}}},
        {"kibana.alert.uuid": "1580123327.49031", "kibana.alert.rule.uuid": "100200"},
        {"properties": {"systemAlertId": "1580123327.49031"}, "rule": {"id": "100200"}},
    ],
)
def test_the_id_of_an_alert_is_its_own(tmp_path: Path, record: dict[str, Any]) -> None:
    [found] = read(tmp_path, "alerts.jsonl", json.dumps(record))
    assert found.incident_id == "1580123327.49031"


@pytest.mark.parametrize(
    "content",
    [
        "id,verdict\nINC-3,fp\nINC-3,tp\nINC-4,benign\n",
        '{"id":"INC-3","verdict":"fp"}\n{"id":"INC-3","verdict":"tp"}\n{"id":"INC-4","verdict":"benign"}\n',
    ],
)
def test_of_verdicts_fed_back_the_last_counts(tmp_path: Path, content: str) -> None:
    path = tmp_path / "feedback"
    path.write_text(content)
    rulings, changed = read_rulings([path], problems=Problems())
    assert {ruling.incident_id: ruling.verdict.words for ruling in rulings} == {
        "INC-3": "true positive",
        "INC-4": "benign positive",
    }
    assert str(changed[0]).endswith("the latter counts")


def findings_of(folder: Path, name: str, form: str = "json") -> Path:
    """What a command writes of the example logs: one document, or with ``jsonl`` a finding a line."""
    arguments = {
        "beacons": ["beacons", str(_EXAMPLES / "zeek_conn.log"), "--top", "3"],
        "anomalies": ["anomalies", str(_EXAMPLES / "windows_security_sysmon.jsonl")],
        "detect": ["detect", str(_EXAMPLES / "windows_security_sysmon.jsonl")],
        "sequences": ["sequences", str(_EXAMPLES.parent / "ssh" / "auth.log"), "--by", "pid", "--no-encoder"],
    }
    result = CliRunner().invoke(app, [*arguments[name], f"--{form}", "--quiet"])
    assert result.exit_code == 0, result.output
    path = folder / f"{name}.{form}"
    path.write_text(result.stdout)
    return path


@pytest.mark.parametrize(
    ("name", "findings", "entity"),
    [
        ("beacons", "beacons", "10.20.1.25"),
        ("anomalies", "findings", "FS01.corp.example"),
        ("detect", "findings", ""),
        ("sequences", "sequences", "web1"),
    ],
)
def test_each_finding_of_a_document_is_an_incident(tmp_path: Path, name: str, findings: str, entity: str) -> None:
    path = findings_of(tmp_path, name)
    rows = json.loads(path.read_text())[findings]
    found = list(read_incidents(read_events([path], problems=Problems()), problems=Problems()))
    ids = [row.get("finding_id") or row["finding_info"]["uid"] for row in rows]
    assert [incident.incident_id for incident in found] == ids
    assert len(ids) >= 3
    first = found[0]
    assert entity in ("", first.entity)
    assert first.title
    assert first.timestamp is not None
    assert len(first.parts) > 1 and "score" not in first.parts[0]
    path.write_text(json.dumps(json.loads(path.read_text()) | {findings: []}))
    assert not read_incidents(read_events([path], problems=Problems()), problems=Problems())


@pytest.mark.parametrize("name", ["beacons", "anomalies", "detect"])
def test_a_finding_is_the_same_incident_in_a_document_and_as_a_line(tmp_path: Path, name: str) -> None:
    in_document, as_lines = (
        {one.incident_id: one for one in read_incidents(read_events([path], problems=Problems()), problems=Problems())}
        for path in (findings_of(tmp_path, name), findings_of(tmp_path, name, "jsonl"))
    )
    assert len(in_document) >= 3 and in_document.keys() == as_lines.keys()
    for one, other in zip(in_document.values(), as_lines.values(), strict=True):
        assert (one.mark, one.entity, one.title) == (other.mark, other.entity, other.title)
        assert one.entity


@pytest.mark.parametrize(("by", "entity"), [("pid", "web1"), ("user", "administrator")])
def test_a_sequence_is_read_by_its_masked_texts_and_whom_it_is_of(tmp_path: Path, by: str, entity: str) -> None:
    log = str(_EXAMPLES.parent / "ssh" / "auth.log")
    arguments = ["sequences", log, "--by", by, "--no-encoder", "--threshold", "0", "--json", "--quiet"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    path = tmp_path / "sequences.json"
    path.write_text(result.stdout)
    rows = json.loads(result.stdout)["sequences"]
    found = list(read_incidents(read_events([path], problems=Problems()), problems=Problems()))
    assert len(found) == len(rows) >= 1
    for incident, row in zip(found, rows, strict=True):
        assert set(incident.parts[1:]) == {item["text"] for item in row["evidence"]}
    assert entity in {incident.entity for incident in found}


def test_beacons_to_one_place_are_called_the_same(tmp_path: Path) -> None:
    row = {
        **{"finding_id": "a", "title": "T1071.001 Web Protocols", "techniques": ["T1071.001"], "interval_s": 60.1},
        **{"source": "10.0.0.5", "destination": "telemetry.example.com", "port": 443, "measures": {"log_interval": 4}},
    }
    other = {**row, "finding_id": "b", "source": "10.0.0.6", "interval_s": 61.0, "measures": {"log_interval": 5}}
    elsewhere = {**row, "finding_id": "c", "destination": "cdn.example.net"}
    found = read(tmp_path, "a.json", json.dumps({"thresholds": {}, "beacons": [row, other, elsewhere]}))
    first, second, third = (incident.parts[0] for incident in found)
    assert first == second != third
    assert [incident.entity for incident in found] == ["10.0.0.5", "10.0.0.6", "10.0.0.5"]


def test_columns_of_one_name_that_contradict_each_other_are_said_with_their_place(tmp_path: Path) -> None:
    problems = Problems()
    table = "id,title,verdict,verdict\nc1,Odd,true positive,false positive\nc2,Even,benign,benign\n"
    first, second = read(tmp_path, "a.csv", table, problems)
    assert (first.verdict, second.verdict) == (None, Verdict.BENIGN_POSITIVE)
    assert "ositive" not in first.parts[0]
    [said] = problems.examples["verdict-not-taken"]
    assert said.startswith(f"{tmp_path}/a.csv:2: c1: verdicts contradict each other: verdict=true positive, verdict_4=")
