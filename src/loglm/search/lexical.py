"""Ranking by words: BM25 over the rendered texts, by SQLite's full-text search."""

from __future__ import annotations

import re
import sqlite3
from itertools import islice

import numpy as np

__all__ = ["WORDS_TABLE", "add_words", "by_words", "words_of"]

WORDS_TABLE = "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='unicode61')"
"""Words by text id; the texts themselves stand in another table."""

_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 64
"""Of a query; a longer one says nothing more and costs more."""


def add_words(connection: sqlite3.Connection, texts: dict[int, str]) -> None:
    """Make texts, by id, findable by their words."""
    connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", texts.items())


def words_of(text: str) -> list[str]:
    """The distinct words of a text in lower case, in order."""
    return list(dict.fromkeys(_WORD.findall(text.lower())))


def by_words(connection: sqlite3.Connection, words: list[str], most: int, among: np.ndarray | None = None) -> list[int]:
    """Ids of the texts that share words with the query, best first by BM25 (Robertson and Zaragoza 2009).

    Args:
        connection: An open index.
        words: As from `words_of`, which leaves nothing that the query language could take for its own.
        most: How many texts at most.
        among: bool (n,): for text id ``i`` at ``i - 1``, whether it may be chosen; all for None.
    """
    telling = _telling(connection, words[:_MOST_WORDS])
    if not telling:
        return []
    query = " OR ".join(f'"{word}"' for word in telling)
    found = connection.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rank, rowid", (query,))
    return list(islice((row for (row,) in found if among is None or among[row - 1]), most))


def _telling(connection: sqlite3.Connection, words: list[str]) -> list[str]:
    """The words that half of the texts or fewer hold; all words where there are none.

    FTS5 gives the others a weight of 1e-6 (its ``bm25()`` has no negative weights), but reads all their texts for it.
    """
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, words, 'row')")
    (texts,) = connection.execute("SELECT COUNT(*) FROM words_docsize").fetchone()
    found = {word: _texts_with(connection, word) for word in words}
    return [word for word in words if 0 < 2 * found[word] <= texts] or words


def _texts_with(connection: sqlite3.Connection, word: str) -> int:
    row = connection.execute("SELECT doc FROM temp.vocabulary WHERE term = ?", (word,)).fetchone()
    return row[0] if row else 0
