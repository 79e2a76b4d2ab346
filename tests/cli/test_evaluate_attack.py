"""``loglm evaluate attack`` on kept windows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from labelled_windows import attack_table
from loglm.cli.main import app
from loglm.evaluation.attack_benchmark import MACHINES


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    attack_table().save(tmp_path / "windows")
    return ["evaluate", "attack", "--data", str(tmp_path), "--windows", str(tmp_path / "windows"), "--baselines-only"]


def test_processes_share_the_seeds_and_change_no_figure(command: list[str]) -> None:
    alone, shared = (
        CliRunner().invoke(app, [*command, "--seeds", "2", "--json", "--workers", workers]) for workers in "12"
    )
    assert alone.exit_code == 0, alone.stderr
    figures = json.loads(alone.stdout)
    assert {figure["model"] for figure in figures} >= {"TF-IDF + logistic regression"}
    assert json.loads(shared.stdout) == figures


def _data_folder(folder: Path) -> list[str]:
    """Recordings of two datasets and of the clean machines, as files: the odd one comes last."""
    rows = ["file,technique_id,tactic,kind,source,notes"]
    names = [f"{dataset}/{n}.jsonl" for dataset in ("evtx-attack-samples", "security-datasets") for n in range(4)]
    for name in [*names, *(f"benign-windows/{machine}/a.jsonl" for machine in MACHINES)]:
        is_attack = name in names
        images = ["svchost.exe"] * 95 + (["mimikatz.exe" if int(name[-7]) % 2 else "schtasks.exe"] if is_attack else [])
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("".join(_event(n, image) for n, image in enumerate(images)), encoding="utf-8")
        technique = ("T1003" if int(name[-7]) % 2 else "T1053") if is_attack else ""
        rows.append(f"{name},{technique},,{'attack' if is_attack else 'benign'},,")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return ["evaluate", "attack", "--data", str(folder), "--own-only", "--quick", "--context-encoder", "shipped"]


def _event(number: int, image: str) -> str:
    fields = {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "Computer": "ws1",
        "@timestamp": f"2026-11-28T0{number // 60}:{number % 60:02d}:00Z",
        "Image": f"C:\\Windows\\{image}",
    }
    return json.dumps(fields) + "\n"


def test_context_adds_rows_and_what_they_are_compared_with(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    command = [*_data_folder(tmp_path), "--surprise", str(tmp_path / "bits"), "--json"]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.stderr
    figures = json.loads(result.stdout)
    rows = {figure["model"] for figure in figures if figure["section"] == "recordings"}
    assert rows == {
        f"LogLM head{rules}{past}"
        for rules in ("", " + rule hits")
        for past in ("", " + context", " + context as detected")
    }
    differences = {
        f["model"]: f["value"]["mean"] for f in figures if f["section"] == "context" and f["metric"] == "top-1"
    }
    assert differences["difference to LogLM head"] == 0.0
    again = CliRunner().invoke(app, command)
    assert json.loads(again.stdout) == figures
    assert "again" in result.stderr
    assert "again" not in again.stderr  # the surprise of windows is kept


def test_bits_without_context_are_refused(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--surprise", "bits"])
    assert result.exit_code == 2
    assert "--context-encoder" in result.stderr


def test_without_baselines_and_without_own_models_nothing_is_left(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--own-only"])
    assert result.exit_code == 2
    assert "--baselines-only" in result.stderr
