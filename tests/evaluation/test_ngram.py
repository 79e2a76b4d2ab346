"""The 5-gram baseline: chances that sum to 1, follow Kneser and Ney, and stay within a sequence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError
from loglm.evaluation.ngram import NgramModel

CLS, SEP, VOCAB = 2, 3, 12
ROWS = st.lists(st.lists(st.integers(5, VOCAB - 1), max_size=8).map(lambda row: [CLS, *row, SEP]), min_size=1)


def shard(rows: list[list[int]]) -> TokenShard:
    return TokenShard.from_sequences(rows, [0] * len(rows), ("made",))


def fit(rows: list[list[int]], order: int = 5) -> NgramModel:
    return NgramModel.fit(shard(rows), vocab_size=VOCAB, order=order)


@given(ROWS, st.lists(st.integers(0, VOCAB - 1), max_size=6), st.integers(2, 5))
def test_chances_sum_to_one_and_none_is_zero(rows: list[list[int]], history: list[int], order: int) -> None:
    chances = fit(rows, order).distribution(history)
    assert chances.sum() == pytest.approx(1)
    assert chances.min() > 0


def test_bigram_is_the_one_computed_by_hand() -> None:
    # a a, a b, a b after [CLS]: bigrams CLS-a 3, a-a 1, a-b 2, a-SEP 1, b-SEP 2
    a, b = 5, 6
    model = fit([[CLS, a, a, SEP], [CLS, a, b, SEP], [CLS, a, b, SEP]], order=2)
    discount2 = 2 / (2 + 2 * 2)  # two bigrams once, two twice
    # Different tokens before a: CLS and a; before b: a; before SEP: a and b. One token has 1, two have 2.
    discount1 = 1 / (1 + 2 * 2)
    unigram_b = (1 - discount1) / 5 + discount1 * 3 / 5 / VOCAB
    expected = (2 - discount2) / 4 + discount2 * 3 / 4 * unigram_b
    assert model.distribution([CLS, a])[b] == pytest.approx(expected)


def test_a_repeated_sequence_is_learned_by_heart() -> None:
    row = [CLS, 5, 6, 7, 8, 9, 10, SEP]
    model = fit([row] * 20 + [[CLS, 6, 5, SEP], [CLS, 9, 9, SEP]])
    assert [int(model.distribution(row[:n]).argmax()) for n in range(1, len(row))] == row[1:]


def test_nothing_is_learned_across_sequences() -> None:
    model = fit([[CLS, 5, SEP], [CLS, 6, SEP]] * 5)
    assert model.distribution([CLS]).argsort()[-2:].tolist() in ([5, 6], [6, 5])
    assert np.ptp(model.distribution([CLS, 5, SEP])[[5, 6]]) == pytest.approx(0)


def test_a_history_that_starts_late_is_no_start_of_a_sequence() -> None:
    model = fit([[CLS, 5, 6, SEP]] * 5 + [[CLS, 7, 5, 8, SEP]] * 5)
    assert model.distribution([CLS, 5]).argmax() == 6
    both = model.distribution([5])
    assert both[6] == pytest.approx(both[8])


def test_no_sequence_is_refused() -> None:
    with pytest.raises(EmptyInputError):
        fit([])
