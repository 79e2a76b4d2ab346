"""What `loglm` commands write that is no finding is told from incidents."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.evaluation.adaptation_benchmark import AdaptationScore
from loglm.evaluation.anomaly.running import AnomalyBenchmark
from loglm.evaluation.attack_summary import Figure
from loglm.evaluation.distilled import DistilledScore
from loglm.evaluation.intrinsic import IntrinsicScore
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.comparing import Comparison
from loglm.evaluation.suite.folder import Suite
from loglm.events.problems import Problems
from loglm.triage.incident_files import IncidentFiles
from loglm.triage.other_documents import FINDING_COMMANDS, OTHER_DOCUMENTS, written_by

_LOG = Path(__file__).resolve().parents[2] / "examples" / "logs" / "ssh" / "auth.log"
_RUNS = {
    "info": ["info"],
    "model": ["model", "check"],
    "patterns": ["patterns", str(_LOG)],
    "similar": ["similar", f"{_LOG}:1", f"{_LOG}:2"],
    "subsample": ["subsample", str(_LOG)],
}


def commands_with(option: str) -> set[str]:
    """First words of the commands that have an option."""
    found = set()
    root: Any = typer.main.get_command(app)
    waiting = [(name, root.get_command(None, name)) for name in root.list_commands(None)]
    while waiting:
        name, command = waiting.pop()
        if hasattr(command, "list_commands"):
            waiting += [(f"{name} {part}", command.get_command(None, part)) for part in command.list_commands(None)]
        elif any(option in parameter.opts for parameter in command.params):
            found.add(name.split()[0])
    return found


def test_documents_of_each_command_are_findings_or_told_from_them() -> None:
    known = {name.split()[0] for name in OTHER_DOCUMENTS} | FINDING_COMMANDS
    assert commands_with("--json") | commands_with("--jsonl") == known | {"distill", "pretrain-context"}


@pytest.mark.parametrize("name", _RUNS)
def test_a_document_that_holds_no_finding_is_refused_and_said(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [*_RUNS[name], "--json"])
    assert result.exit_code == 0, result.output
    path, problems = tmp_path / "found.json", Problems()
    path.write_text(result.stdout)
    assert list(IncidentFiles([path], problems)) == []
    assert problems.rejected["not-incidents"] == 1
    assert problems.examples["not-incidents"] == [f"{path}:1: is what `loglm {name}` writes, which is no finding"]


def test_what_a_state_holds_and_pairs_of_texts_are_no_findings(tmp_path: Path) -> None:
    state, pairs, told = tmp_path / "state", tmp_path / "pairs.jsonl", tmp_path / "told.json"
    for command in (
        ["anomalies", "--baseline", str(_LOG), "--state", str(state), "--quiet"],
        ["corpus", "pairs", str(_LOG), "--kind", "entity", "--out", str(pairs), "--quiet"],
    ):
        assert CliRunner().invoke(app, command).exit_code == 0
    told.write_text(CliRunner().invoke(app, ["info", "--state", str(state), "--json"]).stdout)
    for path, name in ((told, "info"), (pairs, "corpus pairs")):
        problems = Problems()
        assert list(IncidentFiles([path], problems)) == []
        assert f"is what `loglm {name}` writes" in problems.examples["not-incidents"][0]


@pytest.mark.parametrize(
    "kind",
    [AdaptationScore, AnomalyBenchmark, Comparison, DistilledScore, Figure, IntrinsicScore, Score, Suite],
    ids=lambda kind: kind.__name__,
)
def test_figures_are_told_by_their_fields(kind: Any) -> None:
    assert written_by(dict.fromkeys(field.name for field in dataclasses.fields(kind))) == "evaluate"


@pytest.mark.parametrize("record", [{"id": 1, "hits": 3}, {"title": "x", "matches": []}, {"score": 1, "model": "a"}])
def test_an_alert_with_some_of_the_fields_is_none(record: dict[str, Any]) -> None:
    assert written_by(record) == ""


@pytest.mark.parametrize("name", ["notes.md", "proposed-exclusions-0001.toml", "rules.yml", "probe.py"])
def test_texts_and_settings_are_refused_by_name_and_left_out_of_folders(name: str, tmp_path: Path) -> None:
    path, suffix = tmp_path / name, Path(name).suffix
    path.write_text('# Alert\nseverity = "high"\n')
    alone, beside = Problems(), Problems()
    assert list(IncidentFiles([path], alone)) == []
    assert alone.examples["not-incidents"] == [f"{path}: is a {suffix} file, no log and no findings"]
    (tmp_path / "alerts.jsonl").write_text(json.dumps({"id": "a-1", "title": "Brute force"}) + "\n")
    assert len(list(IncidentFiles([tmp_path], beside))) == 1
    assert beside.examples["not-a-log"] == [f"{path}: {suffix} files are not read"]
