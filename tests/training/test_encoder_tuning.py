"""Low-rank tuning of an encoder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.artifacts.folder import write_model_dir  # noqa: E402
from loglm.errors import EmptyInputError, ModelError  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.runtime.encoder import LogEncoder  # noqa: E402
from loglm.tokenizer.bpe import train_tokenizer  # noqa: E402
from loglm.training.encoder_tuning import EncoderTuning, tune_encoder  # noqa: E402
from loglm.training.export import export_encoder  # noqa: E402
from training.conftest import rendered_events  # noqa: E402

PLAN = EncoderTuning(steps=12, batch_tokens=1_024, learning_rate=1e-2)


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return list(dict.fromkeys(rendered_events(400)))


@pytest.fixture(scope="module")
def model_dir(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> Path:
    """An encoder with random weights."""

    def fill(folder: Path) -> None:
        tokenizer = train_tokenizer(texts, vocab_size=640)
        tokenizer.save(str(folder / "tokenizer.json"))
        config = EncoderConfig(32, 2, 2, 32, vocab_size=tokenizer.get_vocab_size(), max_tokens=64)
        (folder / "config.json").write_text(json.dumps({"encoder": config.to_json()}))
        torch.manual_seed(0)
        model = LogEncoderModel(config)
        save_file(model.state_dict(), folder / "model.safetensors")
        export_encoder(model, folder / "encoder.onnx")

    return write_model_dir(tmp_path_factory.mktemp("models") / "m", fill, about={"name": "m"})


def test_held_out_events_are_predicted_better_and_only_linear_layers_change(model_dir: Path, texts: list[str]) -> None:
    tuned = tune_encoder(model_dir, texts, PLAN)
    before, after = load_file(model_dir / "model.safetensors"), tuned.model.state_dict()
    assert tuned.nats_after < tuned.nats_before - 0.05
    assert set(before) == set(after), "the product is merged, nothing is added"
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("backbone.") and before[name].dim() == 2 for name in changed)
    ranks = [int(torch.linalg.matrix_rank(after[name] - before[name], rtol=1e-4)) for name in changed]
    assert max(ranks) <= PLAN.rank


def test_written_encoder_gives_the_tuned_vectors(model_dir: Path, texts: list[str], tmp_path: Path) -> None:
    tuned = tune_encoder(model_dir, texts, PLAN)

    def fill(folder: Path) -> None:
        for name in ("tokenizer.json", "config.json", "encoder.onnx"):
            shutil.copyfile(model_dir / name, folder / name)
        tuned.write(folder)

    folder = write_model_dir(tmp_path / "tuned", fill, about={"name": "t"})
    old, new = (LogEncoder.load(path).embed_texts(texts[:20]) for path in (model_dir, folder))
    cosine = float(np.mean((old * new).sum(axis=1)))
    assert cosine == pytest.approx(tuned.cosine, abs=0.1)
    assert not np.allclose(old, new, atol=1e-3)


def test_same_seed_gives_the_same_encoder(model_dir: Path, texts: list[str]) -> None:
    first, second = (tune_encoder(model_dir, texts, EncoderTuning(steps=3)).model.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_too_few_events_and_no_weights_are_refused(model_dir: Path, texts: list[str], tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="only 10 different events"):
        tune_encoder(model_dir, texts[:10], PLAN)

    def fill(folder: Path) -> None:
        (folder / "config.json").write_text("{}")

    bare = write_model_dir(tmp_path / "bare", fill, about={"name": "b"})
    with pytest.raises(ModelError, match="has no weights"):
        tune_encoder(bare, texts, PLAN)
