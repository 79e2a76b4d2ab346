"""loglm detect on the command line: outputs, exit codes, refusals."""

from __future__ import annotations

import json
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


def test_detect_does_not_overwrite_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "plain.log"
    log.write_text("a line\n")
    code, _, err = loglm("detect", log, "--csv", log, capsys=capsys)
    assert (code, log.read_text()) == (2, "a line\n")
    assert "--force" in err


def test_fail_on_sets_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("detect", EXAMPLES / "ssh", "--threshold", "0", "--jsonl", "--quiet")
    assert loglm(*arguments, "--fail-on", "informational", capsys=capsys)[0] == 1
    assert loglm(*arguments, capsys=capsys)[0] == 0


def test_sigma_folder_without_rules_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = loglm("detect", EXAMPLES / "ssh", "--sigma", tmp_path, capsys=capsys)
    assert code == 2
    assert "no Sigma rule" in err
