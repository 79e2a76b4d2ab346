"""Verdicts in the spellings that SIEMs write, and records that no longer tell them."""

from __future__ import annotations

from typing import Any

import pytest

from loglm.triage.verdicts import Verdict, given_verdict, parse_verdict, without_verdicts

TRUE, FALSE, BENIGN = Verdict.TRUE_POSITIVE, Verdict.FALSE_POSITIVE, Verdict.BENIGN_POSITIVE


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("true_positive", TRUE),
        ("TruePositive", TRUE),
        ("True Positive - Suspicious Activity", TRUE),
        ("TP", TRUE),
        ("Malicious", TRUE),
        ("RESOLVED_TRUE_POSITIVE", TRUE),
        ("FalsePositive", FALSE),
        ("False Positive - Incorrect Analytic Logic", FALSE),
        ("fp", FALSE),
        ("BenignPositive", BENIGN),
        ("Benign Positive - Suspicious But Expected", BENIGN),
        ("informationalExpectedActivity", BENIGN),
        ("benign", BENIGN),
        (2, TRUE),
        (1, FALSE),
        (5, BENIGN),
        (6, BENIGN),
        (0, None),
        ("Undetermined", None),
        ("In Progress", None),
        (None, None),
    ],
)
def test_spelling_is_understood(value: object, verdict: Verdict | None) -> None:
    given = parse_verdict(value)
    assert (given.verdict, given.problem) == (verdict, "")


def test_what_is_no_verdict_is_named() -> None:
    assert "'maybe so' is no verdict; expected true positive" in parse_verdict("maybe so").problem


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        ({"verdict": "tp"}, TRUE),
        ({"class_uid": 2005, "verdict_id": 5}, BENIGN),
        ({"properties": {"classification": "FalsePositive", "severity": "High"}}, FALSE),
        ({"kibana.alert.workflow_reason": "false_positive"}, FALSE),
        ({"disposition": "Allowed", "title": "x"}, None),
        ({"classification": "Malware", "title": "x"}, None),
        ({"alerts": [{"verdict": "tp"}]}, None),
        ({"label": 1}, None),
    ],
)
def test_verdict_of_a_record(record: dict[str, Any], verdict: Verdict | None) -> None:
    given = given_verdict(record)
    assert (given.verdict, given.problem) == (verdict, "")


def test_two_fields_that_contradict_each_other_give_no_verdict() -> None:
    given = given_verdict({"verdict": "true positive", "classification": "FalsePositive"})
    assert given.verdict is None
    assert given.problem == "verdicts contradict each other: verdict=true positive, classification=FalsePositive"


def test_nothing_that_gives_the_verdict_away_stays() -> None:
    record = {
        "title": "Odd logon",
        "verdict": "tp",
        "status": "Closed",
        "closeNotes": "",
        "close_notes": "attack, see INC-2",
        "Assigned To": "mia",
        "properties": {"classification": "TruePositive", "classificationComment": "bad", "severity": "High"},
        "evidences": [{"verdict_id": 2, "data": "x"}],
        "http": {"status": 404},
        "classification": "Misc activity",
    }
    assert without_verdicts(record) == {
        "title": "Odd logon",
        "properties": {"severity": "High"},
        "evidences": [{"data": "x"}],
        "http": {"status": 404},
        "classification": "Misc activity",
    }
