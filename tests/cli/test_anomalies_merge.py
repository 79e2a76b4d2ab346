"""`loglm anomalies --merge`, and what is said of more entities than memory or the bound has room for."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loglm.anomaly import baseline
from loglm.anomaly.kept_state import state_folder
from loglm.cli.main import app
from loglm.context.scorer import ScorerOptions
from machine_logs import write_day


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["anomalies", *map(str, arguments)])


@pytest.fixture
def states(tmp_path: Path) -> tuple[Path, Path]:
    """Learned from two hosts."""
    for number, host in enumerate(("web1", "db1"), 1):
        usual = write_day(tmp_path / f"{host}.log", day=number, host=host)
        usual.write_text("".join(usual.read_text().splitlines(keepends=True)[:300]))
        assert run("--baseline", usual, "--state", tmp_path / host).exit_code == 0
    return tmp_path / "web1", tmp_path / "db1"


def test_two_states_become_a_new_one(states: tuple[Path, Path], tmp_path: Path) -> None:
    before = {path: path.read_bytes() for folder in states for path in folder.rglob("*") if path.is_file()}
    target = tmp_path / "both"
    result = run("--state", target, "--merge", states[0], "--merge", states[1])
    assert result.exit_code == 0, result.stderr
    assert "2 entities, a baseline of 600 events" in result.stdout
    with state_folder(target, read_only=True) as folder:
        assert sorted(folder.load().scorer.entities) == [("host", "db1"), ("host", "web1")]
    assert {path: path.read_bytes() for path in before} == before
    day = write_day(tmp_path / "day.log", day=3, host="web1")
    assert run(day, "--state", target, "--json").exit_code == 0
    result = run("--state", tmp_path / "again", "--merge", states[1], "--merge", states[0], "--json")
    assert json.loads(result.stdout)["entities"] == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--state", "{new}", "--merge", "{a}"), "twice or more"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{a}"), "twice or more"),
        (("--state", "{a}", "--merge", "{a}", "--merge", "{b}"), "holds a state already"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{none}"), "there is no state to join"),
        (("{log}", "--state", "{new}", "--merge", "{a}", "--merge", "{b}"), "scores nothing"),
        (("--merge", "{a}", "--merge", "{b}"), "scores nothing"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--budget", "3"), "scores nothing"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    states: tuple[Path, Path], tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    names = {
        "new": tmp_path / "new",
        "none": tmp_path / "none",
        "log": tmp_path / "web1.log",
        "a": states[0],
        "b": states[1],
    }
    result = run(*(argument.format(**names) for argument in arguments))
    assert result.exit_code == 2
    said = result.stderr or str(result.exception)
    assert reason in " ".join(said.split())


def test_what_lies_in_a_file_and_what_was_forgotten_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"2026-03-01T00:{n // 60:02}:{n % 60:02}+00:00 host{n % 40} sshd[1]: session closed\n" for n in range(240)]
    log = tmp_path / "hosts.log"
    log.write_text("".join(lines))
    forgot = run(log, "--entities", 10).stderr
    assert "Entities were forgotten 120 times" in forgot
    assert "--entities" in forgot
    monkeypatch.setattr(baseline, "ScorerOptions", partial(ScorerOptions, in_memory=10))
    assert "40 entities remembered, 30 of them in a temporary file" in run(log).stderr
