"""Texts of any length have a vector, in pieces where they are long, with what was not read said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from cli.tiny_model import write_tiny_model
from loglm.artifacts.config import StaticConfig
from loglm.runtime.encoder import LogEncoder
from loglm.runtime.long_texts import MOST_TOKENS, text_vectors
from loglm.runtime.static_vectors import StaticVectors
from loglm.tokenizer.bpe import SPECIAL_TOKENS, load_tokenizer

MAX_TOKENS = 64
CLS, SEP = SPECIAL_TOKENS.index("[CLS]"), SPECIAL_TOKENS.index("[SEP]")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def tokenizer(model: Path) -> Tokenizer:
    return load_tokenizer(model / "tokenizer.json")


class Reader:
    """Token vectors summed up, and the token sequences that came."""

    def __init__(self, vocab_size: int) -> None:
        table = np.random.default_rng(0).normal(size=(vocab_size, 8))
        self._vectors = StaticVectors(table, StaticConfig(width=8, vocab_size=vocab_size, max_tokens=MAX_TOKENS))
        self.rows: list[Sequence[int]] = []

    def __call__(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        self.rows += rows
        return self._vectors(rows)


@pytest.fixture
def reader(tokenizer: Tokenizer) -> Reader:
    return Reader(tokenizer.get_vocab_size())


def signs(tokens: int) -> str:
    """Text of so many tokens: signs are never joined."""
    return "".join("!" if index % 7 else "%" for index in range(tokens))


@pytest.mark.parametrize("tokens", [1, 61, 62])
def test_text_that_fits_is_read_at_once(tokens: int, tokenizer: Tokenizer, reader: Reader) -> None:
    [found] = text_vectors([signs(tokens)], tokenizer, reader, max_tokens=MAX_TOKENS)
    assert reader.rows == [tokenizer.encode(signs(tokens)).ids]
    assert (found.in_pieces, found.is_cut) == (False, False)


@pytest.mark.parametrize("tokens", [63, 92, 93, 1_000])
def test_longer_text_is_covered_by_overlapping_pieces(tokens: int, tokenizer: Tokenizer, reader: Reader) -> None:
    [found] = text_vectors([signs(tokens)], tokenizer, reader, max_tokens=MAX_TOKENS)
    ids = tokenizer.encode(signs(tokens), add_special_tokens=False).ids
    assert [(row[0], row[-1]) for row in reader.rows] == [(CLS, SEP)] * len(reader.rows)
    pieces = [list(row[1:-1]) for row in reader.rows]
    assert all(len(piece) == MAX_TOKENS - 2 for piece in pieces[:-1])
    assert pieces[0] + [token for piece in pieces[1:] for token in piece[31:]] == ids
    assert (found.in_pieces, found.is_cut) == (True, False)


def test_vector_is_the_mean_of_its_pieces_weighed_by_tokens(tokenizer: Tokenizer, reader: Reader) -> None:
    [found] = text_vectors([signs(80)], tokenizer, reader, max_tokens=MAX_TOKENS)
    first, second = reader(reader.rows[:2])
    mean = 62 * first + (80 - 31) * second
    np.testing.assert_allclose(found.vector, mean / np.linalg.norm(mean), atol=1e-6)
    assert found.vector.dtype == np.float32


def test_end_of_an_enormous_text_is_not_read_and_that_is_said(tokenizer: Tokenizer, reader: Reader) -> None:
    at_limit, over, far_over = signs(MOST_TOKENS), signs(MOST_TOKENS + 1), signs(1_000_000)
    found = text_vectors([far_over, at_limit, over], tokenizer, reader, max_tokens=MAX_TOKENS)
    assert [one.is_cut for one in found] == [True, False, True]
    assert len(reader.rows) < 3 * MOST_TOKENS / 30
    np.testing.assert_array_equal(found[0].vector, found[1].vector)


def test_texts_of_mixed_length_keep_their_places(tokenizer: Tokenizer, reader: Reader) -> None:
    texts = [signs(length) for length in (900_000, 3, 400, 20_000, 5)]
    together = text_vectors(texts, tokenizer, reader, max_tokens=MAX_TOKENS)
    alone = [text_vectors([text], tokenizer, reader, max_tokens=MAX_TOKENS)[0] for text in texts]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-6)


def test_what_stands_behind_the_first_piece_counts(model: Path) -> None:
    encoder = LogEncoder.from_pretrained(model)
    start = "Failed password " * 100
    short, with_root, with_user = encoder.embed_texts([start[:160], start + "root " * 100, start + "user " * 100])
    assert not np.allclose(with_root, with_user)
    np.testing.assert_allclose(np.linalg.norm([short, with_root, with_user], axis=1), 1, atol=1e-5)


def test_long_texts_are_counted_each_time_they_come(model: Path) -> None:
    encoder = LogEncoder.from_pretrained(model)
    texts = ["short", signs(200), signs(200), signs(MOST_TOKENS + 1)]
    first = encoder.embed_texts(texts)
    np.testing.assert_array_equal(encoder.embed_texts(texts), first)
    assert (encoder.in_pieces, encoder.cut, encoder.misses, encoder.hits) == (6, 2, 3, 5)
