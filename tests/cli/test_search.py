"""`loglm index`, `loglm search` and `loglm similar`: what they print and what they refuse."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.tiny_model import write_tiny_model
from loglm.cli.main import app

LOGS = Path(__file__).resolve().parents[2] / "examples" / "logs"
AUTH = LOGS / "ssh" / "auth.log"


def run(*arguments: object, stdin: str | None = None):
    return CliRunner().invoke(app, [*map(str, arguments)], input=stdin)


@pytest.fixture(scope="module")
def index(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "index"
    assert run("index", LOGS, "--out", out, "--model", tiny_model).exit_code == 0
    return out


def test_index_says_what_it_added(tiny_model: Path, tmp_path: Path) -> None:
    first = run("index", AUTH, "--out", tmp_path / "i", "--model", tiny_model)
    assert "842 events added" in first.stderr
    again = run("index", AUTH, "--out", tmp_path / "i", "--model", tiny_model, "--json")
    assert json.loads(again.stdout) == {"index": str(tmp_path / "i"), "added": 0, "known": 842, "texts_added": 0}


def test_index_reads_stdin(auth_log: Path, tiny_model: Path, tmp_path: Path) -> None:
    run("index", "-", "--out", tmp_path / "i", "--model", tiny_model, stdin=auth_log.read_text())
    found = json.loads(run("search", tmp_path / "i", "203.0.113.9", "--value", "--json").stdout)["hits"]
    assert {hit["path"] for hit in found} == {"<stdin>"}
    assert sum(hit["events"] for hit in found) == 3


def test_index_of_no_logs_leaves_nothing(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    result = run("index", tmp_path / "logs", "--out", tmp_path / "i", "--model", tiny_model)
    assert result.exit_code == 2
    assert "no event was read" in result.stderr
    assert not (tmp_path / "i").exists()


def test_search_by_place_finds_that_event(index: Path, tiny_model: Path) -> None:
    result = run("search", index, f"{AUTH}:2", "--model", tiny_model, "--json", "-n", 3)
    hits = json.loads(result.stdout)["hits"]
    assert len(hits) == 3
    assert hits[0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert hits[0]["raw"] == AUTH.read_text().splitlines()[1]
    assert (hits[0]["path"], hits[0]["record"], hits[0]["log_source"]) == (str(AUTH), 2, "linux/sshd")


def test_search_by_line_finds_that_event(index: Path, tiny_model: Path) -> None:
    line = AUTH.read_text().splitlines()[1]
    hits = json.loads(run("search", index, line, "--model", tiny_model, "--json").stdout)["hits"]
    assert hits[0]["raw"] == line


def test_search_by_value_needs_no_model(index: Path, tmp_path: Path) -> None:
    result = run("search", index, "WS01.corp.example", "--value", "--model", tmp_path / "none", "-n", 1)
    assert result.exit_code == 0
    assert "WS01.corp.example" in result.stdout


def test_table_has_score_time_and_place(index: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(AUTH.parent)
    shown = run("search", index, f"{AUTH}:2", "--model", tiny_model, "-n", 1).stdout.splitlines()
    assert shown[0].startswith("1.00 similarity 1.00 · ")
    assert "linux/sshd · web1" in shown[0]
    assert shown[1] == "  auth.log:2"


def test_table_escapes_what_a_log_says(tiny_model: Path, tmp_path: Path) -> None:
    log = tmp_path / "evil.log"
    log.write_text("Mar  4 10:15:01 web1 app[1]: hello \x1b[2J\x1b]0;owned\x07 world\n")
    run("index", log, "--out", tmp_path / "i", "--model", tiny_model)
    for options in ([], ["--json"]):
        shown = run("search", tmp_path / "i", "hello world", "--model", tiny_model, *options).stdout
        assert "owned" in shown
        assert "\x1b" not in shown
        assert "\x07" not in shown


def test_filters_reach_the_index(index: Path, tiny_model: Path) -> None:
    options = ("--since", "2026-03-17T08:00", "--until", "2026-03-17T09:00+00:00", "--source", "windows")
    hits = json.loads(run("search", index, "user logon", "--model", tiny_model, "--json", *options).stdout)["hits"]
    assert hits
    assert all(hit["log_source"].startswith("windows/") for hit in hits)
    assert all("2026-03-17T08" < hit["start"] < hit["end"] + "~" < "2026-03-17T09~" for hit in hits)


def test_a_span_that_ends_before_it_begins_is_refused(index: Path) -> None:
    result = run("search", index, "203.0.113.9", "--value", "--since", "2026-03-18", "--until", "2026-03-17")
    assert result.exit_code == 2
    assert "--until 2026-03-17 is not after --since 2026-03-18" in result.output + str(result.exception)


def test_nothing_found_is_said_and_no_error(index: Path) -> None:
    result = run("search", index, "203.0.113.254", "--value")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no event found" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("",), "the query is empty"),
        (("...",), "no letters or digits"),
        (("sshd",), "all one word"),
        (("failed password", "--since", "yesterday"), "--since: 'yesterday' is no time"),
        (("failed password", "--source", "cobol"), "no event is of the log source 'cobol'"),
        (("failed password", "--entity", "nobody"), "no event is of the entity 'nobody'"),
        ((f"{AUTH}:99999",), "no event at 99999"),
        ((f"{AUTH}x:3",), "auth.logx: there is no such file, of which event 3 is asked for"),
        (("auth.log:3",), "auth.log: there is no such file"),
        (("old/auth.log.1:3",), "old/auth.log.1: there is no such file"),
        ((f"{AUTH.parent}/of last week:3",), "of last week: there is no such file"),
        (("error:3",), "all one word ('error:3')"),
        (("sshd/0:3",), "all one word"),
        (("web.example.com:443",), "all one word"),
        (("http://10.0.0.1/a.log:8080",), "all one word"),
    ],
    ids=[
        "empty",
        "punctuation",
        "one-word",
        "time",
        "source",
        "entity",
        "place",
        "no-file",
        "no-log",
        "rotated",
        "blank",
        "word",
        "process",
        "port",
        "url",
    ],
)
def test_unusable_query_is_refused(index: Path, tiny_model: Path, arguments: tuple[str, ...], reason: str) -> None:
    result = run("search", index, *arguments, "--model", tiny_model)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_words_that_end_in_a_place_are_text(index: Path, tiny_model: Path) -> None:
    result = run("search", index, "session opened, said nowhere/auth.log:3", "--model", tiny_model)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


def test_index_of_another_model_is_refused(index: Path, tmp_path: Path) -> None:
    other = write_tiny_model(tmp_path / "other")
    config = json.loads((other / "manifest.json").read_text())
    config["files"].pop("tokenizer.json")
    (other / "manifest.json").write_text(json.dumps(config))
    for command in (("search", index, "failed password"), ("index", AUTH, "--out", index)):
        result = run(*command, "--model", other)
        assert result.exit_code == 2
        assert "the index is of the model 'tiny'" in result.stderr


def test_two_processes_can_not_both_write(tiny_model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "loglm", "index", "-", "--out", str(tmp_path / "i"), "--model", str(tiny_model)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as first:
        assert first.stdin is not None
        while not (tmp_path / "i" / "index.sqlite").exists():
            assert first.poll() is None
            time.sleep(0.05)
        second = run("index", AUTH, "--out", tmp_path / "i", "--model", tiny_model)
        first.communicate(AUTH.read_bytes())
    assert second.exit_code == 2
    assert "another process is writing" in second.stderr
    assert len(json.loads(run("search", tmp_path / "i", "web1", "--value", "--json").stdout)["hits"]) == 10


def test_similar_lines_print_one_number(auth_log: Path, tiny_model: Path) -> None:
    first, second, _ = auth_log.read_text().splitlines()
    assert run("similar", first, second, "--model", tiny_model).stdout == "1.0000\n"
    assert run("similar", first, f"{auth_log}:2", "--model", tiny_model).stdout == "1.0000\n"


def test_similar_files_print_the_least_alike_first(auth_log: Path, tiny_model: Path) -> None:
    result = run("similar", AUTH, auth_log, "--model", tiny_model, "--json", "-n", 5)
    matches = json.loads(result.stdout)["matches"]
    assert len(matches) == 5
    assert [match["similarity"] for match in matches] == sorted(match["similarity"] for match in matches)
    assert {match["b"]["path"] for match in matches} == {str(auth_log)}


def test_similar_counts_events_that_read_the_same(auth_log: Path, tiny_model: Path) -> None:
    shown = run("similar", auth_log, auth_log, "--model", tiny_model).stdout
    assert f"A {auth_log}:1 · 2 events" in shown


def test_matrix_has_all_pairs(auth_log: Path, tiny_model: Path) -> None:
    result = run("similar", auth_log, auth_log, "--matrix", "--model", tiny_model)
    rows = list(csv.reader(result.stdout.splitlines()))
    assert rows[0] == ["", f"{auth_log}:1", f"{auth_log}:3"]
    assert [row[0] for row in rows[1:]] == rows[0][1:]
    assert float(rows[1][1]) == float(rows[2][2]) == 1
    as_json = json.loads(run("similar", auth_log, auth_log, "--matrix", "--json", "--model", tiny_model).stdout)
    assert as_json["similarities"][0][1] == pytest.approx(float(rows[1][2]), abs=1e-4)


@pytest.mark.parametrize(
    ("given", "reason"),
    [("no-such.log", "A: there is no such file"), ("", "the query is empty")],
    ids=["file", "empty"],
)
def test_similar_refuses_what_is_neither_file_nor_line(
    auth_log: Path, tiny_model: Path, given: str, reason: str
) -> None:
    result = run("similar", given, auth_log, "--model", tiny_model)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_large_matrix_is_refused(tiny_model: Path, auth_log: Path, tmp_path: Path) -> None:
    log = tmp_path / "words.log"
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}q" for n in range(2_100)]
    log.write_text("".join(f"Mar  4 10:15:01 web1 app[1]: started {word} now\n" for word in words))
    result = run("similar", log, auth_log, "--matrix", "--model", tiny_model)
    assert result.exit_code == 2
    assert "--matrix takes 2,000" in result.stderr
