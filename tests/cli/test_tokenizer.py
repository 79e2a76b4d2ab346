"""`loglm tokenizer`: what it writes and prints, and what it refuses."""

from __future__ import annotations

import csv
import json
import re
import resource
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.tokenizer.bpe import load_tokenizer


def run(*arguments: object):
    return CliRunner().invoke(app, ["tokenizer", *map(str, arguments)])


@pytest.fixture
def trained(auth_log: Path, tmp_path: Path) -> Path:
    target = tmp_path / "tokenizer.json"
    result = run("train", auth_log, "--out", target, "--vocab-size", 600)
    assert result.exit_code == 0, result.stderr
    return target


def test_train_writes_a_tokenizer_of_the_rendered_events(trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    assert tokenizer.get_vocab_size() <= 600
    assert "<ip4:public>" in tokenizer.encode("from <ip4:public>").tokens
    assert [path.name for path in trained.parent.iterdir() if "partial" in path.name] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["auth.log", "--out", "tokenizer.json"], "--force"),
        (["auth.log", "--out", "nowhere/tokenizer.json"], "does not exist"),
        (["empty.log", "--out", "new.json"], "no event was read"),
        (["missing.log", "--out", "new.json"], "missing.log"),
        (["auth.log", "--out", "new.json", "--vocab-size", "100"], "512"),
    ],
    ids=["exists", "no-folder", "empty", "missing", "small"],
)
def test_train_refuses(trained: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str) -> None:
    monkeypatch.chdir(trained.parent)
    Path("empty.log").touch()
    before = trained.read_bytes()
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr
    assert trained.read_bytes() == before
    assert not Path("new.json").exists()


def test_train_says_where_the_disk_is_full_and_leaves_the_old_file(auth_log: Path, trained: Path) -> None:
    before = trained.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))  # the disk takes so many bytes of a file
    try:
        result = run("train", auth_log, "--out", trained, "--vocab-size", 700, "--force")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 2
    assert f"{trained}: cannot be written (File too large); make room on the disk" in result.stderr
    assert trained.read_bytes() == before
    assert {path.name for path in trained.parent.iterdir()} <= {"auth.log", "tokenizer.json"}


def test_train_says_that_so_few_events_fill_no_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "one.log").write_text("Mar 17 08:00:01 h sshd[1]: Accepted password for root\n")
    result = run("train", tmp_path / "one.log", "--out", tmp_path / "t.json", "--vocab-size", 60_000)
    assert result.exit_code == 0
    assert "learning from 1 distinct event\n" in result.stderr
    assert re.search(r"t\.json: [\d,]+ tokens, not 60,000", result.stderr)


def test_evaluate_prints_tables_and_writes_csv(auth_log: Path, trained: Path, tmp_path: Path) -> None:
    result = run("evaluate", "--tokenizer", trained, auth_log, "--learned-from", auth_log, "--csv", tmp_path / "f.csv")
    assert result.exit_code == 0, result.stderr
    assert "Parts that are one token" in result.stdout
    again = run("evaluate", "--tokenizer", trained, auth_log, "--csv", tmp_path / "f.csv")
    assert again.exit_code == 2 and "f.csv: already there" in again.stderr
    with (tmp_path / "f.csv").open() as file:
        rows = list(csv.DictReader(file))
    lossless = {row["tokenizer"]: row["value"] for row in rows if row["metric"] == "lossless"}
    assert (lossless["LogLM"], lossless["byte-level BPE"]) == ("1.0", "1.0")
    assert {row["view"] for row in rows} == {"exact", "masked"}
    octets = {row["view"] for row in rows if row["metric"] == "IPv4 octet: boundaries"}
    assert octets == {"exact"}, "masked texts have no addresses"


def test_evaluate_gives_json_and_says_what_is_not_measured(auth_log: Path, trained: Path) -> None:
    result = run("evaluate", "--tokenizer", trained, auth_log, "--json")
    rows = json.loads(result.stdout)
    assert {row["source"] for row in rows} == {str(auth_log), "all"}
    assert "byte-level BPE: not measured" in result.stderr
    assert "byte-level BPE" not in {row["tokenizer"] for row in rows}


def test_evaluate_refuses_data_without_events(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    result = run("evaluate", "--tokenizer", trained, tmp_path / "empty.log")
    assert result.exit_code == 2
    assert "nothing to measure on" in result.stderr
