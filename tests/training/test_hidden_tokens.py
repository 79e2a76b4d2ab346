"""Encoders scored on hidden tokens, and the encoders that a run folder holds. Needs the train extra."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.artifacts.files import file_sha256  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import InputError, ModelError  # noqa: E402
from loglm.evaluation.intrinsic import HiddenTokens  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.training.hidden_tokens import encoder_scorer, untrained_encoder  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_models import load_run_models  # noqa: E402

CONFIG = EncoderConfig(width=16, layers=1, heads=2, intermediate=16, vocab_size=64, max_tokens=32)


def hidden(vocab_size: int = CONFIG.vocab_size) -> HiddenTokens:
    random = np.random.default_rng(0)
    rows = [[2, *random.integers(5, 64, n).tolist(), 3] for n in random.integers(1, 20, 50)]
    shard = TokenShard.from_sequences(rows, [0] * len(rows), ("made",))
    is_content = np.arange(vocab_size) > 9
    return HiddenTokens(shard, (random.random(len(shard.ids)) < 0.3) & (shard.ids > 9), is_content)


def test_each_hidden_token_gets_the_chance_of_its_own_sequence() -> None:
    model, tokens = untrained_encoder(CONFIG, 0).eval(), hidden()
    scores = encoder_scorer(model)(tokens)
    number = 0
    for index in range(len(tokens.shard)):
        row = slice(tokens.shard.offsets[index], tokens.shard.offsets[index + 1])
        is_hidden = torch.from_numpy(tokens.is_hidden[row])
        ids = torch.from_numpy(tokens.shard.ids[row].astype(np.int64))
        with torch.inference_mode():
            vectors = model.hidden(ids.masked_fill(is_hidden, 4)[None], torch.ones(1, len(ids), dtype=torch.long))
            logits = model.token_logits(vectors[0, is_hidden])[:, 10:]
        targets = ids[is_hidden] - 10
        expected = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
        place = slice(number, number + len(targets))
        np.testing.assert_allclose(scores.nats[place], expected, atol=1e-4)
        assert scores.is_right[place].tolist() == (logits.argmax(-1) == targets).tolist()
        number = place.stop
    assert number == len(scores.nats)


def test_untrained_encoder_guesses_and_is_the_same_for_a_seed() -> None:
    first, again = (encoder_scorer(untrained_encoder(CONFIG, 1))(hidden()) for _ in range(2))
    assert np.array_equal(first.nats, again.nats)
    assert first.nats.mean() == pytest.approx(math.log(54), abs=0.3)


def test_scorer_refuses_tokens_of_another_vocabulary() -> None:
    with pytest.raises(InputError, match="do not belong together"):
        encoder_scorer(untrained_encoder(CONFIG, 0))(hidden(vocab_size=80))


def save_stage(folder: Path, stage: str, seed: int, config: EncoderConfig = CONFIG) -> LogEncoderModel:
    model = untrained_encoder(CONFIG, seed)
    identity = {"encoder": config.to_json(), "tokenizer": "abc"}
    torch.save({"identity": identity, "model": model.state_dict()}, folder / f"{stage}.checkpoint.pt")
    return model


def test_each_stage_of_a_run_is_loaded(tmp_path: Path) -> None:
    saved = [save_stage(tmp_path, stage, seed) for seed, stage in enumerate(("masked", "contrastive"))]
    loaded = load_run_models(tmp_path)
    assert [run.name for run in loaded] == [f"{tmp_path.name} masked", f"{tmp_path.name} contrastive"]
    assert {run.tokenizer_sha256 for run in loaded} == {"abc"}
    for run, model in zip(loaded, saved, strict=True):
        assert torch.equal(run.model.mlm_transform[0].weight, model.mlm_transform[0].weight)


def test_stages_and_final_weights_of_a_real_run_are_loaded(corpus_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_recipe(PretrainRecipe(corpus_folder, folder, layers=1, steps=4, contrastive_share=0.5, batch_tokens=256))
    stages = load_run_models(folder)
    assert [run.name for run in stages] == ["run masked", "run contrastive"]
    for path in folder.glob("*.checkpoint.pt"):
        path.unlink()
    (final,) = load_run_models(folder)
    assert final.name == "run"
    assert final.tokenizer_sha256 == stages[0].tokenizer_sha256 == file_sha256(corpus_folder / "tokenizer.json")
    assert torch.equal(final.model.projection.weight, stages[1].model.projection.weight)


def test_checkpoint_of_another_size_is_refused(tmp_path: Path) -> None:
    wider = EncoderConfig(width=32, layers=1, heads=2, intermediate=16, vocab_size=64)
    save_stage(tmp_path, "masked", 0, config=wider)
    with pytest.raises(ModelError, match="weights of another encoder"):
        load_run_models(tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("notes.txt", "no run folder"), ("masked.checkpoint.pt", "not a checkpoint")],
    ids=["other", "broken"],
)
def test_other_folders_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(b"no")
    with pytest.raises(ModelError, match=reason):
        load_run_models(tmp_path)
