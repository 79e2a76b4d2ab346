"""`loglm sequences`: on the example logs, where a break-in happened in the second half."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.anomaly import unusual_sequences
from loglm.anomaly.event_grouping import GroupedEvents
from loglm.cli.main import app

AUTH = Path(__file__).parents[2] / "examples" / "logs" / "ssh" / "auth.log"


def run(*arguments: object):
    return CliRunner().invoke(app, ["sequences", *map(str, arguments)])


@pytest.mark.parametrize("encoder", ["--encoder", "--no-encoder"])
def test_a_break_in_is_found_by_its_processes(encoder: str) -> None:
    result = run(AUTH, "--by", "pid", encoder)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1. Rare events, or rare together, ")
    assert "pid 1086 on web1" in result.stdout
    assert "password changed for <user>" in result.stdout
    last = result.stdout.splitlines()[-1]
    assert last == "3 of 127 sequences at 10 bits or more, by a baseline of 126 sequences; 80 events without pid"


@pytest.mark.parametrize("quiet", [(), ("-q",)])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_notes_go_to_stderr_in_every_form(form: tuple[str, ...], quiet: tuple[str, ...]) -> None:
    result = run(AUTH, "--by", "pid", "--no-encoder", *form, *quiet)
    basis, note = "3 of 127 sequences at 10 bits or more", "What a bit stands for was learned from 7 sequences"
    assert (result.exit_code, note in result.stdout) == (0, False)
    assert (basis in result.stdout) == (not form)
    if quiet:
        assert result.stderr == ""
    else:
        assert (note in result.stderr, basis in result.stderr) == (True, bool(form))
    if form:
        assert len(json.loads(result.stdout)["sequences"]) == 3


def test_json_holds_views_and_places() -> None:
    document = json.loads(run(AUTH, "--by", "pid", "--no-encoder", "--json", "-n", 1).stdout)
    (one,) = document["sequences"]
    assert document["found"] == 3
    assert max(one["surprise"], key=one["surprise"].get) == one["reason"] == "rarity"
    assert one["evidence"][0]["record"] == 576
    assert (one["start"], one["end"]) == ("2026-11-21T12:28:27Z", "2026-11-21T12:28:27Z")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([AUTH, "--by", "pod"], "no event has a field 'pod'"),
        ([AUTH, "--by", "pair", "--no-encoder"], "no event names both of a pair"),
        ([AUTH, "--by", "pid", "--no-encoder", "--model", "m"], "--no-encoder leaves out"),
        ([AUTH, "--by", "host", "--no-encoder"], "Give more logs of ordinary days"),
        (["no-such.log", "--by", "pid"], "no-such.log"),
        ([AUTH], "--by"),
        ([AUTH, "--by", "pid", "--threshold", "nan"], "threshold nan: expected a number of bits"),
    ],
)
def test_what_it_cannot_use_is_said(arguments: list[object], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr + str(result.exception)


def test_events_for_which_there_is_no_room_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unusual_sequences, "GroupedEvents", partial(GroupedEvents, most_bytes=100_000))
    result = run(AUTH, "--by", "pid", "--no-encoder", "--json")
    left_out = json.loads(result.stdout)["events_left_out"]
    assert left_out > 100
    assert f"{left_out:,} events with pid left out" in result.stderr


def test_log_text_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    lines = [f"Mar  2 00:{n:02d}:00 web1 app[{n}]: ready" for n in range(20)]
    odd = "Mar  2 00:30:00 web1 app[30]: \x1b[31m owned \x1b]0;title\x07"
    path = tmp_path / "a.log"
    path.write_text("\n".join([*lines, odd]) + "\n")
    result = run(path, "--by", "pid", "--no-encoder")
    assert "1 of 11 sequences" in result.stdout
    assert "\x1b" not in result.stdout
