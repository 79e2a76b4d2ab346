"""Ranking by words over the rendered texts of the example logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from loglm.search.lexical import by_words, words_of
from loglm.search.store import open_for_reading


@pytest.fixture
def ranked(shared_index: Path) -> Iterator:
    with closing(open_for_reading(shared_index, None)) as connection:
        texts = dict(connection.execute("SELECT id, text FROM texts"))

        def rank(query: str, most: int = 10, among: np.ndarray | None = None) -> list[str]:
            return [texts[number] for number in by_words(connection, words_of(query), most, among)]

        yield rank


def test_texts_with_all_words_come_first(ranked) -> None:
    assert all("Failed password for invalid" in text for text in ranked("failed PASSWORD for invalid", 5))


def test_rare_word_decides(ranked) -> None:
    assert "invalid" in ranked("linux sshd from invalid", 1)[0].lower()


def test_only_chosen_texts_are_ranked(ranked, shared_index: Path) -> None:
    everything = ranked("failed password", 100_000)
    with closing(open_for_reading(shared_index, None)) as connection:
        among = np.zeros(connection.execute("SELECT MAX(id) FROM texts").fetchone()[0], bool)
    assert len(everything) > 1
    assert ranked("failed password", 10, among) == []


def test_words_are_distinct_and_hold_no_syntax() -> None:
    assert words_of('Failed "failed" OR (x_y* NEAR) -z^2') == ["failed", "or", "x", "y", "near", "z", "2"]


def test_unknown_words_find_nothing(ranked) -> None:
    assert ranked("zyzzyva quux") == []
    assert ranked("") == []


def test_words_that_most_texts_hold_change_no_ranking(shared_index: Path) -> None:
    with closing(open_for_reading(shared_index, None)) as connection:
        for (text,) in connection.execute("SELECT text FROM texts WHERE id % 40 = 1").fetchall():
            words = words_of(text)[:64]
            scores = _bm25_of_all_words(connection, words)
            found = [scores[number] for number in by_words(connection, words, 10)]
            # FTS5's are negative: the best is the lowest
            assert found == pytest.approx(sorted(scores.values())[: len(found)], abs=1e-3)


def _bm25_of_all_words(connection: sqlite3.Connection, words: list[str]) -> dict[int, float]:
    query = " OR ".join(f'"{word}"' for word in words)
    return dict(connection.execute("SELECT rowid, bm25(words) FROM words WHERE words MATCH ?", (query,)))
