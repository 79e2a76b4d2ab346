"""Balancing: caps hold, and weights dampen what is chatty."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.balancing import cap_texts, sampling_weights

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=60)


@given(rows=ROWS, per_template=st.integers(1, 5), per_source=st.integers(1, 9), seed=st.integers(0, 9))
def test_no_source_and_no_template_is_over_its_cap(
    rows: list[tuple[int, int]], per_template: int, per_source: int, seed: int
) -> None:
    table = np.array(rows, np.int64).reshape(-1, 2)
    source, template = table[:, 0], table[:, 1].astype(np.uint64)
    hashes = np.random.default_rng(seed).permutation(len(table)).astype(np.uint64)
    over_template, over_source = cap_texts(hashes, source, template, per_template=per_template, per_source=per_source)
    kept = ~(over_template | over_source)
    assert not (over_template & over_source).any()
    for name in np.unique(template):
        assert (~over_template)[template == name].sum() == min(per_template, (template == name).sum())
    for name in np.unique(source):
        left = (source == name) & ~over_template
        assert (kept & left).sum() == min(per_source, left.sum())


def test_caps_keep_the_lowest_hashes() -> None:
    hashes = np.array([9, 1, 5, 3], np.uint64)
    same = np.zeros(4, np.int64)
    over, _ = cap_texts(hashes, same, same.astype(np.uint64), per_template=2, per_source=9)
    assert hashes[~over].tolist() == [1, 3]


def test_a_source_with_a_hundred_times_the_texts_has_ten_times_the_weight() -> None:
    source = np.repeat([0, 1], [100, 1])
    weights = sampling_weights(np.ones(101), source)
    assert np.isclose(weights[:100].sum() / weights[100], 10)


def test_a_text_seen_a_hundred_times_has_ten_times_the_weight_of_another() -> None:
    weights = sampling_weights([100, 1], np.zeros(2, np.int64))
    assert np.isclose(weights[0] / weights[1], 10)
