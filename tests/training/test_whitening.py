"""Whitened vectors spread evenly, and keep what they told apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.training import whitening  # noqa: E402
from loglm.training.batches import pad_rows  # noqa: E402
from loglm.training.whitening import texts_needed, whiten  # noqa: E402

CONFIG = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=64, max_tokens=32)


def model_and_shard(events: int) -> tuple[LogEncoderModel, TokenShard]:
    torch.manual_seed(0)
    model = LogEncoderModel(CONFIG)
    with torch.no_grad():
        model.projection.bias.fill_(3.0)  # the narrow cone that masked training ends in
    numbers = np.random.default_rng(0)
    rows = [[2, *numbers.integers(5, 64, n).tolist(), 3] for n in numbers.integers(4, 20, events)]
    return model, TokenShard.from_sequences(rows, [0] * len(rows), ("made",))


def vectors(model: LogEncoderModel, shard: TokenShard) -> np.ndarray:
    with torch.inference_mode():
        return model(*pad_rows([shard[i].astype(np.int64) for i in range(len(shard))])).numpy()


def test_vectors_point_in_all_directions() -> None:
    model, shard = model_and_shard(600)
    before = vectors(model, shard)
    assert whiten(model, shard, np.ones(len(shard)))
    after = vectors(model, shard)
    assert (before @ before.T).mean() > 0.9
    assert abs((after @ after.T).mean()) < 0.01
    assert np.linalg.svd(before)[1][1] < 0.2 * np.linalg.svd(before)[1][0]
    spread = np.linalg.svd(after)[1]
    assert spread[-2] > 0.5 * spread[0]  # the last direction is the one that layer normalisation leaves empty


def test_events_without_weight_do_not_count() -> None:
    model, shard = model_and_shard(200)
    twin, _ = model_and_shard(200)
    weights = np.concatenate([np.ones(100), np.zeros(100)])
    assert whiten(model, shard, weights)
    assert whiten(
        twin, TokenShard.from_sequences([shard[i].tolist() for i in range(100)], [0] * 100, ("a",)), np.ones(100)
    )
    assert np.allclose(vectors(model, shard), vectors(twin, shard), atol=1e-3)


def test_tokens_counted_in_parts_weigh_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, shard = model_and_shard(200)
    twin, _ = model_and_shard(200)
    weights = np.arange(200) % 3.0
    assert whiten(model, shard, weights)
    monkeypatch.setattr(whitening, "_COUNTED_AT_ONCE", 37)
    assert whiten(twin, shard, weights)
    assert len(model.token_weight.unique()) > 10
    assert torch.equal(model.token_weight, twin.token_weight)


def test_too_few_events_leave_the_model_as_it_is() -> None:
    model, shard = model_and_shard(63)
    before = vectors(model, shard)
    assert not whiten(model, shard, np.ones(len(shard)))
    assert np.array_equal(vectors(model, shard), before)


def test_wide_vectors_are_whitened_by_as_many_events_as_they_need() -> None:
    """More than the sample of narrower ones."""
    config = replace(CONFIG, width=1_040, heads=2)
    torch.manual_seed(0)
    model = LogEncoderModel(config)
    numbers = np.random.default_rng(0)
    rows = [[2, *numbers.integers(5, 64, 2).tolist(), 3] for _ in range(texts_needed(config))]
    assert len(rows) == 4_160
    assert whiten(model, TokenShard.from_sequences(rows, [0] * len(rows), ("made",)), np.ones(len(rows)))


def test_rare_tokens_weigh_more() -> None:
    model, _ = model_and_shard(0)
    rows = [[2, 7, 8 + n % 2, 20 + n % 30, 3] for n in range(600)]
    shard = TokenShard.from_sequences(rows, [0] * len(rows), ("made",))
    assert whiten(model, shard, np.ones(len(shard)))
    weight = model.token_weight
    assert weight[60] == weight.max() == 1  # in no event
    assert weight[60] > weight[25] > weight[8] == weight[9] > weight[7] == weight[2] > 0
