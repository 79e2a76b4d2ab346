"""`loglm model check` and what commands say to a folder without a head, or an environment without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_check_says_what_a_model_can_be_used_for(tiny_model: Path) -> None:
    code, out, _ = run("model", "check", tiny_model, "--json")
    facts = json.loads(out)
    assert (code, facts["name"], facts["files"], facts["head"]) == (0, "tiny", 3, None)
    assert "vectors of 16 numbers" in facts["encoder"]


def test_check_finds_an_altered_file(tiny_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tiny_model.iterdir():
        (copy / file.name).write_bytes(file.read_bytes() + (b" " if file.name == "config.json" else b""))
    code, _, errors = run("model", "check", copy)
    assert code == 2
    assert "config.json: altered since it was written" in errors


def test_detect_says_that_a_model_has_no_head(tiny_model: Path, auth_log: Path) -> None:
    code, _, errors = run("detect", auth_log, "--model", tiny_model)
    assert code == 2
    assert "no ATT&CK head" in errors


@pytest.mark.parametrize(
    "command",
    [
        ("pretrain", "--corpus", "c", "--out", "r", "--steps", "1"),
        ("model", "export", "r", "--out", "m"),
    ],
    ids=["pretrain", "export"],
)
def test_training_commands_without_torch_name_the_extra(command: tuple[str, ...]) -> None:
    code = f"import sys; sys.modules['torch'] = None; sys.argv = ['loglm', *{command!r}]\n"
    code += "from loglm.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    said = "This needs the package 'torch', which comes with the extra loglm[train]; README.md says how to install it"
    assert done.stderr.strip() == f"loglm: {said}"
