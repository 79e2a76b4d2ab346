"""What commands share: how they refuse input that holds no event."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.artifacts.folder import default_model_dir
from loglm.cli.main import app

needs_model = pytest.mark.skipif(
    not (default_model_dir() / "manifest.json").is_file(), reason="the shipped model has not been built"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files that hold no log, and a folder without any."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nothing.log").touch()
    (tmp_path / "junk.bin").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "cut.json").write_text('{"user": ')
    return tmp_path


@pytest.mark.parametrize("command", ["detect", "embed"])
@pytest.mark.parametrize("name", ["images", "empty", "nothing.log", "junk.bin", "cut.json"])
@needs_model
def test_input_without_an_event_is_refused(folder: Path, command: str, name: str) -> None:
    target = folder / "report.npz"
    option = "--html" if command == "detect" else "-o"
    result = CliRunner().invoke(app, [command, str(folder / name), option, str(target)])
    assert (result.exit_code, result.stdout, target.exists()) == (2, "", False)
    assert f"no event was read from {folder / name}, so nothing is written. Looked for logs" in result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == len(set(lines)) > 1


@pytest.mark.parametrize("command", [["detect"], ["embed", "-o", "-"]], ids=["detect", "embed"])
@needs_model
def test_quiet_refusal_is_one_line(folder: Path, command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--quiet", str(folder / "empty")])
    assert result.exit_code == 2
    assert [line[:29] for line in result.stderr.splitlines()] == ["loglm: no event was read from"]


@needs_model
def test_refusal_names_a_few_paths_and_standard_input(folder: Path) -> None:
    paths = ["-", *[str(folder / name) for name in ("empty", "images", "junk.bin", "cut.json")]]
    result = CliRunner().invoke(app, ["detect", *paths], input="")
    assert f"from standard input, {folder / 'empty'}, {folder / 'images'} and 2 more, so" in result.stderr


@needs_model
def test_problems_are_said_once_beside_events(folder: Path) -> None:
    (folder / "good.jsonl").write_text('{"a": 1}\n{"a": \n')
    result = CliRunner().invoke(app, ["detect", str(folder / "good.jsonl")])
    assert result.exit_code == 0
    assert "1 record could not be read (malformed-json 1)" in result.stdout
    assert result.output.count("good.jsonl:2") == 1
