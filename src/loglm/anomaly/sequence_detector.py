"""Unusual sequences of events, told from normal ones alone: by order, by what occurs together, by content."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.mean_content import MeanContent
from loglm.anomaly.ngram_profiles import NearestProfile
from loglm.anomaly.same_meaning import SameMeaning
from loglm.anomaly.score_tail import ScoreTail
from loglm.anomaly.word_vectors import word_vectors
from loglm.context.ngrams import NgramCounts
from loglm.errors import EmptyInputError
from loglm.plurals import plural
from loglm.runtime.embed import Embed

__all__ = ["SequenceDetector", "largest_tenth"]

_ORDER = 5
_TOP_SHARE = 0.1
_HELD_OUT = 4
"""The last of so many parts of the learned sequences is held out, to learn how large scores are on normal ones."""
_LEAST = 8
_MOST_LEARNED = 20_000
_LEAST_EXCESS = {"order": 0.1, "transitions": 0.01, "rarity": 0.01, "content": 0.01}
"""Of scores on normal sequences, in their units, so that a score that hardly varies does not decide everything."""
_TIES = 0.001
"""What the mean of the views counts: it tells apart what is alike in the worst one."""


class SequenceDetector:
    """Scores sequences by the worst of four views:

    - ``order``: bits of the most surprising tenth of the events, by a Markov model of variable order;
    - ``transitions``: distance of the counts of 3-grams to those of the nearest normal sequence;
    - ``rarity``: the same with 1- to 3-grams weighed by how rare they are;
    - ``content``: distance of the mean event vector to that of the nearest normal sequence; of the encoder's vectors
      with ``embed``, without it of words weighed by inverse document frequency.

    Each is told in bits: how rare so high a score is among normal sequences that are new. That is learned from the last
    quarter of the normal sequences, equal ones once, by views of those before; then all are learned from.

    With ``embed``, an event whose text was never learned from is read as the known one that its vector is nearest to,
    if their cosine is .8 or more: a message that was reworded stays the same event. All others are one unknown event.

    Views and cosine were chosen on the validation parts of ten public data sets, the way of joining in the end on those
    of eight of them (docs/anomaly_benchmark.md). Memory grows with the distinct events, n-grams and sequences learned
    from, of which there are at most 20,000.

    Args:
        embed: What turns texts into vectors, such as `loglm.runtime.encoder.LogEncoder.embed_texts`; None for none.
    """

    def __init__(self, *, embed: Embed | None = None) -> None:
        self.embed = embed
        self.tails_: dict[str, ScoreTail] = {}
        """Of each view: its scores of normal sequences."""
        self._views: _Views | None = None

    def fit(self, sequences: EventSequences) -> SequenceDetector:
        """Learn from normal sequences, oldest first; of more than 20,000 so many, taken evenly.

        Raises:
            EmptyInputError: There are fewer than eight.
        """
        filled = np.flatnonzero([len(row) > 0 for row in sequences.rows])
        if len(filled) < _LEAST:
            raise EmptyInputError(
                f"{plural(len(filled), 'normal sequence')} to learn from; expected at least {_LEAST}. Give more logs "
                "of ordinary days, or group by something of which there is more, as a session or process"
            )
        if len(filled) > _MOST_LEARNED:
            filled = filled[np.linspace(0, len(filled) - 1, _MOST_LEARNED).astype(int)]
        first = len(filled) - len(filled) // _HELD_OUT
        held_out = {sequences.rows[place].tobytes(): place for place in filled[first:].tolist()}
        trial = _Views(sequences.take(filled[:first]), self.embed)
        scores = trial.score(sequences.take(np.asarray(list(held_out.values()))))
        self.tails_ = {view: ScoreTail.fit(own, least_excess=_LEAST_EXCESS[view]) for view, own in scores.items()}
        self._views = _Views(sequences.take(filled), self.embed)
        return self

    def score(self, sequences: EventSequences) -> np.ndarray:
        """float64 (n,), in bits: the largest of `view_scores`, and a thousandth of their mean, which decides between
        equal ones; higher is more anomalous. 10 bits: up to four of 1,000 distinct, new normal ones, one a view."""
        views = list(self.view_scores(sequences).values())
        scores: np.ndarray = np.max(views, axis=0) + _TIES * np.mean(views, axis=0)
        return scores

    def view_scores(self, sequences: EventSequences) -> dict[str, np.ndarray]:
        """Of each view, float64 (n,) in bits: says why a sequence is unusual. 10 bits: one of 1,000 distinct, new
        normal ones in that view."""
        scores = self._fitted().score(sequences)
        return {view: self.tails_[view].bits(score) for view, score in scores.items()}

    def event_bits(self, sequences: EventSequences) -> list[np.ndarray]:
        """Of each sequence, float64 (events,): how surprising each event is after those before it; the evidence."""
        return self._fitted().bits(sequences)

    def _fitted(self) -> _Views:
        if self._views is None:
            raise ValueError("call fit first")
        return self._views


class _Views:
    """The views, learned from some sequences."""

    def __init__(self, learned: EventSequences, embed: Embed | None) -> None:
        used = np.unique(learned.flat()[0])
        self._known = {learned.texts[place]: number for number, place in enumerate(used.tolist())}
        self._meaning = None if embed is None else SameMeaning(embed, list(self._known))
        self._content = MeanContent(embed or word_vectors(list(self._known)), learned)
        rows = self._encode(learned)
        self._order = _Order(rows, len(self._known))
        distinct = list({row.tobytes(): row for row in rows}.values())
        self._profiles = {
            "transitions": NearestProfile(shortest=3, longest=3, weighs_rarity=False).fit(distinct),
            "rarity": NearestProfile(shortest=1, longest=3, weighs_rarity=True).fit(distinct),
        }

    def score(self, sequences: EventSequences) -> dict[str, np.ndarray]:
        rows = self._encode(sequences)
        scores = {"order": np.asarray([largest_tenth(bits) for bits in self._order.bits(rows)], np.float64)}
        scores |= {name: profile.distances(rows) for name, profile in self._profiles.items()}
        scores["content"] = self._content.distances(sequences)
        return scores

    def bits(self, sequences: EventSequences) -> list[np.ndarray]:
        return self._order.bits(self._encode(sequences))

    def _encode(self, sequences: EventSequences) -> list[np.ndarray]:
        """Numbers of known texts, or of those with the same meaning; all others have the next one."""
        if self._meaning is not None:
            numbers = self._meaning.places(sequences)
        else:
            unknown = len(self._known)
            numbers = np.asarray([self._known.get(text, unknown) for text in sequences.texts], np.int64)
        return [numbers[row] for row in sequences.rows]


class _Order:
    """Bits of each event after those before it; the beginning of a sequence counts as an event of its own."""

    def __init__(self, rows: Sequence[np.ndarray], known: int) -> None:
        """Learn from sequences of numbers below ``known``, the number of all unknown events."""
        self._base = 1.0 / (known + 1)
        self._start = [known + 1] * _ORDER
        self._counts = NgramCounts(known + 2, orders=_ORDER)
        self._counts.learn(rows, [self._start] * len(rows))

    def bits(self, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self._counts.bits(rows, self._start, base=self._base)


def largest_tenth(bits: np.ndarray) -> float:
    """Mean of the largest tenth, of one value at least; 0 where there is none."""
    if not len(bits):
        return 0.0
    top = max(1, int(np.ceil(len(bits) * _TOP_SHARE)))
    return float(np.partition(bits, len(bits) - top)[len(bits) - top :].mean())
