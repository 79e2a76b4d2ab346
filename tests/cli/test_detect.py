"""loglm detect on the command line: outputs, exit codes, refusals."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts.folder import default_model_dir
from loglm.cli.main import app

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
pytestmark = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


def loglm(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        app([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_detect_writes_every_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / name for name in ("r.html", "f.csv", "layer.json", "summary.json")}
    code, out, _ = loglm(
        "detect", EXAMPLES, "--json", "--threshold", "0.3", "--html", files["r.html"], "--csv", files["f.csv"],
        "--navigator", files["layer.json"], "--summary", files["summary.json"], capsys=capsys,
    )  # fmt: skip
    document = json.loads(out)
    summary = json.loads(files["summary.json"].read_text())
    assert code == 0
    assert document["findings"][0]["class_uid"] == 2004
    assert document["findings"][0]["finding_info"]["attacks"]
    assert summary["events_read"] == summary["events_scored"] > 0
    assert json.loads(files["layer.json"].read_text())["versions"]["layer"] == "4.5"
    assert files["r.html"].read_text().startswith("<!")
    assert len(files["f.csv"].read_text().splitlines()) > 1


@pytest.mark.parametrize("output", ["table", "html", "csv", "json"])
def test_standard_input_is_named_alike_in_every_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    log = (EXAMPLES / "ssh" / "auth.log").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(log)))
    file = tmp_path / "report"
    options = {"table": (), "html": ("--html", file), "csv": ("--csv", file), "json": ("--json",)}[output]
    _, shown, _ = loglm("detect", "-", "--threshold", "0", *options, capsys=capsys)
    text = file.read_text() if file.is_file() else shown
    name = {"html": "&lt;stdin&gt;", "json": '"path":"<stdin>"'}.get(output, "<stdin>:")
    assert name in text
    assert not re.search(r"(?<![\w./-])-:\d", text)


def test_problems_of_standard_input_name_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n{"a": \n{"a": 2}\n')))
    assert "  <stdin>:2: " in loglm("detect", "-", capsys=capsys)[2]


def test_detect_does_not_overwrite_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "plain.log"
    log.write_text("a line\n")
    code, _, err = loglm("detect", log, "--csv", log, capsys=capsys)
    assert (code, log.read_text()) == (2, "a line\n")
    assert "--force" in err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--html", "nowhere/report.html"), "nowhere does not exist"),
        (("--csv", "."), "it is a folder"),
        (("--html", "report", "--csv", "report"), "given for two reports"),
        (("--model", "nowhere"), "nowhere: not a model folder (there is no such folder)"),
        (("--model", "."), "no manifest.json in it"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_unusable_option_is_refused_before_the_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = loglm("detect", EXAMPLES / "ssh", "--threshold", "0", *options, capsys=capsys)
    assert (code, out) == (2, "")
    assert reason in err


def test_terminal_without_utf_8_gets_escapes() -> None:
    command = [sys.executable, "-m", "loglm", "detect", str(EXAMPLES / "ssh"), "--threshold", "0"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert " \\xb7 Credential Access" in done.stdout


def test_closed_pipe_ends_the_table_quietly() -> None:
    command = [sys.executable, "-m", "loglm", "detect", str(EXAMPLES / "ssh"), "--threshold", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate()
    assert (process.returncode, err) == (141, "")


def test_fail_on_sets_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("detect", EXAMPLES / "ssh", "--threshold", "0", "--jsonl", "--quiet")
    assert loglm(*arguments, "--fail-on", "informational", capsys=capsys)[0] == 1
    assert loglm(*arguments, capsys=capsys)[0] == 0


def test_sigma_folder_without_rules_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = loglm("detect", EXAMPLES / "ssh", "--sigma", tmp_path, capsys=capsys)
    assert code == 2
    assert "no Sigma rule" in err
