"""`loglm corpus`: what it prints, and one line for what cannot be used."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.conftest import write_source
from loglm.cli.main import app

pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("app", "db"):
        write_source(tmp_path / "logs" / name)
    return tmp_path / "logs"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["corpus", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_build_and_info_print_the_same_facts(logs: Path, tmp_path: Path) -> None:
    code, built, _ = run("build", logs, "--out", tmp_path / "out", "--odts", "db", "--json", "-q")
    assert code == 0
    assert json.loads(built)["sources"][1] == {**json.loads(built)["sources"][1], "name": "db", "split": "odts"}
    assert run("info", tmp_path / "out", "--json") == (0, built, "")


def test_build_shows_a_line_for_each_source_step_and_split(logs: Path, tmp_path: Path) -> None:
    code, shown, errors = run("build", logs, "--out", tmp_path / "out", "-q")
    assert (code, errors) == (0, "")
    words = [line.split()[0].rstrip(":") for line in shown.splitlines()]
    assert re.search(r"exact deduplication .*: \d+ to \d+ \(events that repeated a text, in reading too: \d+\)", shown)
    assert words == ["source", "app", "db", "read", "exact", "near", "balance", "train", "idts", "odts"]


def test_info_says_how_many_texts_were_cut_where_the_corpus_does(logs: Path, tmp_path: Path) -> None:
    run("build", logs, "--out", tmp_path / "out", "--max-tokens", "20", "-q")
    facts = json.loads((tmp_path / "out" / "corpus.json").read_text())
    assert facts["texts_cut"]["train"] > 20
    assert f", {facts.pop('texts_cut')['train']} texts cut at 20 tokens" in run("info", tmp_path / "out")[1]
    (tmp_path / "out" / "corpus.json").write_text(json.dumps(facts))
    code, shown, errors = run("info", tmp_path / "out")
    assert (code, errors) == (0, "")
    assert "cut at" not in shown


def test_sources_file_gives_licences_and_splits(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text('[[source]]\nname = "x"\npaths = ["logs/app"]\nlicence = "CC0-1.0"\n')
    code, shown, _ = run("build", "--sources", tmp_path / "s.toml", "--out", tmp_path / "out", "--json", "-q")
    assert code == 0
    assert [(source["name"], source["licence"]) for source in json.loads(shown)["sources"]] == [("x", "CC0-1.0")]


def test_info_names_a_changed_shard(logs: Path, tmp_path: Path) -> None:
    run("build", logs, "--out", tmp_path / "out", "-q")
    shard = tmp_path / "out" / "train-00000.npz"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    code, shown, errors = run("info", tmp_path / "out")
    assert (code, shown) == (2, "")
    assert "train-00000.npz: changed since the corpus was built" in errors


def test_key_of_pseudonyms_that_is_absent_is_said(logs: Path, tmp_path: Path) -> None:
    code, _, errors = run("build", logs, "--out", tmp_path / "out", "--pseudonymise", tmp_path / "key")
    assert code == 2
    assert "the key cannot be read" in errors
    assert f"`openssl rand -hex 32 > {tmp_path / 'key'}`" in errors


def test_key_that_is_too_short_is_refused_before_anything_is_read(logs: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("short\n")
    code, _, errors = run("build", logs, "--out", tmp_path / "out", "--pseudonymise", tmp_path / "key")
    assert code == 2
    assert "16" in errors
    assert "`openssl rand -hex 32 > KEYFILE`" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "logs"]


def test_a_benchmark_on_standard_input_is_refused(logs: Path, tmp_path: Path) -> None:
    code, _, errors = run("build", logs, "--out", tmp_path / "out", "--benchmark", "-")
    assert code == 2
    assert "cannot be read again" in errors.replace("\n", " ")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("both", [True, False], ids=["both", "neither"])
def test_paths_or_a_file_of_sources_are_needed(logs: Path, tmp_path: Path, both: bool) -> None:
    given = [logs, "--sources", tmp_path / "s.toml"] if both else []
    code, _, errors = run("build", *given, "--out", tmp_path / "out")
    assert code == 2
    assert "give folders of logs, or --sources FILE" in errors.replace("\n", " ")


def test_build_ends_with_the_next_command(logs: Path, tmp_path: Path) -> None:
    code, _, errors = run("build", logs, "--out", tmp_path / "my corpus")
    assert code == 0
    last = errors.splitlines()[-1]
    assert last.startswith(f"the corpus is in {tmp_path / 'my corpus'}; ")
    assert shlex.split(last.split("`")[1])[:4] == ["loglm", "pretrain", "--corpus", str(tmp_path / "my corpus")]
