"""`loglm patterns`: unusual events with reasons, ordinary ones by template, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app

LINES = [
    f"Mar  4 10:15:{n:02} web1 sshd[{n}]: Failed password for root from 203.0.113.9 port {51000 + n} ssh2"
    for n in range(30)
]
ODD = "Mar  4 10:15:50 web1 kernel: segfault \x1b[31m at 0"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "messages"
    path.write_text("\n".join([*LINES, ODD]) + "\n")
    return path


def run(*arguments: object):
    return CliRunner().invoke(app, ["patterns", *map(str, arguments)])


@pytest.mark.parametrize("method", ["hybrid", "embeddings"])
def test_unusual_events_come_first_then_what_is_ordinary(log: Path, tiny_model: Path, method: str) -> None:
    result = run(log, "--model", tiny_model, "-n", 1, "--method", method)
    assert result.exit_code == 0, result.stderr
    first, raw, *_ = result.stdout.splitlines()
    assert first == f"1. {log}:31"
    assert raw.strip() == ODD.replace("\x1b", "\\x1b").replace("  ", " ")
    assert "in 3.23% of events" in result.stdout
    assert "Ordinary:\n30  linux/sshd Failed password" in result.stdout
    assert "1 unusual of 31 events" in result.stderr


def test_json_holds_reasons_clusters_and_columns(log: Path, tiny_model: Path) -> None:
    document = json.loads(run(log, "--model", tiny_model, "-n", 1, "--json").stdout)
    [outlier] = document["outliers"]
    assert (outlier["raw"], outlier["path"], outlier["record"]) == (ODD, str(log), 31)
    assert {reason["share"] for reason in outlier["reasons"]} == {1 / 31}
    assert [cluster["events"] for cluster in document["ordinary"]] == [30]
    assert document["fields"]["message"] == "text"
    assert document["fields"]["pid"] == "identifier"


def test_more_than_differ_is_said(log: Path, tiny_model: Path) -> None:
    result = run(log, "--model", tiny_model, "-n", 500)
    assert "500 were asked for; no more events differ" in result.stderr


def test_one_event_is_too_few(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "one.log").write_text(ODD + "\n")
    result = run(tmp_path / "one.log", "--model", tiny_model)
    assert result.exit_code == 2
    assert "only 1 event; what is unusual shows among 8 or more" in result.stderr


def test_nothing_read_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    result = run(tmp_path / "empty.log", "--model", tiny_model)
    assert result.exit_code == 2
    assert "no event was read from" in result.stderr


def test_unreadable_model_is_an_error(log: Path, tmp_path: Path) -> None:
    result = run(log, "--model", tmp_path / "none")
    assert result.exit_code == 2
    assert "none" in result.stderr
