"""A sample in bounded memory: whole while it fits, then the same whatever the order."""

from __future__ import annotations

import random

from loglm.events.bounded_sample import BoundedSample, sample_key


def filled(words: list[str], *, items: int, chars: int = 1_000_000, seed: int = 0) -> BoundedSample[str]:
    sample: BoundedSample[str] = BoundedSample(most_items=items, most_chars=chars)
    for word in words:
        key = sample_key(word, seed)
        if sample.get(key) is None:
            sample.add(key, word, len(word))
    return sample


WORDS = [f"word {number}" for number in range(1_000)]


def test_all_is_kept_while_it_fits() -> None:
    sample = filled(WORDS, items=1_000)
    assert sorted(sample) == sorted(WORDS)
    assert (sample.is_whole, sample.met) == (True, 1_000)


def test_sample_does_not_depend_on_order_or_repetition() -> None:
    shuffled = WORDS * 3
    random.Random(1).shuffle(shuffled)
    assert set(filled(WORDS, items=50)) == set(filled(shuffled, items=50))


def test_seed_chooses_another_sample() -> None:
    assert set(filled(WORDS, items=50)) != set(filled(WORDS, items=50, seed=1))


def test_number_met_is_estimated() -> None:
    sample = filled(WORDS, items=200)
    assert len(sample) == 200
    assert not sample.is_whole
    assert 750 < sample.met < 1_300


def test_characters_are_bounded_too() -> None:
    assert sum(map(len, filled(WORDS, items=1_000, chars=500))) <= 500


def test_one_item_is_kept_however_long() -> None:
    assert list(filled(["x" * 100], items=5, chars=10)) == ["x" * 100]
