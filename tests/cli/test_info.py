"""`loglm info`: what a bug report needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import loglm
from loglm.anomaly.kept_state import state_folder
from loglm.anomaly.learning import learn_baseline
from loglm.anomaly.options import AnomalyOptions
from loglm.artifacts.folder import default_model_dir
from loglm.cli.anomalies import load_encoder
from loglm.cli.main import app
from loglm.events import Problems
from machine_logs import write_day


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


def test_the_shipped_model_says_which_corpus_it_learned_from() -> None:
    manifest = json.loads((default_model_dir() / "manifest.json").read_text())
    learned_from = json.loads(run("--json").stdout)["model"]["learned_from"]
    assert learned_from["tokenizer"] == manifest["files"]["tokenizer.json"]
    assert ["learned", "from", "corpus", learned_from["corpus"]] in [line.split() for line in run().stdout.splitlines()]
    assert learned_from["corpus"] in (default_model_dir() / "README.md").read_text()


def test_a_model_that_does_not_say_what_it_learned_from(tiny_model: Path) -> None:
    assert json.loads(run("--json", "--model", tiny_model).stdout)["model"]["learned_from"] == {}
    assert "learned from" not in run("--model", tiny_model).stdout


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


def logged(path: Path, day: int) -> Path:
    path.write_text("".join(write_day(path, day=day).read_text().splitlines(keepends=True)[:200]))
    return path


def anomalies(*arguments: object) -> None:
    result = CliRunner().invoke(app, ["anomalies", *map(str, arguments)])
    assert result.exit_code == 0, result.stderr


def test_a_state_of_anomalies_says_what_it_holds(tmp_path: Path) -> None:
    state, usual = tmp_path / "state", logged(tmp_path / "usual.log", 1)
    anomalies(
        "--baseline", usual, "--budget", "50", "--leave-out", "2026-03-01T00:00Z/2026-03-01T00:09Z", "--state", state
    )
    learned = json.loads(run("--state", state, "--json").stdout)
    assert (learned["start"], learned["end"]) == ("2026-03-01T00:10:00Z", "2026-03-01T03:19:00Z")
    assert (learned["baseline_events"], learned["baseline_events_left_out"], learned["scored_events"]) == (190, 10, 0)
    assert (learned["by"], learned["budget"], learned["context_encoder"], learned["entities"]) == (
        "primary",
        50,
        None,
        1,
    )
    assert (learned["version"], learned["kept_findings"], learned["scored_events"]) == ("0000", 0, 0)
    anomalies(logged(tmp_path / "next.log", 2), "--state", state, "--threshold", "0")
    found = json.loads(run("--state", state, "--json").stdout)
    assert {name: found[name] for name in ("start", "end", "baseline_events", "threshold")} == {
        name: learned[name] for name in ("start", "end", "baseline_events", "threshold")
    }
    assert (found["version"], found["scored_events"], found["kept_findings"]) == ("0001", 200, 1)
    assert found["clock"] == "2026-03-02T03:04:00Z"
    assert found["size_bytes"] == sum(path.stat().st_size for path in state.rglob("*") if path.is_file())
    text = run("--state", state).stdout
    assert "190 events, 10 more left out, 2026-03-01 00:10:00 – 03:19:00" in text
    assert f"{found['threshold']:.1f} bits" in text and "version 0001" in text


def test_entities_beyond_memory_are_counted_and_need_no_encoder(tmp_path: Path) -> None:
    scorer, _, _ = learn_baseline(
        [],
        ["examples/logs/web"],
        encoder=load_encoder("shipped"),
        options=AnomalyOptions(),
        problems=Problems(),
    )
    entities = len(scorer.scorer.entities)
    scorer.scorer.entities._in_memory = 2
    assert not list(scorer.scorer.entities.make_room())
    assert scorer.scorer.entities.spilled == entities - 2 > 2
    with state_folder(tmp_path) as folder:
        folder.save(scorer)
    facts = json.loads(run("--state", tmp_path, "--json").stdout)
    assert facts["entities"] == entities
    assert len(facts["context_encoder"]) == 64


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "there is no such folder"),
        (lambda path: path.write_text("x"), "is a file"),
        (lambda path: path.mkdir(), "holds no state"),
        (lambda path: shutil.copytree(default_model_dir(), path), "holds no state"),
    ],
)
def test_what_is_no_state_is_said_to_be_none(make: Callable[[Path], object], said: str, tmp_path: Path) -> None:
    make(tmp_path / "state")
    before = sorted(tmp_path.rglob("*"))
    result = run("--state", tmp_path / "state")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr and "loglm anomalies --state" in result.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_a_state_that_was_altered_is_told_as_such(tmp_path: Path) -> None:
    state = tmp_path / "state"
    anomalies("--baseline", logged(tmp_path / "usual.log", 1), "--state", state)
    (state / "versions" / "0000" / "anomalies.json").write_text("{}")
    result = run("--state", state)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the state is damaged" in result.stderr


def test_a_state_is_shown_alone(tiny_model: Path, tmp_path: Path) -> None:
    assert "leave --model and --channels away" in run("--state", tmp_path, "--model", tiny_model).stderr


def test_without_logs_a_state_is_not_scored_and_where_it_is_shown_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["anomalies", "--state", str(tmp_path / "state")])
    assert result.exit_code == 2 and f"`loglm info --state {tmp_path / 'state'}`" in result.stderr
