"""``loglm evaluate attack`` on kept windows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labelled_windows import attack_table
from loglm.cli.main import app


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    attack_table().save(tmp_path / "windows")
    return ["evaluate", "attack", "--data", str(tmp_path), "--table", str(tmp_path / "windows"), "--baselines-only"]


def test_processes_share_the_seeds_and_change_no_figure(command: list[str]) -> None:
    alone, shared = (
        CliRunner().invoke(app, [*command, "--seeds", "2", "--json", "--workers", workers]) for workers in "12"
    )
    assert alone.exit_code == 0, alone.stderr
    figures = json.loads(alone.stdout)
    assert {figure["model"] for figure in figures} >= {"TF-IDF + logistic regression"}
    assert json.loads(shared.stdout) == figures


def test_context_adds_rows_and_what_they_are_compared_with(command: list[str]) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    options = [one for one in command if one != "--baselines-only"]
    result = CliRunner().invoke(app, [*options, "--own-only", "--context", "--quick", "--json"])
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    rows = {figure["model"] for figure in figures if figure["section"] == "recordings"}
    assert rows == {
        f"LogLM head{rules}{past}" for rules in ("", " + rule hits") for past in ("", ", by past", " + context")
    }
    differences = {f["model"]: f["mean"] for f in figures if f["section"] == "context" and f["metric"] == "top-1"}
    assert differences["difference to LogLM head, by past"] == 0.0


def test_the_tables_of_context_are_those_of_other_rows_too(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--context", "--quick"])
    assert result.exit_code == 0, result.stderr
    assert "whether their entities have a past" in result.stdout
    assert "windows alerting" in result.stdout


def test_without_baselines_and_without_own_models_nothing_is_left(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--own-only"])
    assert result.exit_code == 2
    assert "--baselines-only" in result.stderr
