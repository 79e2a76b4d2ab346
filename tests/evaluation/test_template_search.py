"""Ranks, pairs and cosines, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from loglm.evaluation.template_search import cosines, draw_pairs, mean_cosine, score_pairs, search_by_example

ANGLES = np.radians([0, 10, 25, 90, 100])
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
TEMPLATES = ["a", "b", "a", "b", "c"]


@pytest.mark.parametrize("vectors", [VECTORS, csr_matrix(VECTORS)], ids=["dense", "sparse"])
def test_ranks_are_those_of_the_other_lines_of_the_template(vectors: np.ndarray | csr_matrix) -> None:
    found = search_by_example(cosines(vectors), TEMPLATES)
    assert found.query.tolist() == [0, 1, 2, 3]  # the only line of c has nothing to find
    # 0: 1, then 2. 1: 0, 2, then 3. 2: 1, then 0. 3: 4, 2, then 1.
    assert found.reciprocal_rank.tolist() == pytest.approx([1 / 2, 1 / 3, 1 / 2, 1 / 3])


def test_average_precision_counts_every_line_of_the_template() -> None:
    found = search_by_example(cosines(VECTORS), ["a", "b", "a", "a", "b"])
    # 0: b, a, a, b: precisions 1/2 and 2/3.
    assert found.average_precision[0] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_equal_scores_are_in_random_order_not_in_that_of_the_file() -> None:
    same = np.ones((200, 2), np.float32) / np.sqrt(2)
    found = search_by_example(cosines(same), ["a"] * 100 + ["b"] * 100)
    assert 0.3 < found.average_precision.mean() < 0.7


def test_pairs_are_of_one_system_and_of_one_or_two_templates() -> None:
    systems = ["x"] * 4 + ["y"] * 3
    templates = ["x1", "x1", "x2", "x2", "y1", "y1", "y1"]
    same, other = draw_pairs(systems, templates, pairs=50, seed=0)
    assert len(same) == len(other) == 50  # y has but one template
    assert all(templates[a] == templates[b] and a != b for a, b in same)
    assert all(systems[a] == systems[b] == "x" and templates[a] != templates[b] for a, b in other)


@pytest.mark.parametrize("vectors", [VECTORS, csr_matrix(VECTORS)], ids=["dense", "sparse"])
def test_difference_and_auc_of_pairs(vectors: np.ndarray | csr_matrix) -> None:
    scores = score_pairs(vectors, np.array([[0, 1], [0, 2]]), np.array([[0, 3], [1, 2]]))
    expected = (np.cos(ANGLES[1]) + np.cos(ANGLES[2])) / 2 - (0 + np.cos(ANGLES[2] - ANGLES[1])) / 2
    assert scores.difference.mean == pytest.approx(expected, abs=1e-6)
    assert scores.auc.mean == pytest.approx(3 / 4)
    assert scores.auc.low <= scores.auc.mean <= scores.auc.high


def test_mean_cosine_tells_vectors_that_all_point_one_way() -> None:
    random = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    spread = random / np.linalg.norm(random, axis=1, keepdims=True)
    narrow = random * 0.1 + 1
    narrow /= np.linalg.norm(narrow, axis=1, keepdims=True)
    assert abs(mean_cosine(spread)) < 0.02
    assert mean_cosine(narrow) > 0.95
