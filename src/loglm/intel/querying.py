"""Questions to an intel index: the passages that answer best, and the techniques that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.attack import technique
from loglm.errors import InputError
from loglm.intel.passages import Kind, Passage
from loglm.intel.questions import Question
from loglm.intel.ranking import Ranker
from loglm.intel.store import damaged, open_for_reading, read_terms

__all__ = ["IntelIndex", "Match", "TechniqueFit"]

_DEPTH = 200
_SAME = 0.8
"""Cosine from which a passage says what a better one has said."""


@dataclass(frozen=True, slots=True)
class Match:
    """A passage that answers a question."""

    score: float
    """Above 0, higher is better; it orders the answers of one question and is no probability."""
    passage: Passage


@dataclass(frozen=True, slots=True)
class TechniqueFit:
    """A technique that a question may be about."""

    technique_id: str
    name: str
    score: float
    """Above 0, higher fits better; it orders the techniques of one question and is no probability."""


class IntelIndex:
    """The passages of an index, held in memory, as they were when it was opened."""

    def __init__(self, folder: Path | str) -> None:
        """Open an index that `loglm.intel.building.add_texts` made.

        Raises:
            InputError: There is none, it is damaged or of another format.
        """
        folder = Path(folder)
        with open_for_reading(folder) as connection:
            rows = connection.execute(
                "SELECT text, title, path, place, kind, techniques FROM passages "
                "JOIN documents ON documents.id = document ORDER BY passages.id"
            ).fetchall()
            try:
                self._passages = [_passage(row) for row in rows]
            except ValueError as error:
                raise damaged(folder, error) from error
            terms = read_terms(connection, folder, len(rows))
        kinds = [passage.kind for passage in self._passages]
        self._ranker = Ranker(terms, kinds, [passage.techniques for passage in self._passages])

    def __len__(self) -> int:
        """Passages."""
        return len(self._passages)

    def can_answer(self, question: Question) -> bool:
        """Whether a technique or a word of the question is known here."""
        return bool(question.techniques) or self._ranker.knows(question.text)

    def techniques(self, question: Question, *, limit: int = 5) -> list[TechniqueFit]:
        """The techniques that fit what is asked, by their texts in the index and by what is known of it, best first.

        There are none in an index of texts that name no technique.

        Raises:
            InputError: The question is empty.
        """
        self._check(question)
        scores = self._ranker.technique_scores(question.text, question.techniques)
        best = [row for row in np.argsort(-scores, kind="stable")[:limit] if scores[row] > 0]
        return [_fit(self._ranker.techniques[row], float(scores[row])) for row in best]

    def passages(self, question: Question, *, limit: int = 8) -> list[Match]:
        """The passages that answer best; of those that say the same, the best one.

        Raises:
            InputError: The question is empty, or no word of it stands in the index.
        """
        self._check(question)
        scores = self._ranker.passage_scores(question.text, question.techniques)
        best = [int(row) for row in np.argsort(-scores, kind="stable")[: max(_DEPTH, 4 * limit)] if scores[row] > 0]
        return [Match(float(scores[row]), self._passages[row]) for row in self._varied(best, limit)]

    def _varied(self, rows: Sequence[int], limit: int) -> list[int]:
        """The first rows, without those that are nearly the same as one before."""
        if not rows:
            return []
        alike = self._ranker.similarity(rows)
        chosen: list[int] = []
        for place in range(len(rows)):
            if len(chosen) == limit:
                break
            if not chosen or alike[place, chosen].max() < _SAME:
                chosen.append(place)
        return [rows[place] for place in chosen]

    def _check(self, question: Question) -> None:
        text = question.text.strip()
        if not text and not question.techniques:
            raise InputError("the question is empty; give some words, a log line, FILE:LINE, or --findings FILE")
        if not self.can_answer(question):
            raise InputError(
                f"no word of {text[:80]!r} stands in any text of the index, so nothing can be found; ask with other "
                "words, or index texts that have them"
            )


def _passage(row: Sequence[str]) -> Passage:
    text, title, path, place, kind, techniques = row
    return Passage(text, title, path, place, Kind(kind), tuple(techniques.split()))


def _fit(technique_id: str, score: float) -> TechniqueFit:
    found = technique(technique_id)
    return TechniqueFit(technique_id, found.name if found else "", score)
