"""What every detector of the benchmark has to do, and what single ones see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hashed_words import hashed_words
from loglm.anomaly.event_sequences import EventSequences
from loglm.errors import InputError
from loglm.evaluation.anomaly.detectors.context import ContextSurprise
from loglm.evaluation.anomaly.detectors.detector import DetectorKind
from loglm.evaluation.anomaly.detectors.registry import choose_detectors, detector_kinds
from loglm.evaluation.anomaly.detectors.simple import MarkovChain, NearestCounts, UnseenEvents

KINDS = detector_kinds(hashed_words)
TEXTS = ("session opened", "command run", "session closed", "write failed", "disk gone")


def sequences(*rows: list[int]) -> EventSequences:
    return EventSequences(TEXTS, [np.asarray(row, np.int32) for row in rows])


NORMAL = sequences(*([0, *[1] * (1 + i % 4), 2] for i in range(60)))
BAD = sequences(*([0, 3, *[1] * (i % 3)] for i in range(20)))
LABELLED = EventSequences(TEXTS, [*NORMAL.rows, *BAD.rows])
LABELS = np.asarray([False] * len(NORMAL) + [True] * len(BAD))


def fit(kind: DetectorKind, seed: int = 0):
    detector = kind.make(seed)
    if kind.task == "normal only":
        detector.fit(NORMAL)
    else:
        detector.fit(LABELLED, LABELS)
    return detector


SEES_UNSEEN = [kind for kind in KINDS if kind.name != "isolation-forest"]


@pytest.mark.parametrize("kind", SEES_UNSEEN, ids=lambda kind: kind.name)
def test_anomalies_score_higher_than_normal_ones(kind: DetectorKind) -> None:
    scores = fit(kind).score(sequences([0, 1, 1, 2], [0, 1, 2], [0, 3, 1], [0, 3, 3, 1]))
    assert scores.shape == (4,)
    assert max(scores[:2]) < min(scores[2:])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_scores_depend_on_the_seed_alone_and_take_unknown_texts(kind: DetectorKind) -> None:
    asked = EventSequences((*TEXTS, "never met"), [np.asarray([5, 5]), np.asarray([0, 4, 2]), np.asarray([], np.int64)])
    first, second = (fit(kind, 7).score(asked) for _ in range(2))
    assert np.isfinite(first).all()
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("name", ["encoder-nn", "ngram-classifier"])
def test_behind_known_events_a_reworded_event_scores_as_the_known_one(name: str) -> None:
    plain, known = (fit(kind) for kind in choose_detectors(KINDS, [name, f"known+{name}"]))
    reworded = EventSequences((*TEXTS, "command now run"), [np.asarray([0, 5, 1, 2]), np.asarray([0, 3, 5])])
    same = sequences([0, 1, 1, 2], [0, 3, 1])
    assert known.score(reworded).tolist() == plain.score(same).tolist()
    assert plain.score(reworded).tolist() != plain.score(same).tolist()


def test_a_forest_sees_unusual_counts() -> None:
    (kind,) = choose_detectors(KINDS, ["isolation-forest"])
    usual, many = fit(kind).score(sequences([0, 1, 1, 2], [0] * 9 + [2] * 9))
    assert many > usual


def test_unseen_events_are_a_share() -> None:
    detector = UnseenEvents()
    detector.fit(NORMAL)
    assert detector.score(sequences([0, 3, 3, 2], [0, 1, 2])).tolist() == [0.5, 0]


def test_counts_do_not_see_order_and_a_markov_chain_does() -> None:
    for detector, sees in ((NearestCounts(), False), (MarkovChain(), True)):
        detector.fit(NORMAL)
        usual, turned = detector.score(sequences([0, 1, 1, 2], [2, 1, 1, 0]))
        assert (turned > usual) == sees


def test_bits_of_a_markov_chain() -> None:
    detector = MarkovChain()
    detector.fit(sequences([0, 1], [0, 1], [0, 2]))
    size = 3 + 2  # texts, an unknown one and the beginning
    expected = -np.log2([(3 + 1) / (3 + size), (2 + 1) / (3 + size)]).mean()
    assert detector.score(sequences([0, 1])) == pytest.approx(expected)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean 'markov-chain'"):
        choose_detectors(KINDS, ["markov"])
    assert [kind.name for kind in choose_detectors(KINDS, ["counts-lr", "counts-nn"])] == ["counts-nn", "counts-lr"]


def test_the_context_detector_scores_equal_sequences_once_and_tells_times_apart() -> None:
    detector = ContextSurprise(encoded=False)
    detector.fit(NORMAL)
    scored: list[int] = []
    bits = detector._bits
    detector._bits = lambda steps: (scored.append(len(steps)), bits(steps))[1]  # type: ignore[method-assign]
    asked = sequences([0, 1, 2], [0, 3], [0, 1, 2])
    scores = detector.score(asked)
    assert scored == [3, 2]
    assert scores[0] == scores[2] != scores[1]
    timed = replace(asked, times=[np.asarray([0.0, 1, 2]), np.asarray([0.0, 1]), np.asarray([0.0, 1, 900])])
    detector.score(timed)
    assert scored == [3, 2, 3, 2, 3]
