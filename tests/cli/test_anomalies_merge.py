"""`loglm anomalies --merge`, and what is said of more entities than memory or the bound has room for."""

from __future__ import annotations

import json
import shutil
from functools import partial
from itertools import permutations
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from loglm.anomaly import baseline
from loglm.anomaly.kept_state import state_folder
from loglm.cli.main import app
from loglm.context.scorer import ScorerOptions
from machine_logs import write_day


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["anomalies", *map(str, arguments)])


@pytest.fixture
def states(tmp_path: Path) -> tuple[Path, Path]:
    """Learned from two hosts."""
    for number, host in enumerate(("web1", "db1"), 1):
        usual = write_day(tmp_path / f"{host}.log", day=number, host=host)
        usual.write_text("".join(usual.read_text().splitlines(keepends=True)[:300]))
        assert run("--baseline", usual, "--state", tmp_path / host).exit_code == 0
    return tmp_path / "web1", tmp_path / "db1"


def test_two_states_become_a_new_one(states: tuple[Path, Path], tmp_path: Path) -> None:
    before = {path: path.read_bytes() for folder in states for path in folder.rglob("*") if path.is_file()}
    target = tmp_path / "both"
    result = run("--state", target, "--merge", states[0], "--merge", states[1])
    assert result.exit_code == 0, result.stderr
    assert "2 entities, a baseline of 600 events" in result.stdout
    with state_folder(target, read_only=True) as folder:
        assert sorted(folder.load().scorer.entities) == [("host", "db1"), ("host", "web1")]
    assert {path: path.read_bytes() for path in before} == before
    day = write_day(tmp_path / "day.log", day=3, host="web1")
    assert run(day, "--state", target, "--json").exit_code == 0
    result = run("--state", tmp_path / "again", "--merge", states[1], "--merge", states[0], "--json")
    assert json.loads(result.stdout)["entities"] == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--state", "{new}", "--merge", "{a}"), "twice or more"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{a}"), "twice or more"),
        (("--state", "{a}", "--merge", "{a}", "--merge", "{b}"), "holds a state already"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{none}"), "none: there is no such folder; expected"),
        (
            ("--state", "{new}", "--merge", "{a}", "--merge", "{log}"),
            "web1.log: is a file; expected a folder",
        ),
        (
            ("--state", "{new}", "--merge", "{other}", "--merge", "{a}"),
            "other: holds other things and no state",
        ),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{budget}"), "budget: rests on another setting"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--force"), "scores nothing"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--limit", "3"), "scores nothing"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--read-only"), "scores nothing"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--exclusions", "{log}"), "scores nothing"),
        (("{log}", "--state", "{new}", "--merge", "{a}", "--merge", "{b}"), "scores nothing"),
        (("--merge", "{a}", "--merge", "{b}"), "scores nothing"),
        (("--state", "{new}", "--merge", "{a}", "--merge", "{b}", "--budget", "3"), "scores nothing"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    states: tuple[Path, Path], tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    if "{budget}" in arguments:
        assert run("--baseline", tmp_path / "db1.log", "--state", tmp_path / "budget", "--budget", 7).exit_code == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").write_text("no state")
    names = {
        "new": tmp_path / "not" / "there" / "new",
        "budget": tmp_path / "budget",
        "other": tmp_path / "other",
        "none": tmp_path / "none",
        "log": tmp_path / "web1.log",
        "a": states[0],
        "b": states[1],
    }
    result = run(*(argument.format(**names) for argument in arguments))
    assert result.exit_code == 2
    said = result.stderr or str(result.exception)
    assert reason in " ".join(said.split())
    assert not (tmp_path / "not").exists()


def test_a_folder_that_was_there_is_left_as_it_was(states: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("--state", tmp_path / "empty", "--merge", states[0], "--merge", tmp_path).exit_code == 2
    assert list((tmp_path / "empty").iterdir()) == []


def contents(state: Path) -> dict[str, bytes]:
    """Of the current version."""
    folder = state / "versions" / (state / "current").read_text().strip()
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}


def test_states_give_one_in_whatever_order_they_are_named(states: tuple[Path, Path], tmp_path: Path) -> None:
    before, other = states
    after = tmp_path / "after"
    shutil.copytree(before, after)
    lines = write_day(tmp_path / "next.log", day=2, extra={30: "sshd[9]: fatal: cannot load host keys"}).read_text()
    (tmp_path / "next.log").write_text("".join(lines.splitlines(keepends=True)[:60]))
    assert run(tmp_path / "next.log", "--state", after, "--threshold", 9).exit_code == 0
    results = []
    for place, order in enumerate(permutations((before, other, after))):
        target = tmp_path / f"merged-{place}"
        result = run("--state", target, *(word for state in order for word in ("--merge", state)))
        assert result.exit_code == 0, result.stderr
        assert "2 entities, a baseline of 600 events" in result.stdout
        results.append(contents(target))
    assert all(one == results[0] for one in results)


def test_where_states_remember_different_numbers_of_entities_the_most_is_taken_and_said(
    states: tuple[Path, Path], tmp_path: Path
) -> None:
    small = tmp_path / "small"
    usual = write_day(tmp_path / "db2.log", day=3, host="db2")
    usual.write_text("".join(usual.read_text().splitlines(keepends=True)[:300]))
    assert run("--baseline", usual, "--state", small, "--entities", 5).exit_code == 0
    result = run("--state", tmp_path / "both", "--merge", small, "--merge", states[0])
    assert f"Entities remembered at most: 5 in {small}, 1,000,000 in {states[0]}" in result.stderr
    assert "the new state remembers 1,000,000" in result.stderr
    result = run("--state", tmp_path / "one", "--merge", small, "--merge", states[0], "--entities", 1)
    assert "1 entity, a baseline of 600 events" in result.stdout
    assert "1 entity forgotten" in result.stderr
    with state_folder(tmp_path / "one", read_only=True) as folder:
        assert folder.outline().most_entities == 1


def test_what_counts_twice_or_is_still_to_tell_is_said(states: tuple[Path, Path], tmp_path: Path) -> None:
    longer = tmp_path / "longer.log"
    longer.write_text("".join(write_day(longer, day=1).read_text().splitlines(keepends=True)[200:600]))
    assert run("--baseline", longer, "--state", tmp_path / "longer").exit_code == 0
    strange = {minute: f"odd{minute}[1]: strange{minute} thing" for minute in (10, 200)}
    next_day = write_day(tmp_path / "next.log", day=2, host="db1", extra=strange)
    found = run(next_day, "--state", states[1], "--threshold", 9, "--limit", 1)
    assert "1 more, less unusual, not shown" in found.stdout
    sources = ("--merge", states[0], "--merge", states[1], "--merge", tmp_path / "longer")
    result = run("--state", tmp_path / "new", *sources)
    assert "1 still to tell" in result.stdout
    assert f"{states[0]}: 100 events of its baseline (33%) are in those of the others too" in result.stderr
    facts = json.loads(run("--state", tmp_path / "json", *sources, "--json", "--quiet").stdout)
    assert (facts["baseline_events"], facts["baseline_events_counted_twice"], facts["not_told"]) == (1_000, 100, 1)
    assert run("--state", tmp_path / "quiet", *sources, "--quiet").stderr == ""


def test_what_lies_in_a_file_and_what_was_forgotten_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"2026-03-01T00:{n // 60:02}:{n % 60:02}+00:00 host{n % 40} sshd[1]: session closed\n" for n in range(240)]
    log = tmp_path / "hosts.log"
    log.write_text("".join(lines))
    forgot = run(log, "--entities", 10).stderr
    assert "Entities were forgotten 120 times" in forgot
    assert "--entities" in forgot
    monkeypatch.setattr(baseline, "ScorerOptions", partial(ScorerOptions, in_memory=10))
    assert "40 entities remembered, 30 of them in a temporary file" in run(log).stderr
