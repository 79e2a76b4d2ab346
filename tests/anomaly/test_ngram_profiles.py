"""Counts of n-grams, and the distance to the nearest sequence learned from."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.ngram_profiles import NearestProfile, ngram_counts


def rows(*texts: str) -> list[np.ndarray]:
    return [np.asarray([ord(letter) for letter in text], np.int64) for text in texts]


@pytest.mark.parametrize(("shortest", "longest", "expected"), [(1, 1, 5), (3, 3, 3), (1, 3, 12), (7, 9, 0)])
def test_each_ngram_of_a_sequence_counts(shortest: int, longest: int, expected: int) -> None:
    counts = ngram_counts(rows("abcab"), shortest=shortest, longest=longest)
    assert counts.sum() == expected


def test_ngrams_do_not_reach_into_the_next_sequence() -> None:
    together = ngram_counts(rows("ab", "cd"), shortest=2, longest=2)
    assert (together[0] != ngram_counts(rows("ab"), shortest=2, longest=2)).nnz == 0
    assert together.sum() == 2


def test_order_counts_for_3_grams_and_not_for_single_events() -> None:
    learned, asked = rows("abcabc", "xyz"), rows("cbacba", "abcabc", "xyz")
    events = NearestProfile(shortest=1, longest=1, weighs_rarity=False).fit(learned).distances(asked)
    ngrams = NearestProfile(shortest=3, longest=3, weighs_rarity=False).fit(learned).distances(asked)
    assert events.tolist() == [0, 0, 0]
    assert ngrams.tolist() == [1, 0, 0]


def test_what_all_sequences_have_weighs_less_than_what_is_rare() -> None:
    learned = rows(*["aab"] * 20, "aac")
    near, far = NearestProfile(shortest=1, longest=1, weighs_rarity=True).fit(learned).distances(rows("ab", "az"))
    plain = NearestProfile(shortest=1, longest=1, weighs_rarity=False).fit(learned).distances(rows("ab", "az"))
    assert far - near > plain[1] - plain[0]


def test_sequences_too_short_for_an_ngram() -> None:
    profile = NearestProfile(shortest=3, longest=3, weighs_rarity=True)
    assert profile.fit(rows("abc")).distances(rows("ab", "")).tolist() == [1, 1]
    assert profile.fit(rows("abc", "x")).distances(rows("ab", "")).tolist() == [0, 0]
