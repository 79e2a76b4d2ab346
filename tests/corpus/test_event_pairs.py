"""Pairs drawn from logs: what belongs together, how many, and what is refused."""

from __future__ import annotations

import json
import resource
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.corpus.event_pairs import draw_event_pairs
from loglm.errors import EmptyInputError

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"


def write_log(path: Path, hosts: tuple[str, ...] = ("web1", "web2"), count: int = 6) -> Path:
    """Hosts in turn, each with a word of its own."""
    words = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot")
    lines = [
        f"Mar  4 10:15:{number:02} {host} app[4867]: {words[number]} from {host}zone"
        for number in range(count)
        for host in hosts
    ]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_the_two_views_of_an_event() -> None:
    pairs = draw_event_pairs([str(EXAMPLES / "ssh" / "auth.log")], "exact-view")
    (failed,) = (pair for pair in pairs if "Failed password for invalid user <user>" in pair.first)
    assert "<ip4:" in failed.first
    assert "<" not in failed.second.partition("Failed")[2]
    assert len({pair.first for pair in pairs}) == len(pairs) > 20


def test_events_of_one_entity_that_follow_one_another(tmp_path: Path) -> None:
    pairs = draw_event_pairs([str(write_log(tmp_path / "app.log"))], "entity")
    assert len(pairs) == 10
    for pair in pairs:
        (zone,) = (name for name in ("web1zone", "web2zone") if name in pair.first)
        assert zone in pair.second  # never the other host's, though its event is the next one of the log
        assert pair.first != pair.second


def test_the_draw_is_bounded_and_the_same_for_a_seed() -> None:
    logs = [str(EXAMPLES / "ssh")]
    one, same, other = (draw_event_pairs(logs, "entity", most=10, seed=seed) for seed in (0, 0, 1))
    assert len(one) == 10
    assert one == same
    assert one != other


@pytest.mark.parametrize("kind", ["exact-view", "entity"])
def test_no_pair_is_said(tmp_path: Path, kind: str) -> None:
    (tmp_path / "app.log").write_text("nothing\n")
    with pytest.raises(EmptyInputError, match=r"no pair in .*: needs"):
        draw_event_pairs([str(tmp_path / "app.log")], kind)  # type: ignore[arg-type]


def test_the_command_writes_whole_lines_and_replaces_on_demand_alone(tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    command = ["corpus", "pairs", str(write_log(tmp_path / "app.log")), "--kind", "entity", "--out", str(out)]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.stderr
    assert "10 pairs" in first.stderr
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert all(line.keys() == {"first", "second", "group", "rendered"} for line in lines)
    second = CliRunner().invoke(app, command)
    assert (second.exit_code, "--force" in second.stderr) == (2, True)
    assert CliRunner().invoke(app, [*command, "--force", "-q"]).stderr == ""


def test_a_full_disk_is_said_with_what_to_do(tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    command = ["corpus", "pairs", str(write_log(tmp_path / "app.log")), "--kind", "entity", "--out", str(out), "-q"]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, hard))  # the disk takes so many bytes of a file
    try:
        done = CliRunner().invoke(app, command)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    advice = "cannot be written: File too large. Make room on the disk, or give the name of another file"
    assert (done.exit_code, done.stderr) == (2, f"loglm: {out}: {advice}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["app.log"]
