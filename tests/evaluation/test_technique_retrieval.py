"""Procedure examples find the technique that they show."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zstandard

from labelled_logs import PROCEDURES, write_intel
from loglm.attack.intel import PROCEDURES_FILE
from loglm.errors import EmptyInputError
from loglm.evaluation.embedders import Embedder, tfidf
from loglm.evaluation.technique_retrieval import UNNAMED, TechniqueQueries, read_queries, retrieval_scores


@pytest.fixture
def intel(tmp_path: Path) -> Path:
    return write_intel(tmp_path)


def values(asked: TechniqueQueries, model: Embedder) -> dict[tuple[str, str, str], float]:
    return {(s.model, s.data, s.metric): s.value.mean for s in retrieval_scores(asked, [model])}


def test_words_in_common_find_the_technique(intel: Path) -> None:
    asked = read_queries(intel, most=10)
    assert (len(asked.documents), len(asked.queries), int(asked.is_unnamed.sum())) == (3, 4, 3)
    found = values(asked, tfidf(reads_raw=True))
    assert found["TF-IDF, raw lines", "procedures", "recall@1"] == 1
    assert found["TF-IDF, raw lines", UNNAMED, "MRR"] == 1


def test_ranks_of_a_model_that_always_says_the_same(intel: Path) -> None:
    same = Embedder("same", lambda _: lambda texts: np.ones((len(texts), 2), np.float32))
    found = values(read_queries(intel, most=10), same)
    assert found["same", "procedures", "recall@1"] == 0.5  # of the first technique
    assert found["same", "procedures", "MRR"] == pytest.approx((1 + 1 + 1 / 2 + 1 / 3) / 4)


def test_the_newest_are_asked(intel: Path) -> None:
    assert read_queries(intel, most=2).queries == (PROCEDURES[0][1], PROCEDURES[1][1])


def test_nothing_to_ask_is_said(intel: Path) -> None:
    row = json.dumps({"technique": "T9999", "text": "x", "created": ""}).encode()
    (intel / PROCEDURES_FILE).write_bytes(zstandard.compress(row))
    with pytest.raises(EmptyInputError, match="no procedure example"):
        read_queries(intel, most=2)
