"""`loglm model check` and what commands say to a folder without a head, or an environment without torch."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.artifacts.folder import default_context_dir
from loglm.cli.main import app
from machine_logs import write_day


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


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As anyone makes one."""
    folder = tmp_path_factory.mktemp("kept") / "my state"
    log = write_day(folder.with_name("day.log"), day=1)
    assert run("anomalies", log, "--state", folder, "--baseline-share", 0.5)[0] == 0
    return folder


@pytest.mark.parametrize("part", ["", "versions/0000"], ids=["whole", "version"])
def test_check_tells_a_state_from_a_model(state: Path, part: str) -> None:
    code, out, errors = run("model", "check", state / part)
    assert (code, out) == (2, "")
    assert errors.startswith(f"loglm: {state / part}: a state of `loglm anomalies`, no model. `loglm info --state")
    code, out, _ = run(*shlex.split(errors.split("`")[3])[1:])
    assert (code, str(state) in out) == (0, True)


def test_a_damaged_state_is_called_one_too(state: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(state, tmp_path / "copy")
    (copy / "versions" / "0000" / "state.npz").unlink()
    assert "a state of `loglm anomalies`, no model" in run("model", "check", copy)[2]


@pytest.mark.parametrize(
    ("command", "wanted"),
    [
        ("detect --model", "model"),
        ("embed --jsonl --model", "model"),
        ("anomalies --context-encoder", "context encoder"),
    ],
)
def test_a_state_is_called_one_by_what_opens_a_model(state: Path, auth_log: Path, command: str, wanted: str) -> None:
    code, out, errors = run(*command.split(), state, auth_log)
    assert (code, out) == (2, "")
    assert errors.startswith(f"loglm: {state}: a state of `loglm anomalies`, no {wanted}. `loglm info --state")


def test_a_context_encoder_is_called_one_and_can_be_checked(auth_log: Path) -> None:
    folder = default_context_dir()
    code, _, errors = run("detect", auth_log, "--model", folder)
    read_by = f"`loglm anomalies LOGS --context-encoder {shlex.quote(str(folder))}` reads it"
    assert (code, errors) == (2, f"loglm: {folder}: a context encoder, no model. {read_by}\n")
    assert run("model", "check", folder)[0] == 0


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
