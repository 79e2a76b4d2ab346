"""`loglm evaluate anomaly`: its tables, files, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from labelled_logs import write_logs
from loglm.cli.main import app


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", "anomaly", "--seeds", "2", *map(str, arguments)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_logs(tmp_path_factory.mktemp("labelled"))


def test_detectors_stand_in_one_table_and_altered_logs_in_others(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    models = "unseen-events,encoder-nn,sequence-detector+encoder"
    figures = tmp_path / "figures.csv"
    result = run("--data", data, "--sets", "hdfs,lanl", "--detectors", models, "--model", tiny_model, "--csv", figures)
    assert result.exit_code == 0, result.stderr
    assert "learned from 12 normal (0 anomalous with labels)" in result.stdout
    assert "hdfs, altered: F1" in result.stdout
    assert "nan" not in result.stdout, "what was not measured, such as F1 without duplicates, is an empty cell"
    assert "lanl: not measured" in result.stdout
    with figures.open() as file:
        rows = [row for row in csv.DictReader(file) if (row["task"], row["metric"]) == ("normal only", "PR-AUC")]
    assert {row["model"]: float(row["mean"]) for row in rows} == {
        "unseen-events": 1,
        "encoder-nn": 1,
        "sequence-detector+encoder": 1,
    }


def test_json_is_one_document(data: Path, tmp_path: Path) -> None:
    result = run("--data", data, "--sets", "hdfs", "--detectors", "counts-nn", "--no-altered", "--json")
    assert result.exit_code == 0, result.stderr
    measured = json.loads(result.stdout)
    assert measured["sets"][0]["has_times"]
    assert {score["metric"] for score in measured["scores"]} >= {"PR-AUC", "F1", "recall", "F1 best", "seconds"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sets", "hdsf"], "no data set 'hdsf'. Did you mean 'hdfs'?"),
        (["--sets", "hdfs", "--detectors", "lstm"], "no model 'lstm'."),
        (["--sets", "adfa"], "nothing could be measured. adfa: not measured"),
    ],
    ids=["set", "model", "files"],
)
def test_what_is_not_there_is_refused(data: Path, arguments: list[str], message: str) -> None:
    result = run("--data", data, *arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_paths_that_cannot_be_used_are_refused_before_anything_is_measured(data: Path, tmp_path: Path) -> None:
    result = run("--data", tmp_path / "nowhere")
    assert (result.exit_code, "nowhere: no such folder" in result.stderr) == (2, True)
    result = run("--data", data, "--csv", tmp_path / "nowhere" / "figures.csv")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
    assert "unseen-events" not in result.stderr
