"""`loglm evaluate intrinsic`: the table of a tiny corpus, and what cannot be measured."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loglm.artifacts.config import EncoderConfig
from loglm.artifacts.files import file_sha256
from loglm.cli.main import app
from loglm.corpus.folder import write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.tokenizer.bpe import train_tokenizer


def run(*arguments: object):
    return CliRunner().invoke(app, ["evaluate", "intrinsic", *map(str, arguments)])


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    users = ("root", "admin", "backup", "alice")
    texts = [f"linux/sshd sshd\nFailed password for {user} number {n}" for user in users for n in range(20)]
    tokenizer = train_tokenizer(texts, vocab_size=640)
    tokenizer.save(str(folder / "tokenizer.json"))
    for split, part in (("train", texts[::2]), ("idts", texts[1::2])):
        rows = [tokenizer.encode(text).ids for text in part]
        TokenShard.from_sequences(rows, [0] * len(rows), ("sshd",)).save(folder / f"{split}.npz")
    shards = {"train": ["train.npz"], "idts": ["idts.npz"]}
    write_corpus_json(folder, shards, vocab_size=tokenizer.get_vocab_size(), about={})
    return folder


@pytest.fixture
def run_dir(corpus: Path, tmp_path: Path) -> Path:
    torch = pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("transformers", reason="needs the train extra")
    from loglm.training.hidden_tokens import untrained_encoder

    folder = tmp_path / "nano"
    folder.mkdir()
    vocab_size = json.loads((corpus / "corpus.json").read_text())["tokenizer"]["vocab_size"]
    config = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=vocab_size, max_tokens=32)
    identity = {"encoder": config.to_json(), "tokenizer": file_sha256(corpus / "tokenizer.json")}
    weights = untrained_encoder(config, 7).state_dict()
    torch.save({"identity": identity, "model": weights}, folder / "masked.checkpoint.pt")
    (folder / "tokenizer.json").write_bytes((corpus / "tokenizer.json").read_bytes())
    return folder


def test_all_models_are_measured_on_the_same_tokens(corpus: Path, run_dir: Path, auth_log: Path) -> None:
    result = run("--corpus", corpus, "--run", run_dir, auth_log, "--mask-share", 0.3, "--json")
    assert result.exit_code == 0, result.stderr
    rows = json.loads(result.stdout)
    models = ["5-gram", "5-gram, hidden unseen", "untrained, 16 x 1", "nano masked"]
    assert [(row["data"], row["model"]) for row in rows] == [(data, m) for data in ("idts", "data") for m in models]
    for data in ("idts", "data"):
        assert len({row["hidden_tokens"] for row in rows if row["data"] == data}) == 1
    perplexity = {row["model"]: row["perplexity"]["mean"] for row in rows if row["data"] == "idts"}
    assert perplexity["5-gram"] < perplexity["5-gram, hidden unseen"] < perplexity["untrained, 16 x 1"]


def test_table_and_csv_need_no_torch_without_runs(corpus: Path, tmp_path: Path) -> None:
    result = run("--corpus", corpus, "--csv", tmp_path / "scores.csv")
    assert result.exit_code == 0, result.stderr
    assert "bits per byte" in result.stdout
    with (tmp_path / "scores.csv").open() as file:
        (row, _) = csv.DictReader(file)
    assert "already there" in run("--corpus", corpus, "--csv", tmp_path / "scores.csv").stderr
    assert float(row["bits_per_byte_low"]) <= float(row["bits_per_byte"]) <= float(row["bits_per_byte_high"])


def test_without_a_corpus_runs_are_measured_on_logs(run_dir: Path, auth_log: Path) -> None:
    result = run("--run", run_dir, auth_log, "--mask-share", 0.5, "--json")
    assert result.exit_code == 0, result.stderr
    assert [row["model"] for row in json.loads(result.stdout)] == ["untrained, 16 x 1", "nano masked"]
    assert "5-gram: not measured" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "nothing to measure"),
        (["--run", "nano"], "nothing to measure on"),
        (["--run", "nano", "empty.log"], "no event was read"),
        (["--corpus", "nano"], "no corpus here"),
    ],
    ids=["nothing", "no-data", "empty", "no-corpus"],
)
def test_what_cannot_be_measured_is_refused(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], reason: str
) -> None:
    monkeypatch.chdir(run_dir.parent)
    Path("empty.log").touch()
    result = run(*arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


def test_run_of_another_tokenizer_is_refused(corpus: Path, run_dir: Path, auth_log: Path) -> None:
    (run_dir / "tokenizer.json").write_text(train_tokenizer(["other words"], vocab_size=640).to_str())
    result = run("--run", run_dir, auth_log)
    assert result.exit_code == 2
    assert "another tokenizer" in result.stderr
