"""The parts of a score as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.anomaly.reasons import parts_in_words, rounded_parts
from loglm.context.surprise import Surprise

_BITS = st.floats(0, 40)


@given(st.tuples(_BITS, _BITS, _BITS, _BITS), st.sampled_from([1, 2]))
def test_rounded_parts_add_up_to_the_rounded_score(bits: tuple[float, float, float, float], digits: int) -> None:
    surprise = Surprise(*bits)
    shown = rounded_parts(surprise, digits)
    assert round(sum(shown.values()), digits) == round(surprise.bits, digits)
    assert list(shown.values()) == pytest.approx(surprise.counted, abs=10**-digits)


def test_timing_is_shown_as_far_as_it_counts() -> None:
    assert parts_in_words(Surprise(13.9, 0.9, 5.0, 1.1)) == "rarity 13.9, order 0.9, content 5.0"
    assert parts_in_words(Surprise(0.0, 0.9, 0.0, 15.0)) == "order 0.9, timing 9.0"
