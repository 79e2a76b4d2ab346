"""`loglm distill` and `loglm evaluate distilled`: from a model to smaller ones, and to a table beside their teacher."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from labelled_logs import write_system
from loglm.cli.main import app
from loglm.corpus.folder import TOKENIZER_JSON, write_corpus_json
from loglm.corpus.shards import TokenShard
from loglm.tokenizer.bpe import load_tokenizer

WORDS = ("disk", "cache", "queue", "index", "bridge", "relay", "parser", "worker", "socket", "timer")


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def corpus(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """In the tokens of the tiny model."""
    folder = tmp_path_factory.mktemp("corpus")
    shutil.copyfile(tiny_model / TOKENIZER_JSON, folder / TOKENIZER_JSON)
    tokenizer = load_tokenizer(folder / TOKENIZER_JSON)
    rows = [tokenizer.encode(f"linux/sshd sshd\n{first} lost the {second}").ids for first in WORDS for second in WORDS]
    TokenShard.from_sequences(rows, [0] * len(rows), ("made",)).save(folder / "train.npz")
    write_corpus_json(folder, {"train": ["train.npz"]}, vocab_size=tokenizer.get_vocab_size(), about={"sources": []})
    return folder


@pytest.fixture(scope="module")
def static_model(corpus: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("models") / "static"
    result = run("distill", "static", "--corpus", corpus, "--teacher", tiny_model, "--out", target, "--width", 8)
    assert result.exit_code == 0, result.stderr
    assert "434 token vectors of 8 numbers" in result.stdout
    return target


def test_embed_takes_token_vectors_as_any_model(static_model: Path, auth_log: Path, tmp_path: Path) -> None:
    target = tmp_path / "vectors.npy"
    assert run("embed", auth_log, "--model", static_model, "-o", target).exit_code == 0
    vectors = np.load(target)
    assert vectors.shape == (3, 8)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1, 1], abs=1e-5)


def test_model_check_says_what_it_is(static_model: Path) -> None:
    assert "static token vectors, vectors of 8 numbers, 64 tokens at once" in run("model", "check", static_model).stdout


def test_table_holds_teacher_students_and_words(static_model: Path, tiny_model: Path, tmp_path: Path) -> None:
    messages = [(f"E{number}", f"{first} lost the {second}") for number, first in enumerate(WORDS) for second in WORDS]
    write_system(tmp_path, "Alpha", messages)
    arguments = ("evaluate", "distilled", "--data", tmp_path, "--teacher", tiny_model, "--model", static_model)
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    teacher, student, words = json.loads(result.stdout)
    assert [row["model"] for row in (teacher, student, words)] == ["tiny", "static", "TF-IDF"]
    assert teacher["cosine"] == pytest.approx(1)
    assert 0.5 < student["cosine"] < 1
    assert words["cosine"] is None
    table = run(*arguments)
    assert "100 texts of 10 templates" in table.stdout
    assert "neighbours kept" in table.stdout


def test_encoder_is_distilled_into_a_run_folder(tmp_path: Path, corpus: Path, tiny_model: Path) -> None:
    options = ("--layers", 1, "--steps", 1, "--batch-tokens", 256, "--threads", 1, "--quiet")
    result = run("distill", "encoder", "--corpus", corpus, "--teacher", tiny_model, "--out", tmp_path / "run", *options)
    assert result.exit_code == 2
    assert "vectors of 384 numbers cannot be learned from a teacher of 16" in result.stderr
