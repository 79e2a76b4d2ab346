"""Exclusions: what they hide, and files that are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from glob import escape
from pathlib import Path

import pytest

from loglm.detection.engine import detect
from loglm.detection.exclusions import Category, Exclusions, write_proposals
from loglm.detection.merging import FindingDraft
from loglm.errors import InputError, SourceLocation
from loglm.findings import Evidence, Level

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
NOWHERE = SourceLocation("a.log")
TODAY = date(2026, 11, 28)
GOOD = {
    "id": "backup",
    "reason": "the nightly backup",
    "category": "backup",
    "expires": "2027-03-31",
    "technique": ["T1003"],
    "entity": "bkp*",
    "log_source": "windows/sysmon*",
    "contains": ["KSAgent.exe"],
}


def written(tmp_path: Path, *entries: dict[str, object]) -> Path:
    path = tmp_path / "exclusions.json"
    path.write_text(json.dumps({"exclusion": list(entries)}))
    return path


def draft(**changes: object) -> FindingDraft:
    import numpy as np

    place = SourceLocation("a.log", 3)
    strongest = Evidence(place, None, r"C:\Program Files\ksagent.exe reads lsass", 0.8)
    weak = Evidence(place, None, "mimikatz", 0.1)
    made = FindingDraft(
        "T1003.001", "host", "BKP01.corp", "windows/sysmon/process", "a.log", 0.9, Level.HIGH, None, None, 1, 16,
        [weak, strongest], np.zeros(1),
    )  # fmt: skip
    return replace(made, **changes)


def test_hides_what_it_is_about(tmp_path: Path) -> None:
    [item] = Exclusions.load(written(tmp_path, GOOD), today=TODAY).active
    assert item.category is Category.BACKUP
    assert item.hides(draft())


@pytest.mark.parametrize(
    "changes",
    [
        {"entity": "WS01.corp"},
        {"technique_id": "T1059"},
        {"technique_id": "T10031"},
        {"log_source": "windows/security"},
        {"level": Level.CRITICAL},
        {"evidence": [Evidence(NOWHERE, None, "mimikatz", 0.9), Evidence(NOWHERE, None, "ksagent.exe", 0.1)]},
        {"evidence": []},
    ],
)  # fmt: skip
def test_hides_nothing_else(tmp_path: Path, changes: dict[str, object]) -> None:
    [item] = Exclusions.load(written(tmp_path, GOOD), today=TODAY).active
    assert not item.hides(draft(**changes))


def test_an_expired_one_hides_nothing_and_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    assert Exclusions.load(path, today=date(2027, 3, 31)).active
    late = Exclusions.load(path, today=date(2027, 4, 1))
    assert not late.active
    assert [item.exclusion_id for item in late.expired] == ["backup"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "reason is needed"),
        ({"id": None}, "id is needed"),
        ({"expires": "soon"}, "expires is needed"),
        ({"category": "nice"}, "none of administration"),
        ({"entity": "*", "contains": []}, "would hide too much"),
        ({"entity": "*", "contains": ["a"]}, "would hide too much"),
        ({"max_level": "huge"}, "none of informational"),
        ({"contains": "x"}, "list of at most 64"),
        ({"tecnique": []}, "unknown key 'tecnique'"),
    ],
)
def test_a_poor_entry_is_refused_with_its_place(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    entry = {key: value for key, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(InputError, match=message) as refused:
        Exclusions.load(written(tmp_path, GOOD | {"id": "first"}, entry), today=TODAY)
    assert "exclusion 2" in str(refused.value)


@pytest.mark.parametrize("text", ["[[exclusion", "[]", "{", 'exclusion = "x"', "[[exclusion]]\n[other]\n", "\x00"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"x\.toml"):
        Exclusions.load(path)


def test_two_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than one"):
        Exclusions.load(written(tmp_path, GOOD, GOOD), today=TODAY)


def test_detect_hides_and_counts(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": "ws", "reason": "lab", "expires": "2999-01-01", "entity": "WS01*"})
    logs = [EXAMPLES / "simulated" / "windows_security_sysmon.jsonl"]
    every, some = detect(logs), detect(logs, exclusions=Exclusions.load(path))
    on_host = {f.finding_id for f in every.findings if f.entity.startswith("WS01") and f.level < Level.CRITICAL}
    assert on_host
    assert {f.finding_id for f in every.findings} - {f.finding_id for f in some.findings} == on_host
    assert some.summary().hidden_by_exclusion["ws"] >= len(on_host)


def test_proposals_need_a_reason_before_they_are_taken(tmp_path: Path) -> None:
    found = detect([EXAMPLES / "simulated" / "windows_security_sysmon.jsonl"]).findings[:2]
    path = tmp_path / "proposed.toml"
    hostile = replace(found[0], entity='x"\n[[exclusion]]\nid="\x1b')
    write_proposals([hostile, found[1]], path, today=TODAY)
    with pytest.raises(InputError, match="exclusion 1: reason is needed"):
        Exclusions.load(path, today=TODAY)
    path.write_text(path.read_text().replace('reason = ""', 'reason = "known"'))
    first, second = Exclusions.load(path, today=TODAY).active
    assert first.entity == escape(hostile.entity.lower())
    assert second.expires == date(2027, 2, 26)


def test_repeats_over_a_day_are_one_finding() -> None:
    logs = [EXAMPLES / "simulated" / "cloudtrail.json"]
    short, long = (detect(logs, threshold=0.3, quiet_hours=hours).findings for hours in (1.0, 48.0))
    assert len({(f.technique_id, f.entity) for f in short}) == len(long) < len(short)
    assert sum(f.windows for f in short) == sum(f.windows for f in long)


def test_what_many_entities_show_alike_is_joined_and_none_lost(tmp_path: Path) -> None:
    lines = (EXAMPLES / "simulated" / "windows_security_sysmon.jsonl").read_text().splitlines()
    text = next(line for line in lines if "comsvcs" in line and '"EventID": 1,' in line)
    log = tmp_path / "many.jsonl"
    log.write_text("".join(text.replace("WS01.corp", f"pc{n}.corp") + "\n" for n in range(40)))
    apart, joined = detect([log], threshold=0.0), detect([log], threshold=0.0, prevalent_share=0.5)
    assert len(apart.findings) == 40
    [finding] = joined.findings
    assert (finding.entities, len(finding.also_on), finding.windows) == (40, 20, 40)
