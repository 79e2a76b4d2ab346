"""The frame of the command line: help, version, errors, broken pipes and interrupts."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

import loglm
from loglm.cli import main
from loglm.errors import InputError, LogLMError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Makes a subcommand ``fail`` that raises what it is given."""

    def make(error: BaseException):
        def fail() -> None:
            raise error

        monkeypatch.setitem(sys.modules, "loglm_failing", types.SimpleNamespace(fail=fail))
        monkeypatch.setitem(main.COMMANDS, "fail", ("loglm_failing", "fail"))
        return CliRunner().invoke(main.app, ["fail"])

    return make


def test_version_is_that_of_the_package() -> None:
    assert CliRunner().invoke(main.app, ["--version"]).stdout == f"loglm {loglm.__version__}\n"


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_command_has_help(name: str) -> None:
    result = CliRunner().invoke(main.app, [name, "--help"], prog_name="loglm")
    assert result.exit_code == 0
    assert f"Usage: loglm {name}" in result.stdout


def test_help_lists_each_command() -> None:
    shown = CliRunner().invoke(main.app, ["--help"]).stdout
    assert all(name in shown for name in main.COMMANDS)


def refusal(*arguments: str) -> str:
    """What is said of arguments that cannot be used, without its frame."""
    result = CliRunner().invoke(main.app, list(arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("detct",), "No such command 'detct'. Did you mean 'detect'?"),
        (("zzz",), f"No such command 'zzz'. There are {', '.join(main.COMMANDS)}."),
        (("evaluate", "extracton"), "No such command 'extracton'. Did you mean 'extraction', 'beacons'?"),
        (("detect", "--sgima", "x"), "No such option: --sgima (Possible options: --sigma"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_mistyped_name_brings_those_that_exist(arguments: tuple[str, ...], hint: str) -> None:
    assert hint in refusal(*arguments)


def test_unusable_value_is_refused_with_those_that_can_be_used() -> None:
    said = refusal("detect", "x.log", "--fail-on", "hgih")
    values = "'informational', 'low', 'medium', 'high', 'critical'"
    assert f"Invalid value for '--fail-on': 'hgih' is not one of {values}." in said


def test_error_is_one_line_without_traceback(failing) -> None:
    result = failing(InputError("cannot be\nused \x1b[31m"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "loglm: cannot be used \\x1b[31m\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (PermissionError(13, "Permission denied", "x"), "x: Permission denied; see that this user may use it, or give"),
        (OSError(28, "No space left on device", b"x"), "x: No space left on device; make room on the disk"),
        (OSError(5, "Input/output error", "x"), "x: Input/output error\n"),
        (OSError("odd"), "odd\n"),
    ],
)
def test_error_of_the_system_is_one_line_with_what_to_do(failing, error: OSError, said: str) -> None:
    result = failing(error)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"loglm: {said}") and result.stderr.count("\n") == 1


def test_debug_shows_the_traceback(failing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGLM_DEBUG", "1")
    assert isinstance(failing(LogLMError("why")).exception, LogLMError)


def test_fault_of_the_program_is_not_hidden(failing) -> None:
    assert isinstance(failing(KeyError("bug")).exception, KeyError)


def test_interrupt_ends_with_130(failing) -> None:
    result = failing(KeyboardInterrupt())
    assert (result.exit_code, result.stderr) == (130, "")


def test_closed_pipe_ends_quietly(auth_log: Path, tiny_model: Path) -> None:
    many = auth_log.with_name("many.log")
    many.write_text(auth_log.read_text() * 2_000)
    command = [sys.executable, "-m", "loglm", "embed", str(many), "--model", str(tiny_model), "--jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("{")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_help_keeps_brackets() -> None:
    result = CliRunner().invoke(main.app, ["model", "export", "--help"])
    assert "loglm[train]" in " ".join(result.stdout.split())
