"""`loglm evaluate downstream`: its tables, files, and what it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from labelled_logs import write_logs
from loglm.cli.main import app
from loglm.corpus.folder import write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.evaluation.template_lines import read_template_lines
from loglm.tokenizer.bpe import load_tokenizer


def run(*arguments: object) -> Result:
    return CliRunner().invoke(
        app, ["evaluate", "downstream", "--no-sentence-encoder", "--seeds", "2", *map(str, arguments)]
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_logs(tmp_path_factory.mktemp("labelled"))


def test_a_model_stands_beside_its_baselines(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    result = run("--data", data, "--model", tiny_model, "--csv", tmp_path / "figures.csv")
    assert result.exit_code == 0, result.stderr
    assert "template search" in result.stdout
    assert "whether the models learned from them is not checked" in result.stdout
    with (tmp_path / "figures.csv").open() as file:
        rows = list(csv.DictReader(file))
    again = run("--data", data, "--model", tiny_model, "--csv", tmp_path / "figures.csv")
    assert again.exit_code == 2 and "figures.csv: already there; give another name, or --force" in again.stderr
    assert {"TF-IDF", "TF-IDF, raw lines", "tiny"} <= {row["model"] for row in rows}
    assert all(float(row["low"]) <= float(row["mean"]) <= float(row["high"]) for row in rows if row["metric"] == "MRR")


def test_untrained_encoders_have_one_row_for_all_seeds(data: Path, tiny_model: Path) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    pytest.importorskip("transformers", reason="needs the train extra")
    result = run("--data", data, "--model", tiny_model, "--json")
    assert result.exit_code == 0, result.stderr
    aucs = [s for s in json.loads(result.stdout) if (s["data"], s["metric"]) == ("all", "AUC")]
    assert [score["model"] for score in aucs].count("untrained, 16 x 1") == 1


def test_systems_that_were_learned_from_are_left_out(data: Path, tiny_model: Path, tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    tokenizer = load_tokenizer(tiny_model / "tokenizer.json")
    tokenizer.save(str(corpus / "tokenizer.json"))
    texts = {line.text for line in read_template_lines(data, per_system=50, seed=0)}
    rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(sorted(texts))]
    TokenShard.from_sequences(rows, [0] * len(rows), ("made",)).save(corpus / "train.npz")
    write_corpus_json(corpus, {"train": ["train.npz"]}, vocab_size=tokenizer.get_vocab_size(), about={})
    result = run("--data", data, "--model", tiny_model, "--corpus", corpus)
    assert result.exit_code == 2
    assert "Alpha: 100.0% of its texts are in the corpus, left out" in result.stderr
    assert "nothing is held out" in result.stderr


def test_a_folder_without_labelled_logs_is_refused(tmp_path: Path, tiny_model: Path) -> None:
    result = run("--data", tmp_path, "--model", tiny_model)
    assert result.exit_code == 2
    assert "no labelled log lines" in result.stderr


@pytest.mark.parametrize("content", [b"no table", None], ids=["broken", "absent"])
def test_a_table_that_cannot_be_read_is_refused(
    data: Path, tiny_model: Path, tmp_path: Path, content: bytes | None
) -> None:
    table = tmp_path / "windows.zst"
    if content is not None:
        table.write_bytes(content)
    result = run("--data", data, "--model", tiny_model, "--windows", table)
    assert result.exit_code == 2
    assert "no table of windows" in result.stderr
