"""Only the last layer learns, or what is added to its matrices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from cli.tiny_model import CONFIG, write_tiny_model  # noqa: E402
from loglm.anomaly.event_sequences import EventSequences  # noqa: E402
from loglm.models.backbones import transformer_layers  # noqa: E402
from loglm.tokenizer.bpe import load_tokenizer  # noqa: E402
from loglm.training.frozen.last_layer import WAYS, LastLayerClassifier, Way, open_last_layer  # noqa: E402
from loglm.training.hidden_tokens import untrained_encoder  # noqa: E402

TEXTS = ["session opened for user root", "session closed for user root", "kernel panic on node"]


@pytest.mark.parametrize(("way", "names"), [("last layer", {"Wqkv.weight"}), ("low rank", {"0.up", "0.down"})])
def test_everything_else_is_frozen(way: Way, names: set[str]) -> None:
    model = untrained_encoder(CONFIG, 0)
    inside = {id(p) for p in transformer_layers(model.backbone)[-1].parameters()}
    opened = open_last_layer(model, way)
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    inside |= {id(p) for p in transformer_layers(model.backbone)[-1].parameters()}
    assert {id(p) for p in opened} == {id(p) for p in learning.values()} <= inside
    assert all(any(name.endswith(ending) for name in learning) for ending in names)


def test_low_rank_begins_with_the_same_vectors() -> None:
    model = untrained_encoder(CONFIG, 0).eval()
    ids = torch.tensor([[2, 9, 8, 7]])
    with torch.inference_mode():
        before = model(ids, torch.ones_like(ids))
    open_last_layer(model, "low rank")
    with torch.inference_mode():
        assert torch.allclose(model(ids, torch.ones_like(ids)), before, atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_anomalies_are_learned_and_the_encoder_given_stays_as_it_is(tmp_path: Path, way: Way) -> None:
    tokenizer = write_tiny_model(tmp_path / "tiny") / "tokenizer.json"
    config = replace(CONFIG, vocab_size=load_tokenizer(tokenizer).get_vocab_size())
    model = untrained_encoder(config, 0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    rows = [np.asarray([0, 1] * (1 + n % 3), np.int32) for n in range(20)]
    rows += [np.asarray([0, 2, 1], np.int32) for _ in range(10)]
    events = EventSequences(TEXTS, rows)
    detector = LastLayerClassifier(lambda _: model, tokenizer, way, 0)
    detector.fit(events, np.arange(30) >= 20)
    scores = detector.score(events)
    assert scores[20:].min() > scores[:20].max()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
