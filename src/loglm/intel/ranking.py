"""Ranking by words and by what is known of techniques: the passages for a question, and the techniques it is about.

A passage is a vector of weighed words. A technique is the direction of all passages that its sources say are of it: its
description, and the examples of its use. A question's score for a passage is its cosine with the passage, and twice
its cosine with the technique of the passage, so that passages that share a technique with the question rank high
where they share few words. Nothing is fitted but sums. What is known of the
techniques from elsewhere, as from the ATT&CK head, adds to their cosines.

Source: TF-IDF (Salton and Buckley 1988), nearest centroid (Rocchio 1971). The weights were chosen on ATT&CK's procedure
examples of 2022, before those that `loglm evaluate suite --tasks retrieval` measures on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from loglm.intel.passages import Kind
from loglm.intel.words import count_terms

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["Ranker", "Terms", "count_all"]

_DEFINITION = 3.0
"""Weight of a technique's description beside that of one example."""
_NEIGHBOURS = 30
"""Nearest passages that speak for their techniques."""
_NEIGHBOUR_WEIGHT = 0.1
_TECHNIQUE_WEIGHT = 2.0
_KNOWN_WEIGHT = 1.5
"""What a technique that is known to be right adds to how well it fits."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How often which words stand in which passages."""

    vocabulary: tuple[str, ...]
    """K stems."""
    counts: csr_matrix
    """float32 (n, K)."""


def count_all(texts: Iterable[str]) -> Terms:
    """The words of some passages."""
    from scipy.sparse import csr_matrix

    column: dict[str, int] = {}
    indices: list[int] = []
    counts: list[int] = []
    ends = [0]
    for text in texts:
        found = count_terms(text)
        indices += [column.setdefault(term, len(column)) for term in found]
        counts += found.values()
        ends.append(len(indices))
    shape = len(ends) - 1, len(column)
    return Terms(tuple(column), csr_matrix((np.asarray(counts, np.float32), indices, ends), shape=shape))


class Ranker:
    """Passages and techniques, ready to be ranked."""

    def __init__(self, terms: Terms, kinds: Sequence[Kind], labels: Sequence[Sequence[str]]) -> None:
        """Weigh words and sum up techniques.

        Args:
            terms: Of n passages.
            kinds: Of each.
            labels: The techniques of each.
        """
        self._column = {term: column for column, term in enumerate(terms.vocabulary)}
        seen = np.bincount(terms.counts.indices, minlength=len(terms.vocabulary))
        self._idf = (np.log((1 + terms.counts.shape[0]) / (1 + seen)) + 1).astype(np.float32)
        self._passages = self._weighed(terms.counts)
        self.techniques = tuple(sorted({name for names in labels for name in names}))
        """Those that a passage is of, m of them."""
        self._about = _incidence(labels, self.techniques)
        taught = [names if _teaches(kind, names) else () for kind, names in zip(kinds, labels, strict=True)]
        self._taught = _incidence(taught, self.techniques)
        self._centroids = _unit_rows(self._scaled(kinds) @ self._passages)

    def knows(self, text: str) -> bool:
        """Whether a word of the text stands in any passage."""
        return any(term in self._column for term in count_terms(text))

    def technique_scores(self, text: str, known: Mapping[str, float] = MappingProxyType({})) -> np.ndarray:
        """How well each technique fits a text, float32 (m,): 0 for not at all, higher is better.

        Args:
            text: A question, or what was seen.
            known: Techniques to the probability in 0..1 that it is about them, from elsewhere; a technique counts for
                its sub-techniques too.
        """
        query = self._query(text)
        near = _strongest(self._passages @ query, _NEIGHBOURS) ** 2
        fit: np.ndarray = self._centroids @ query + _NEIGHBOUR_WEIGHT * (self._taught @ near)
        return fit + _KNOWN_WEIGHT * self._known(known)

    def passage_scores(self, text: str, known: Mapping[str, float] = MappingProxyType({})) -> np.ndarray:
        """How well each passage answers a text, float32 (n,); higher is better, 0 for nothing in common; arguments as
        for `technique_scores`."""
        fit = self.technique_scores(text, known)
        words = self._passages @ self._query(text)
        score: np.ndarray = words + _TECHNIQUE_WEIGHT * self._best_of_own(fit)
        return score

    def similarity(self, rows: Sequence[int]) -> np.ndarray:
        """Cosines of some passages with each other, float32 (k, k)."""
        chosen = self._passages[list(rows)]
        return np.asarray((chosen @ chosen.T).todense())

    def _known(self, known: Mapping[str, float]) -> np.ndarray:
        values = (max(known.get(name, 0.0), known.get(name.partition(".")[0], 0.0)) for name in self.techniques)
        return np.fromiter(values, np.float32, len(self.techniques))

    def _best_of_own(self, fit: np.ndarray) -> np.ndarray:
        """For each passage the best fit of its techniques; 0 for one without."""
        best = np.zeros(self._passages.shape[0], np.float32)
        columns = self._about.tocoo()
        np.maximum.at(best, columns.col, np.maximum(fit, 0)[columns.row])
        return best

    def _query(self, text: str) -> np.ndarray:
        found = {self._column[term]: count for term, count in count_terms(text).items() if term in self._column}
        query = np.zeros(len(self._column), np.float32)
        columns = list(found)
        query[columns] = (1 + np.log(list(found.values()))) * self._idf[columns] if columns else 0
        return query / max(float(np.linalg.norm(query)), 1e-9)

    def _weighed(self, counts: csr_matrix) -> csr_matrix:
        weighed = counts.copy()
        weighed.data = (1 + np.log(weighed.data)) * self._idf[weighed.indices]
        return _unit_rows(weighed)

    def _scaled(self, kinds: Sequence[Kind]) -> csr_matrix:
        """``_taught`` with the weights of its passages: those that define a technique share one."""
        is_definition = np.asarray([kind is Kind.DEFINITION for kind in kinds], np.float32)
        scaled = self._taught.copy()
        pieces = np.maximum(self._taught @ is_definition, 1)
        rows = np.repeat(np.arange(scaled.shape[0]), np.diff(scaled.indptr))
        scaled.data = np.where(is_definition[scaled.indices] > 0, _DEFINITION / pieces[rows], 1).astype(np.float32)
        return scaled


def _teaches(kind: Kind, names: Sequence[str]) -> bool:
    """Whether a passage says what its technique looks like: its source states that, or it names that one alone."""
    return kind is not Kind.TEXT or len(names) == 1


def _incidence(labels: Sequence[Sequence[str]], techniques: Sequence[str]) -> csr_matrix:
    """float32 (m, n): 1 where a passage is of a technique."""
    from scipy.sparse import csr_matrix

    number = {name: row for row, name in enumerate(techniques)}
    pairs = [(number[name], column) for column, names in enumerate(labels) for name in names]
    rows, columns = np.asarray(pairs, np.int64).reshape(-1, 2).T
    return csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(len(techniques), len(labels)))


def _unit_rows(rows: csr_matrix) -> csr_matrix:
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    rows = rows.tocsr().astype(np.float32)
    rows.data /= np.repeat(np.maximum(lengths, 1e-9), np.diff(rows.indptr)).astype(np.float32)
    return rows


def _strongest(scores: np.ndarray, most: int) -> np.ndarray:
    """The scores with all but the highest set to 0."""
    if len(scores) <= most:
        return scores
    least = np.partition(scores, -most)[-most]
    return np.where(scores >= least, scores, 0)
