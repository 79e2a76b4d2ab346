"""`loglm subsample`: lines to paste, one JSON document, and what it says on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app


def run(*arguments: object, stdin: str | None = None):
    return CliRunner().invoke(app, ["subsample", *map(str, arguments)], input=stdin)


def test_lines_have_a_count_in_front(auth_log: Path, tiny_model: Path) -> None:
    result = run(auth_log, "--model", tiny_model, "-n", 2)
    assert result.exit_code == 0, result.stderr
    failed, _, accepted = auth_log.read_text().splitlines()
    assert result.stdout == f"2  {failed}\n1  {accepted}\n"
    assert "2 of 3 events, 2 distinct" in result.stderr


def test_json_has_rank_place_and_raw_text(auth_log: Path, tiny_model: Path) -> None:
    document = json.loads(run(auth_log, "--model", tiny_model, "--tokens", 10_000, "--json", "-q").stdout)
    assert [(pick["rank"], pick["represents"], pick["record"]) for pick in document["picks"]] == [(1, 2, 1), (2, 1, 3)]
    assert {pick["path"] for pick in document["picks"]} == {str(auth_log)}
    assert document["picks"][0]["raw"] == auth_log.read_text().splitlines()[0]
    assert (document["events"], document["distinct"], document["represented"]) == (3, 2, 3)
    assert 0 < document["tokens"] <= 10_000


def test_more_than_there_are_is_said(auth_log: Path, tiny_model: Path) -> None:
    result = run(auth_log, "--model", tiny_model)
    assert "10 were asked for; all distinct events are shown" in result.stderr
    assert run(auth_log, "--model", tiny_model, "-q").stderr == ""


def test_one_line_is_enough(tiny_model: Path) -> None:
    result = run("-", "--model", tiny_model, "-q", stdin="a lonely line\n")
    assert result.stdout == "1  a lonely line\n"


def test_escapes_of_a_terminal_are_shown_not_sent(tiny_model: Path) -> None:
    result = run("-", "--model", tiny_model, "-q", stdin="title \x1b]0;owned\x07 set\n")
    assert result.stdout == "1  title \\x1b]0;owned\\x07 set\n"


def test_nothing_read_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    result = run(tmp_path / "empty.log", "--model", tiny_model)
    assert result.exit_code == 2
    assert "no event was read from" in result.stderr


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--tokens", 1), "no event fits 1 token; the shortest takes"),
        (("--model", "nowhere"), "nowhere"),
        (("-n", 0), "Invalid value for '--limit' / '-n'"),
    ],
)
def test_unusable_options_are_refused(auth_log: Path, tiny_model: Path, options: tuple, reason: str) -> None:
    result = run(auth_log, "--model", tiny_model, *options)
    assert result.exit_code == 2
    assert reason in result.stderr
