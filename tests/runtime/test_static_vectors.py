"""Static token vectors: what they compute, that nothing but numpy does it, and what is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from cli.tiny_model import write_tiny_model
from loglm.artifacts.config import StaticConfig
from loglm.artifacts.folder import write_model_dir
from loglm.errors import ModelError
from loglm.runtime.encoder import LogEncoder
from loglm.runtime.static_vectors import StaticVectors
from loglm.tokenizer.bpe import load_tokenizer

LINES = ["Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2", "{}", ""]
SHAPE = StaticConfig(width=8, vocab_size=434, max_tokens=16)
"""434 tokens are in the tokenizer of the tiny model."""


@pytest.fixture
def table() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(SHAPE.vocab_size, SHAPE.width)).astype(np.float16)


@pytest.fixture
def folder(tmp_path: Path, table: np.ndarray) -> Path:
    """A model folder with the tokenizer of the tiny model."""
    tokenizer = write_tiny_model(tmp_path / "tiny") / "tokenizer.json"

    def fill(target: Path) -> None:
        (target / "tokenizer.json").write_bytes(tokenizer.read_bytes())
        (target / "config.json").write_text(json.dumps({"static": SHAPE.to_json()}))
        StaticVectors(table, SHAPE).save(target)

    return write_model_dir(tmp_path / "static", fill, about={"name": "static"})


def test_vectors_are_sums_of_token_vectors_of_unit_length(folder: Path, table: np.ndarray) -> None:
    tokenizer = load_tokenizer(folder / "tokenizer.json")
    texts = ["linux/sshd sshd\nFailed password for <user> from <ip4:public>", ""]
    sums = [table[tokenizer.encode(text).ids].astype(np.float64) for text in texts]
    expected = [rows.sum(axis=0) / np.linalg.norm(rows.sum(axis=0)) for rows in sums]
    np.testing.assert_allclose(LogEncoder.from_pretrained(folder).embed_texts(texts), expected, atol=1e-5)


def test_embedding_loads_neither_onnxruntime_nor_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("onnxruntime", "torch"):
        monkeypatch.setitem(sys.modules, name, None)
    assert LogEncoder.from_pretrained(folder).embed(LINES).shape == (3, 8)


def test_vectors_do_not_depend_on_what_stands_beside(table: np.ndarray) -> None:
    rows = [list(range(1, 2 + length)) for length in (3, 1, 9, 4, 30, 2)]
    vectors = StaticVectors(table, SHAPE)
    np.testing.assert_array_equal(vectors(rows), np.concatenate([vectors([row]) for row in rows]))
    assert vectors([]).shape == (0, 8)


def test_saved_vectors_are_read_back(table: np.ndarray, tmp_path: Path) -> None:
    vectors = StaticVectors(table, SHAPE)
    vectors.save(tmp_path)
    np.testing.assert_array_equal(StaticVectors.load(tmp_path, SHAPE)([[5, 6]]), vectors([[5, 6]]))


def with_table(folder: Path, values: np.ndarray) -> None:
    np.savez(folder / "vectors.npz", vectors=values)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: None, "no table of token vectors"),
        (lambda folder: (folder / "vectors.npz").write_bytes(b"half a file"), "no table of token vectors"),
        (lambda folder: with_table(folder, np.zeros((3, 8))), r"shape \(3, 8\), but config.json says 434 vectors of 8"),
        (lambda folder: with_table(folder, np.full((434, 8), np.nan)), "distil the model again"),
        (lambda folder: with_table(folder, np.array([{}])), "no table of token vectors"),
    ],
    ids=["missing", "broken", "other-shape", "not-finite", "objects"],
)
def test_unusable_table_is_refused(tmp_path: Path, damage, reason: str) -> None:
    damage(tmp_path)
    with pytest.raises(ModelError, match=reason):
        StaticVectors.load(tmp_path, SHAPE)


def test_table_for_another_vocabulary_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"static": SHAPE.to_json() | {"vocab_size": 5}}))
    with pytest.raises(ModelError, match="5 token vectors for a tokenizer of 434 tokens"):
        LogEncoder.load(folder)


def test_unknown_configuration_is_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"static": {"width": 8}}))
    with pytest.raises(ModelError, match="does not fit this version"):
        LogEncoder.load(folder)
