"""`loglm evaluate suite` and `compare`: what is written, kept, told and refused."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.tiny_model import CONFIG, write_tiny_model
from labelled_logs import write_alerts, write_descriptions, write_intel, write_linux, write_logs, write_sequences
from labelled_windows import attack_table
from loglm.artifacts.folder import write_model_dir
from loglm.cli.main import app
from loglm.corpus.folder import CorpusFolder, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.evaluation.scores import read_scores
from loglm.evaluation.suite.registry import TASKS
from loglm.tokenizer.bpe import load_tokenizer


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def suite(*arguments: object) -> Result:
    return evaluate("suite", "--quick", *arguments)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "labelled"
    folder.mkdir()
    return write_descriptions(write_linux(write_sequences(write_alerts(write_intel(write_logs(folder))))))


@pytest.fixture
def corpus(tiny_model: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    tokenizer = load_tokenizer(tiny_model / "tokenizer.json")
    tokenizer.save(str(folder / "tokenizer.json"))
    texts = [f"linux/cron cron\njob {number} of {user} ended" for user in ("root", "mail") for number in range(20)]
    for split, part in (("train", texts[::2]), ("idts", texts[1::2])):
        rows = [tokenizer.encode(text).ids for text in part]
        TokenShard.from_sequences(rows, [0] * len(rows), ("cron",)).save(folder / f"{split}.npz")
    shards = {"train": ["train.npz"], "idts": ["idts.npz"]}
    write_corpus_json(folder, shards, vocab_size=tokenizer.get_vocab_size(), about={})
    return folder


def test_every_task_is_measured(data: Path, corpus: Path, tiny_model: Path, tmp_path: Path) -> None:
    attack_table().save(tmp_path / "windows.zst")
    inputs = ("--data", data, "--corpus", corpus, "--windows", tmp_path / "windows.zst", "--model", tiny_model)
    result = suite(*inputs, "--out", tmp_path / "s", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    reasons = {task["name"]: task["reason"] for task in document["facts"]["tasks"]}
    assert "no model with weights" in reasons.pop("last-layer")  # a test of its own, below
    assert reasons == {task.name: "" for task in TASKS if task.name != "last-layer"}
    assert len(read_scores(tmp_path / "s" / "scores.csv")) == len(document["scores"])
    written = json.loads((tmp_path / "s" / "suite.json").read_text())
    assert [model["name"] for model in written["models"]] == ["tiny"]
    assert len(written["models"][0]["sha256"]) == 64
    assert written["inputs"] == {"data": "labelled", "corpus": "corpus", "table": "windows.zst"}
    page = (tmp_path / "s" / "report.html").read_text()
    assert all(title in page for title in ("Hidden tokens", "Template search", "Anomalies", "Attack windows", "Speed"))


def test_what_cannot_be_measured_is_listed_and_the_rest_goes_on(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    (data / "hdfs_lines.log").unlink()
    result = suite("--data", data, "--model", tiny_model, "--out", tmp_path / "s")
    assert result.exit_code == 0, result.stderr
    assert "hidden-tokens: not measured: needs --corpus" in result.stdout
    assert "no anomaly set" in (tmp_path / "s" / "report.html").read_text()
    assert {score.task for score in read_scores(tmp_path / "s" / "scores.csv")} > {"similarity", "speed"}


def test_finished_tasks_are_kept_until_their_data_change(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    arguments = ("--data", data, "--model", tiny_model, "--out", tmp_path / "s", "--tasks")
    assert suite(*arguments, "anomalies").exit_code == 0
    first = read_scores(tmp_path / "s" / "scores.csv")
    again = suite(*arguments, "speed")
    assert "anomalies: measured before" in again.stderr
    assert [score.place for score in read_scores(tmp_path / "s" / "scores.csv")][: len(first)] == [
        score.place for score in first
    ]
    with (data / "hdfs_lines.log").open("a") as file:
        file.write("\n")
    assert "anomalies: measured before" not in suite(*arguments, "anomalies").stderr


def test_a_kept_task_that_cannot_be_read_is_measured_again(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    arguments = ("--data", data, "--model", tiny_model, "--out", tmp_path / "s", "--tasks", "anomalies")
    assert suite(*arguments).exit_code == 0
    (kept,) = (tmp_path / "s" / "tasks").iterdir()
    kept.write_text(kept.read_text()[:100])
    result = suite(*arguments)
    assert result.exit_code == 0
    assert "measured before" not in result.stderr


def test_models_of_one_name_are_told_apart_by_their_folders(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    other = write_tiny_model(tmp_path / "other")
    models = ("--model", tiny_model, "--model", other)
    result = suite("--data", data, *models, "--tasks", "anomalies", "--out", tmp_path / "s")
    assert result.exit_code == 0, result.stderr
    models_found = {score.model for score in read_scores(tmp_path / "s" / "scores.csv")}
    assert {"tiny (tiny)", "tiny (other)"} <= models_found


def test_ray_gives_the_same_figures(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    tasks = ("--data", str(data), "--model", str(tiny_model), "--tasks", "anomalies,frozen-embeddings")
    (data / "openstack_parisakalaki" / "openstack_test_abnormal.txt").unlink()
    command = [sys.executable, "-m", "loglm", "evaluate", "suite", "--quick", *tasks, "--threads", "1"]
    for name, options in (("here", ()), ("ray", ("--ray", "local"))):
        done = subprocess.run(
            [*command, "--out", str(tmp_path / name), *options], capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
    here, ray = (
        {line.rpartition(",")[0]: line for line in (tmp_path / name / "scores.csv").read_text().splitlines()}
        for name in ("here", "ray")
    )
    assert ray == here
    assert "frozen-embeddings: not measured:" in done.stdout  # the worker's reason


def test_comparing_tells_what_differs(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    arguments = ("--data", data, "--model", tiny_model, "--tasks")
    assert suite(*arguments, "anomalies", "--out", first).exit_code == 0
    assert suite(*arguments, "anomalies,speed", "--threads", 1, "--out", second).exit_code == 0
    shown = evaluate("compare", first, second)
    assert shown.exit_code == 0, shown.stderr
    assert "option threads: None in A, 1 in B" in shown.stdout
    assert "Only in B" in shown.stdout
    found = json.loads(evaluate("compare", first, second, "--json").stdout)
    assert {change["what"] for change in found["changes"]} == {"option threads", "data of speed", "code of speed"}
    assert {difference["difference"] for difference in found["differences"]} == {0}
    assert "are the same" in evaluate("compare", first, first).stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--out", "new"], "nothing could be measured. hidden-tokens: needs --corpus"),
        (["--out", "new", "--data", "absent"], "no labelled log lines"),
        (["--out", "new", "--tasks", "speeed"], "Did you mean 'speed'?"),
        (["--out", "new", "--tasks", "weather"], "There are hidden-tokens, templates"),
        (["--out", "labelled", "--data", "labelled"], "holds other files"),
        (["--out", "new", "--run", "labelled"], "not a run folder of `loglm pretrain` (no weights in it)"),
    ],
    ids=["nothing", "no-data", "near-name", "no-name", "other-folder", "no-run"],
)
def test_what_cannot_be_used_is_refused(
    data: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(data.parent)
    result = suite("--model", tiny_model, *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such folder"),
        ({}, "no suite.json in it"),
        ({"suite.json": "[]"}, "cannot be read"),
        ({"suite.json": '{"format_version": 9}'}, "format 9"),
        ({"suite.json": '{"format_version": 1, "models": [{"a": 1}]}'}, "cannot be read"),
    ],
    ids=["no-folder", "no-suite", "no-table", "other-format", "other-fields"],
)
def test_what_is_no_suite_is_not_compared(tmp_path: Path, content: dict[str, str] | None, reason: str) -> None:
    folder = tmp_path / "s"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    result = evaluate("compare", folder, folder)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_the_last_layer_of_a_model_with_weights_is_tuned(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("transformers", reason="needs the train extra")
    from safetensors.torch import save_file

    from loglm.training.hidden_tokens import untrained_encoder

    def fill(folder: Path) -> None:
        for name in ("tokenizer.json", "config.json", "encoder.onnx"):
            shutil.copy(tmp_path / "tiny" / name, folder / name)
        weights = untrained_encoder(CONFIG, 7).state_dict()
        save_file({name: value.clone() for name, value in weights.items()}, folder / "model.safetensors")

    write_tiny_model(tmp_path / "tiny")
    model = write_model_dir(tmp_path / "weights", fill, about={"name": "tiny", "version": "1", "licence": "MIT"})
    result = suite("--data", data, "--model", model, "--tasks", "last-layer", "--out", tmp_path / "s")
    assert result.exit_code == 0, result.stderr
    found = {
        s.model: s.value.mean
        for s in read_scores(tmp_path / "s" / "scores.csv")
        if (s.data, s.metric) == ("openstack-failures", "F1")
    }
    assert set(found) > {"tiny, last layer", "tiny, low rank", "untrained, 16 x 1, low rank"}
    assert all(0 <= value <= 1 for value in found.values())


def test_runs_are_measured_on_hidden_tokens(corpus: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("transformers", reason="needs the train extra")
    from loglm.artifacts.files import file_sha256
    from loglm.training.hidden_tokens import untrained_encoder

    config = replace(CONFIG, vocab_size=CorpusFolder.open(corpus).vocab_size)
    for name, tokenizer in (("nano", file_sha256(corpus / "tokenizer.json")), ("foreign", "0" * 64)):
        (tmp_path / name).mkdir()
        identity = {"encoder": config.to_json(), "tokenizer": tokenizer}
        weights = untrained_encoder(config, 7).state_dict()
        torch.save({"identity": identity, "model": weights}, tmp_path / name / "masked.checkpoint.pt")
    runs = ("--run", tmp_path / "nano", "--run", tmp_path / "foreign")
    result = suite("--corpus", corpus, *runs, "--tasks", "hidden-tokens", "--out", tmp_path / "s")
    assert result.exit_code == 0, result.stderr
    found = {score.model for score in read_scores(tmp_path / "s" / "scores.csv")}
    assert found == {"5-gram", "5-gram, hidden unseen", "untrained, 16 x 1", "nano masked"}
    said = "foreign masked: not measured. model 'foreign masked' reads tokens of another tokenizer"
    assert said in html.unescape((tmp_path / "s" / "report.html").read_text())
