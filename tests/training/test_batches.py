"""Batches hold what they may, whatever is drawn, in few shapes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from loglm.training.batches import epoch_of_batches, pad_rows  # noqa: E402


def test_an_epoch_is_as_many_sequences_as_there_are_in_batches_of_few_shapes_that_keep_to_their_tokens() -> None:
    lengths = np.random.default_rng(0).integers(3, 193, 5_000)
    batches = list(epoch_of_batches(lengths, np.ones(5_000), tokens=8_192, seed=0))
    assert sum(map(len, batches)) == 5_000
    shapes = {tuple(pad_rows([np.ones(lengths[i], np.int64) for i in batch])[0].shape) for batch in batches}
    assert all(rows * length <= 8_192 for rows, length in shapes)
    assert len(shapes) <= 192 / 8 + 1  # the last batch is what is left


def test_rows_are_filled_up_with_padding_that_the_mask_leaves_out() -> None:
    ids, mask = pad_rows([np.array([4, 5, 6]), np.arange(1, 10)])
    assert ids.shape == mask.shape == (2, 16)
    assert ids[0].tolist() == [4, 5, 6] + [0] * 13
    assert mask.sum(1).tolist() == [3, 9]


def test_a_sequence_longer_than_a_batch_is_a_batch_of_its_own() -> None:
    assert [len(batch) for batch in epoch_of_batches(np.array([40, 41]), np.ones(2), tokens=32, seed=0)] == [1, 1]
