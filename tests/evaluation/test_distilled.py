"""Agreement of a distilled model with its teacher, on vectors whose answers are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from loglm.errors import EmptyInputError
from loglm.evaluation.distilled import cosine_after_rotation, events_per_second, neighbours_kept, score_distilled
from loglm.evaluation.embedders import Embedder, Vectors

COUNT = 120


@pytest.fixture(scope="module")
def wanted() -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(COUNT, 6))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def rotation() -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]


def test_rotated_vectors_agree_wholly(wanted: np.ndarray, rotation: np.ndarray) -> None:
    assert cosine_after_rotation(wanted @ rotation, wanted) == pytest.approx(1)
    assert neighbours_kept(wanted @ rotation, wanted) == 1


def test_unrelated_vectors_hardly_agree(wanted: np.ndarray) -> None:
    other = wanted[np.random.default_rng(2).permutation(COUNT)]
    assert cosine_after_rotation(other, wanted) < 0.4, "the rotation is measured on rows that it was not learned from"
    assert neighbours_kept(other, wanted) < 0.2


def test_a_lost_dimension_costs_what_it_held(wanted: np.ndarray, rotation: np.ndarray) -> None:
    narrow = wanted[:, :5] / np.linalg.norm(wanted[:, :5], axis=1, keepdims=True)
    expected = np.linalg.norm(wanted[1::2, :5], axis=1).mean()
    assert cosine_after_rotation(narrow, wanted) == pytest.approx(expected, abs=0.02)
    assert 0.3 < neighbours_kept(narrow, wanted) < 1


def test_sparse_vectors_have_neighbours_but_no_rotation(wanted: np.ndarray) -> None:
    sparse = csr_matrix(wanted)
    assert np.isnan(cosine_after_rotation(sparse, wanted))
    assert neighbours_kept(sparse, wanted) == 1


def embedder(name: str, vectors: np.ndarray, asked: list[str] | None = None) -> Embedder:
    """Text number n has row n."""

    def embed(texts: Sequence[str]) -> Vectors:
        if asked is not None:
            asked.extend(texts)
        return vectors[[int(text) for text in texts]]

    return Embedder(name, lambda _texts: embed)


def test_the_teacher_stands_first_and_search_finds_templates(wanted: np.ndarray, rotation: np.ndarray) -> None:
    pairs = np.repeat(wanted[::2], 2, axis=0)  # each vector twice: the nearest other text has the same template
    texts, templates = [str(n) for n in range(COUNT)], [str(n // 2) for n in range(COUNT)]
    teacher, student = embedder("teacher", pairs), embedder("student", pairs @ rotation)
    first, second = score_distilled(teacher, [student], texts, templates)
    assert (first.model, second.model) == ("teacher", "student")
    for score in (first, second):
        assert (score.cosine, score.reciprocal_rank, score.average_precision) == pytest.approx((1, 1, 1))
        assert score.events_per_second > 0


def test_no_text_is_timed_twice(wanted: np.ndarray) -> None:
    asked: list[str] = []
    events_per_second({"m": lambda texts: embedder("m", wanted, asked).fit(texts)(texts)}, [str(n) for n in range(99)])
    assert sorted(asked, key=int) == [str(n) for n in range(99)]


def test_too_few_texts_are_refused(wanted: np.ndarray) -> None:
    with pytest.raises(EmptyInputError, match="only 3 different events to measure on; expected 50"):
        score_distilled(embedder("m", wanted), [], ["1", "2", "3"], ["a", "b", "c"])
