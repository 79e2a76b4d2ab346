"""BM25 ranks by shared rare words."""

from __future__ import annotations

import pytest

from loglm.evaluation.lexical_search import bm25, has_bm25


@pytest.mark.skipif(not has_bm25(), reason="needs the package bm25s")
def test_a_text_is_nearest_to_what_shares_its_rare_words() -> None:
    texts = ["session opened for root", "session opened for alice", "disk sda failed for root", "", "disk sdb failed"]
    scores = bm25(texts)
    assert scores is not None
    found = scores([texts[4], texts[0]])
    assert found.shape == (2, 5)
    assert found[0].argsort()[-2:].tolist() == [2, 4]
    assert found[1].argsort()[-2:].tolist() == [1, 0]


@pytest.mark.skipif(has_bm25(), reason="the package bm25s is there")
def test_no_scores_without_the_package() -> None:
    assert bm25(["a"]) is None
