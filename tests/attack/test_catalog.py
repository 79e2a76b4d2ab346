"""The ATT&CK table: complete, consistent with its source, fast to load."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.attack import ATTACK_VERSION, catalog, current_id, tactic, tactics, technique, techniques

REPOSITORY = Path(__file__).resolve().parents[2]


def test_tactics_follow_the_columns_of_the_matrix() -> None:
    names = [column.name for column in tactics()]
    assert len(names) == 14
    assert names[0] == "Reconnaissance"
    assert names[-3:] == ["Command and Control", "Exfiltration", "Impact"]


def test_techniques_are_those_of_the_version() -> None:
    assert ATTACK_VERSION == "18.1"
    assert len(techniques()) == 691


def test_sub_technique_knows_its_parent() -> None:
    found = technique("T1003.001")
    assert found is not None
    assert (found.name, found.parent, found.tactics) == ("LSASS Memory", "T1003", ("credential-access",))
    assert found.url == "https://attack.mitre.org/versions/v18/techniques/T1003/001/"


def test_technique_has_no_parent() -> None:
    found = technique("T1078")
    assert found is not None
    assert found.parent is None
    assert found.tactics == ("initial-access", "persistence", "privilege-escalation", "defense-evasion")


def test_every_parent_and_tactic_exists() -> None:
    known = {column.shortname for column in tactics()}
    for found in techniques().values():
        assert found.parent is None or found.parent in techniques()
        assert found.tactics
        assert set(found.tactics) <= known


def test_technique_is_none_for_an_unknown_id() -> None:
    assert technique("T9999") is None
    assert technique("") is None


def test_tactic_by_shortname() -> None:
    found = tactic("exfiltration")
    assert found is not None
    assert found.tactic_id == "TA0010"
    assert tactic("stealth") is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("T1059.001", "T1059.001"),
        ("T1086", "T1059.001"),
        ("T1002", "T1560"),
        ("T1026", None),
        ("T9999", None),
        ("", None),
    ],
)
def test_current_id(given: str, expected: str | None) -> None:
    assert current_id(given) == expected


def test_current_id_ends_on_a_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    circle = catalog._Catalog(tactics={}, techniques={}, replaced={"T1": "T2", "T2": "T1"})
    monkeypatch.setattr(catalog, "_catalog", lambda: circle)
    assert current_id("T1") is None


def test_every_replacement_is_current() -> None:
    for old, new in catalog._catalog().replaced.items():
        assert old not in techniques()
        assert (current_id(old) is None) == (new is None)


def test_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        techniques()["T0000"] = None  # type: ignore[index]


def test_import_loads_no_data() -> None:
    code = "from loglm.attack import catalog; print(catalog._catalog.cache_info().currsize)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "0"


def test_licence_stands_beside_the_data() -> None:
    text = (REPOSITORY / "src/loglm/attack/ATTACK-LICENSE.txt").read_text(encoding="utf-8")
    assert "© 2025 The MITRE Corporation" in text
    assert "non-exclusive, royalty-free license" in text
    assert "attack_v18_1.json" in (REPOSITORY / "NOTICE").read_text(encoding="utf-8")


def test_table_matches_its_source(shared_data: Path) -> None:
    with (shared_data / "attack" / "attack_techniques.csv").open(newline="", encoding="utf-8") as stream:
        rows = {row["technique_id"]: row for row in csv.DictReader(stream)}
    assert rows.keys() == techniques().keys()
    for technique_id, found in techniques().items():
        row = rows[technique_id]
        assert found.name == row["name"]
        assert (found.parent or "") == row["parent"]
        assert set(found.tactics) == set(row["tactics"].split(";"))


def test_script_rebuilds_the_committed_file(shared_data: Path, tmp_path: Path) -> None:
    target = tmp_path / "attack.json"
    script = REPOSITORY / "scripts" / "build_attack_catalog.py"
    subprocess.run([sys.executable, str(script), str(shared_data / "attack"), str(target)], check=True)
    assert target.read_bytes() == (REPOSITORY / "src/loglm/attack/attack_v18_1.json").read_bytes()
