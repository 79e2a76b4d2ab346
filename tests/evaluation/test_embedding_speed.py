"""Speeds: what is counted, in which turns, and beside what."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from loglm.evaluation.embedders import Embedder, tfidf
from loglm.evaluation.embedding_speed import speed_scores, time_turns

TEXTS = [f"linux/sshd sshd Failed password for user{number}" for number in range(60)]


def silent(_: str) -> None:
    pass


def test_no_text_is_asked_twice_and_the_first_round_does_not_count() -> None:
    asked: list[str] = []

    def embed(texts: Sequence[str]) -> None:
        asked.extend(texts)

    turns = time_turns({"m": embed}, TEXTS, rounds=3, most=10)
    assert len(asked) == len(set(asked)) == 40
    assert [texts for texts, _ in turns] == [asked[10:20], asked[20:30], asked[30:]]


def test_speeds_stand_beside_tfidf() -> None:
    slow = Embedder("slow", lambda texts: tfidf().fit(texts * 50))
    raw = Embedder("raw", slow.fit, reads_raw=True)
    scores = list(speed_scores([slow, raw], TEXTS, count_tokens=len, say=silent, most=10))
    assert [score.model for score in scores] == ["TF-IDF"] * 4 + ["slow"] * 4
    ratios = [score.value.mean for score in scores if score.metric == "CPU, TF-IDF = 1"]
    assert ratios[0] == 1
    per_event = {score.metric: score.value.mean for score in scores if score.model == "slow"}
    assert per_event["tokens/min"] / per_event["events/s"] == pytest.approx(60)


def test_a_model_that_keeps_vectors_is_faster_with_texts_that_it_knows() -> None:
    def fit(_: Sequence[str]) -> Callable[[Sequence[str]], np.ndarray]:
        known: set[str] = set()

        def embed(texts: Sequence[str]) -> np.ndarray:
            if not known.issuperset(texts):
                time.sleep(0.02)
            known.update(texts)
            return np.ones((len(texts), 1), np.float32)

        return embed

    scores = list(speed_scores([Embedder("keeps", fit)], TEXTS, count_tokens=None, say=silent, most=10))
    rates = {score.metric: score.value.mean for score in scores if score.model == "keeps"}
    assert rates["events/s, known"] > 2 * rates["events/s"]


def test_without_a_tokenizer_there_are_no_tokens() -> None:
    scores = speed_scores([], TEXTS, count_tokens=None, say=silent, most=10)
    assert [score.metric for score in scores] == ["events/s", "events/s, known", "CPU, TF-IDF = 1"]
