"""Rankings become one."""

from __future__ import annotations

import pytest

from loglm.search.fusion import fuse


def test_first_everywhere_scores_one() -> None:
    assert fuse([[7, 1], [7, 2]])[0] == (7, pytest.approx(1.0))


def test_second_in_both_beats_first_in_one() -> None:
    assert next(found for found, _ in fuse([[1, 2], [3, 2]])) == 2


def test_ties_go_to_the_smaller_id() -> None:
    assert [found for found, _ in fuse([[9], [4]])] == [4, 9]


def test_empty_rankings_give_nothing() -> None:
    assert fuse([[], []]) == []
