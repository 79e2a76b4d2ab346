"""Navigator layers: valid against format 4.5, and saying what the findings say."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from loglm.attack import techniques
from loglm.findings import Level
from loglm.reports.navigator import to_layer, write_layer

from .examples import brute_force, everything, hostile, lsass, many, summary, valid_accounts

# The property tables of layers/spec/v4.5/layerformat.md: name -> (type, required).
PAIR = {"name": (str, True), "value": (str, True)}
SPEC: dict[str, dict[str, tuple[Any, bool]]] = {
    "layer": {
        "versions": ("versions", False),
        "name": (str, True),
        "description": (str, False),
        "domain": (str, True),
        "customDataURL": (str, False),
        "filters": ("filters", False),
        "sorting": (int, False),
        "layout": ("layout", False),
        "hideDisabled": (bool, False),
        "techniques": (["technique"], False),
        "gradient": ("gradient", False),
        "legendItems": (["legend"], False),
        "showTacticRowBackground": (bool, False),
        "tacticRowBackground": (str, False),
        "selectTechniquesAcrossTactics": (bool, False),
        "selectSubtechniquesWithParent": (bool, False),
        "selectVisibleTechniques": (bool, False),
        "metadata": (["pair"], False),
        "links": (["link"], False),
    },
    "versions": {"attack": (str, False), "navigator": (str, True), "layer": (str, True)},
    "technique": {
        "techniqueID": (str, True),
        "tactic": (str, False),
        "comment": (str, False),
        "enabled": (bool, False),
        "score": (int, False),
        "color": (str, False),
        "metadata": (["pair"], False),
        "links": (["link"], False),
        "showSubtechniques": (bool, False),
    },
    "gradient": {"colors": ([str], True), "minValue": (int, True), "maxValue": (int, True)},
    "legend": {"label": (str, True), "color": (str, True)},
    "pair": PAIR,
    "layout": {
        "layout": (str, False),
        "showID": (bool, False),
        "showName": (bool, False),
        "showAggregateScores": (bool, False),
        "countUnscored": (bool, False),
        "aggregateFunction": (str, False),
        "expandedSubtechniques": (str, False),
    },
}


def problems(value: dict[str, Any], name: str) -> list[str]:
    """What is wrong with an object according to the specification."""
    spec = SPEC[name]
    found = [f"{name}: {key} is required" for key, (_, required) in spec.items() if required and key not in value]
    for key, item in value.items():
        if key not in spec:
            found.append(f"{name}: {key} is not a property")
            continue
        expected = spec[key][0]
        for single in item if isinstance(expected, list) else [item]:
            kind = expected[0] if isinstance(expected, list) else expected
            if isinstance(kind, str):
                found += problems(single, kind)
            elif type(single) is not kind:
                found.append(f"{name}.{key}: {single!r} is not {kind}")
    return found


def entries(findings: list[Any]) -> dict[tuple[str, str | None], dict[str, Any]]:
    layer = to_layer(findings, summary())
    return {(entry["techniqueID"], entry.get("tactic")): entry for entry in layer["techniques"]}


@pytest.mark.parametrize("findings", [everything(), [hostile()], [], many(60)], ids=["real", "hostile", "none", "many"])
def test_layer_follows_the_specification(findings: list[Any]) -> None:
    assert problems(to_layer(findings, summary()), "layer") == []


def test_checker_sees_faults() -> None:
    layer = to_layer([lsass()], summary())
    del layer["name"]
    layer["techniques"][1]["score"] = "97"
    layer["versions"]["typo"] = ""
    assert len(problems(layer, "layer")) == 3


def test_versions_and_domain() -> None:
    layer = to_layer([], summary())
    assert layer["versions"] == {"attack": "18", "navigator": "5.2.0", "layer": "4.5"}
    assert layer["domain"] == "enterprise-attack"


def test_every_entry_is_of_the_matrix() -> None:
    for entry in to_layer(everything() + many(60), summary())["techniques"]:
        known = techniques()[entry["techniqueID"]]
        assert entry.get("tactic") in {None, *known.tactics}


def test_score_is_the_likeliest_finding_in_percent() -> None:
    found = entries([lsass(), replace(lsass(), score=0.4, level=Level.LOW, finding_id="x")])["T1003.001", None]
    assert found["score"] == 97
    assert found["comment"] == "2 findings, highest level critical: host WORKSTATION5.theshire.local"
    assert {"name": "first seen", "value": "2021-03-04T10:10:00Z"} in found["metadata"]


def test_colour_comes_from_the_gradient() -> None:
    layer = to_layer(everything(), summary())
    assert not any("color" in entry for entry in layer["techniques"])
    assert (layer["gradient"]["minValue"], layer["gradient"]["maxValue"]) == (0, 100)
    assert {item["color"] for item in layer["legendItems"]} == set(layer["gradient"]["colors"])


def test_parent_shows_its_sub_techniques() -> None:
    found = entries([lsass(), brute_force()])
    assert found["T1003", None] == {"techniqueID": "T1003", "showSubtechniques": True}
    assert "showSubtechniques" not in found["T1110.001", None]


def test_parent_with_findings_of_its_own_keeps_its_score() -> None:
    found = entries([lsass(), replace(lsass(), technique_id="T1003")])
    assert found["T1003", None]["score"] == 97
    assert found["T1003", None]["showSubtechniques"] is True


def test_technique_of_all_its_tactics_is_one_entry() -> None:
    assert list(entries([valid_accounts()])) == [("T1078", None)]


def test_technique_of_some_tactics_is_marked_under_these() -> None:
    finding = replace(valid_accounts(), tactics=("persistence", "initial-access"))
    assert set(entries([finding])) == {("T1078", "initial-access"), ("T1078", "persistence")}


def test_revoked_id_counts_for_its_replacement() -> None:
    assert ("T1059.001", None) in entries([replace(lsass(), technique_id="T1086", tactics=("execution",))])


def test_unknown_id_is_listed_not_dropped_in_silence() -> None:
    layer = to_layer([replace(lsass(), technique_id="T1685")], summary())
    assert layer["techniques"] == []
    assert {"name": "ids unknown to ATT&CK v18.1", "value": "T1685 (1)"} in layer["metadata"]


def test_many_entities_are_cut() -> None:
    found = entries([replace(lsass(), entity=f"HOST{number}") for number in range(500)])["T1003.001", None]
    assert len(found["comment"]) < 400
    assert found["comment"].endswith("…")
    assert {"name": "entities", "value": "500"} in found["metadata"]


def test_write_layer_is_printable_json() -> None:
    stream = io.StringIO()
    write_layer([hostile()], summary(), stream, name="Case 7")
    assert json.loads(stream.getvalue())["name"] == "Case 7"
    assert stream.getvalue().replace("\n", "").isprintable()
