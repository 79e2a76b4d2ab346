"""Passages of the technique that is asked about come first, with few words in common."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglm.evaluation.embedders import tfidf
from loglm.evaluation.technique_retrieval import TechniqueQueries, read_queries, retrieval_scores
from loglm.intel.passages import Kind
from loglm.intel.ranking import Ranker, Terms, count_all
from loglm.intel.words import stem

TEXTS = (
    "Adversaries dump credentials from the memory of lsass.",
    "Adversaries abuse the task scheduler.",
    "Mimikatz reads passwords out of lsass.",
    "It runs mimikatz on servers.",
    "It runs schtasks on servers.",
)
KINDS = (Kind.DEFINITION, Kind.DEFINITION, Kind.EXAMPLE, Kind.EXAMPLE, Kind.EXAMPLE)
LABELS = (("T1003.001",), ("T1053.005",), ("T1003.001",), ("T1003.001",), ("T1053.005",))


@pytest.fixture
def ranker() -> Ranker:
    return Ranker(count_all(TEXTS), KINDS, LABELS)


def test_a_word_of_examples_alone_leads_to_the_technique(ranker: Ranker) -> None:
    scores = dict(zip(ranker.techniques, ranker.technique_scores("mimikatz was seen"), strict=True))
    assert scores["T1003.001"] > 0.2
    assert scores["T1053.005"] == pytest.approx(0, abs=1e-6)


def test_passages_of_the_technique_come_first_without_words_in_common(ranker: Ranker) -> None:
    order = np.argsort(-ranker.passage_scores("mimikatz was seen"))
    assert order[0] == 3
    assert set(order[:3].tolist()) == {0, 2, 3}  # the description shares no word with the question


def test_what_is_known_beforehand_counts_for_sub_techniques(ranker: Ranker) -> None:
    assert np.argmax(ranker.technique_scores("on servers", {"T1053": 0.9})) == ranker.techniques.index("T1053.005")


def test_nothing_in_common_scores_nothing(ranker: Ranker) -> None:
    assert not ranker.passage_scores("zebra").any()
    assert not ranker.knows("zebra")


def test_prose_of_several_techniques_teaches_none() -> None:
    ranker = Ranker(count_all(["one thing", "other thing"]), [Kind.TEXT] * 2, [("T1059", "T1003"), ("T1012",)])
    scores = dict(zip(ranker.techniques, ranker.technique_scores("one"), strict=True))
    assert scores["T1059"] == scores["T1003"] == 0


def test_an_index_without_passages_or_techniques_ranks_nothing() -> None:
    assert Ranker(count_all([]), [], []).technique_scores("a").shape == (0,)
    assert Ranker(count_all(["a b"]), [Kind.TEXT], [()]).passage_scores("a")[0] > 0


def test_counts_are_of_stems() -> None:
    terms: Terms = count_all(["dumps dumped", "dumping"])
    assert terms.vocabulary == ("dump",)
    assert terms.counts.toarray().tolist() == [[2], [1]]
    assert stem("the") == "the"


def test_examples_help_by_far_on_attacks_own_texts(shared_data: Path) -> None:
    """Measured on 300 newest examples: .78 against .40; the bounds leave room for other versions of the texts."""
    asked: TechniqueQueries = read_queries(shared_data / "intel", most=300)
    found = {(s.model, s.data, s.metric): s.value.mean for s in retrieval_scores(asked, [tfidf(reads_raw=True)])}
    assert not set(asked.queries) & set(asked.examples)
    own = found["intel, with examples", "procedures", "MRR"]
    assert own > found["TF-IDF, raw lines", "procedures", "MRR"] + 0.1
    assert own > found["TF-IDF, raw lines, with examples", "procedures", "MRR"] - 0.02
    assert 0.4 < own < 0.95
