"""The file of vectors: what is added is there, a killed run's rest is written over, and the nearest are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from loglm.errors import InputError
from loglm.search.vectors import append_vectors, checksum, cosines, nearest, read_vectors


def unit(rows: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(rows, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_rows_follow_each_other(tmp_path: Path) -> None:
    append_vectors(tmp_path / "v", unit(5), 0)
    crc = append_vectors(tmp_path / "v", unit(3, 1), 5)
    stored = read_vectors(tmp_path / "v", 8, 16)
    np.testing.assert_allclose(stored / 32_767, np.concatenate([unit(5), unit(3, 1)]), atol=2e-5)
    assert crc == checksum(stored[5:])


def test_rest_of_a_killed_run_is_written_over(tmp_path: Path) -> None:
    append_vectors(tmp_path / "v", unit(5), 0)
    append_vectors(tmp_path / "v", unit(9, 1), 5)
    append_vectors(tmp_path / "v", unit(2, 2), 5)
    assert (tmp_path / "v").stat().st_size == 7 * 16 * 2


def test_missing_rows_are_damage(tmp_path: Path) -> None:
    append_vectors(tmp_path / "v", unit(5), 0)
    with pytest.raises(InputError, match="damaged"):
        read_vectors(tmp_path / "v", 6, 16)
    with pytest.raises(InputError, match="damaged"):
        append_vectors(tmp_path / "v", unit(5), 6)


def test_nearest_are_those_of_float32(tmp_path: Path) -> None:
    vectors, query = unit(20_000), unit(1, 1)[0]
    append_vectors(tmp_path / "v", vectors, 0)
    stored = read_vectors(tmp_path / "v", 20_000, 16)
    np.testing.assert_allclose(cosines(stored, query), vectors @ query, atol=1e-4)
    exact = np.sort(vectors @ query)[::-1]
    np.testing.assert_allclose((vectors @ query)[nearest(stored, query, 10)], exact[:10], atol=1e-4)


def test_only_chosen_rows_are_found() -> None:
    among = np.zeros(100, bool)
    among[[3, 50]] = True
    assert sorted(nearest((unit(100) * 32_767).astype(np.int16), unit(1, 1)[0], 10, among)) == [3, 50]


def test_equal_rows_come_in_order() -> None:
    assert nearest(np.ones((9, 4), np.int16), np.ones(4, np.float32), 9) == list(range(9))
