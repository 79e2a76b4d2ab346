"""`loglm info`: what a bug report needs."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

import loglm
from loglm.cli.main import app


def run(*arguments: object):
    return CliRunner().invoke(app, ["info", *map(str, arguments)])


def test_json_describes_model_and_machine(tiny_model: Path) -> None:
    facts = json.loads(run("--json", "--model", tiny_model).stdout)
    assert facts["loglm"] == loglm.__version__
    assert (facts["model"]["name"], facts["model"]["licence"]) == ("tiny", "Apache-2.0")
    assert facts["model"]["size_bytes"] == sum(path.stat().st_size for path in tiny_model.iterdir())
    assert facts["cores"] >= 1
    assert "onnxruntime" in facts["packages"]


def test_text_shows_the_checksum_of_each_file(tiny_model: Path) -> None:
    manifest = json.loads((tiny_model / "manifest.json").read_text())
    shown = run("--model", tiny_model).stdout
    assert all(name in shown and sha256 in shown for name, sha256 in manifest["files"].items())


def test_markdown_is_a_table_of_two_columns(tiny_model: Path) -> None:
    lines = run("--markdown", "--model", tiny_model).stdout.splitlines()
    assert lines[1] == "|---|---|"
    assert all(line.count("|") == 3 for line in lines)


def test_missing_model_is_told_and_the_rest_shown(tmp_path: Path) -> None:
    result = run("--json", "--model", tmp_path)
    facts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert "not a model folder" in facts["model"]["error"]
    assert facts["python"]


def test_two_formats_are_refused(tiny_model: Path) -> None:
    result = run("--json", "--markdown", "--model", tiny_model)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "exclude each other" in result.stderr


def test_channels_say_what_their_thresholds_rest_on() -> None:
    facts = json.loads(run("--channels", "--json").stdout)
    security = facts["windows/security"]
    assert 0.5 < security["threshold"] < 1
    assert security["clean_windows"] >= 200
    assert security["clean_machines"] >= 2
    assert facts["any other"]["threshold"] >= min(fact["threshold"] for fact in facts.values())
    shown = run("--channels").stdout
    assert f"threshold {security['threshold']:.2f}: {security['clean_windows']} clean windows" in shown
    assert " 1 machines" not in shown
    assert shown.splitlines()[-1].split() == ["any", "other", "threshold", f"{facts['any other']['threshold']:.2f}"]


def test_channels_of_a_missing_model_are_refused(tmp_path: Path) -> None:
    assert run("--channels", "--model", tmp_path).exit_code != 0
