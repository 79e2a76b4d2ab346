"""SequenceDetector: what it finds, by which view, and what it does not mistake for an anomaly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from loglm.anomaly.event_sequences import EventSequences
from loglm.anomaly.sequence_detector import SequenceDetector
from loglm.errors import EmptyInputError

TEXTS = ("open file", "read file", "close file", "open the file", "kernel panic")
NORMAL = [[0, *[1] * (2 + i % 3), 2] for i in range(40)]


def sequences(rows: Sequence[Sequence[int]]) -> EventSequences:
    return EventSequences(TEXTS, [np.asarray(row, np.int32) for row in rows])


def embed(texts: Sequence[str]) -> np.ndarray:
    """A coordinate a word, so that a text with an article more is near the one without."""
    words = sorted({word for text in TEXTS for word in text.split()})
    vectors = np.asarray([[word in text.split() for word in words] for text in texts], np.float32)
    vectors[:, words.index("the")] *= 0.5
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_normal_sequences_score_low_and_broken_ones_high() -> None:
    detector = SequenceDetector().fit(sequences(NORMAL))
    usual, order, unknown, much = detector.score(sequences([[0, 1, 1, 2], [2, 1, 1, 0], [0, 4, 2], [0, 0, 0, 0, 2]]))
    assert usual < 4
    assert min(order, unknown, much) > 20


def test_views_say_why() -> None:
    detector = SequenceDetector(embed=embed).fit(sequences(NORMAL))
    views = detector.view_scores(sequences([[0, 1, 1, 2], [2, 1, 1, 0], [0, 4, 1, 2]]))
    assert set(views) == {"order", "transitions", "rarity", "content"}
    assert views["content"][1] < 1 < 20 < views["order"][1]  # the same events, in another order
    assert views["content"][2] > 10
    bits = detector.event_bits(sequences([[0, 4, 1, 2]]))[0]
    assert bits.argmax() == 1


def test_a_reworded_event_stays_the_same_event_with_an_encoder() -> None:
    usual, reworded = sequences([[0, 1, 1, 2]]), sequences([[3, 1, 1, 2]])
    plain, encoding = (SequenceDetector(embed=e).fit(sequences(NORMAL)) for e in (None, embed))
    assert plain.score(reworded) > plain.score(usual) + 10
    assert encoding.view_scores(reworded)["order"] == encoding.view_scores(usual)["order"]


def test_texts_count_and_not_their_numbers() -> None:
    detector = SequenceDetector().fit(sequences(NORMAL))
    renumbered = EventSequences(TEXTS[::-1], [np.asarray([4, 3, 3, 2])])
    assert detector.score(renumbered) == detector.score(sequences([[0, 1, 1, 2]]))


def test_words_are_the_content_without_an_encoder() -> None:
    detector = SequenceDetector().fit(sequences(NORMAL))
    reworded, other = detector.view_scores(sequences([[3, 1, 1, 2], [4, 1, 1, 2]]))["content"]
    assert reworded < other


def test_what_is_alike_in_the_worst_view_is_told_apart_by_the_others() -> None:
    detector = SequenceDetector().fit(sequences([[0]] * 40))
    reworded, other = sequences([[3]]), sequences([[4]])
    worst = [max(views[0] for views in detector.view_scores(asked).values()) for asked in (reworded, other)]
    assert worst[0] == worst[1]
    assert detector.score(reworded)[0] < detector.score(other)[0]


def test_scales_are_learned_from_the_last_quarter_and_equal_sequences_count_once() -> None:
    long = [0, *[1] * 30, 2]
    late = SequenceDetector().fit(sequences([*NORMAL, *[long] * 5]))
    early = SequenceDetector().fit(sequences([*[long] * 5, *NORMAL]))
    assert len(late.tails_["order"].ordered) == len(early.tails_["order"].ordered) + 1 == 4
    assert late.tails_["rarity"].ordered.max() > 0 == early.tails_["rarity"].ordered.max()


def test_an_empty_sequence_is_scored() -> None:
    assert np.isfinite(SequenceDetector(embed=embed).fit(sequences(NORMAL)).score(sequences([[]]))).all()


def test_too_few_sequences_are_refused() -> None:
    with pytest.raises(EmptyInputError, match="7 normal sequences to learn from; expected at least 8"):
        SequenceDetector().fit(sequences([*NORMAL[:7], []]))
