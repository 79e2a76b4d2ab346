"""Distillation into a smaller encoder: what a teacher gives, how a student begins, and that it comes near."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from cli.tiny_model import write_tiny_model  # noqa: E402
from loglm.artifacts.config import EncoderConfig  # noqa: E402
from loglm.artifacts.folder import default_model_dir  # noqa: E402
from loglm.corpus.folder import CorpusFolder  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import InputError, ModelError  # noqa: E402
from loglm.models.encoder import LogEncoderModel  # noqa: E402
from loglm.runtime.encoder import LogEncoder  # noqa: E402
from loglm.training.hardware import choose_hardware  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_models import load_trained  # noqa: E402
from loglm.training.scoring import mean_cosine_to  # noqa: E402
from loglm.training.teacher import Teacher, borrow_weights, load_teacher, targets_of_width  # noqa: E402

HARDWARE = choose_hardware(device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def usual(corpus_folder: Path) -> PretrainRecipe:
    return PretrainRecipe(
        corpus_folder, Path("run"), layers=1, steps=20, batch_tokens=1_024, threads=1, device="cpu", precision="fp32"
    )


@pytest.fixture(scope="module")
def teacher_run(usual: PretrainRecipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "teacher"
    run_recipe(replace(usual, run_dir=folder, layers=2, contrastive_share=0.5))
    return folder


def test_a_student_comes_near_its_teacher_and_learns_tokens_beside(
    usual: PretrainRecipe, teacher_run: Path, tmp_path: Path
) -> None:
    results = run_recipe(replace(usual, run_dir=tmp_path / "run", teacher=teacher_run, masked_weight=0.1, steps=30))
    assert set(results["stages"]) == {"distilled"}
    assert set(results["stages"]["distilled"]["scores"]) == {"idts", "odts"}
    near = results["cosine_to_teacher"]["idts"]
    teacher, student = load_teacher(teacher_run, HARDWARE), load_trained(tmp_path / "run").model
    held_out = CorpusFolder.open(usual.corpus).load("idts")[0]
    assert near == pytest.approx(mean_cosine_to(teacher.vectors, student, held_out, hardware=HARDWARE), abs=1e-3)
    torch.manual_seed(0)
    untrained = LogEncoderModel(student.config)
    assert near > 0.95 > mean_cosine_to(teacher.vectors, untrained, held_out, hardware=HARDWARE)


def test_without_the_masked_loss_hidden_tokens_are_not_scored(
    usual: PretrainRecipe, teacher_run: Path, tmp_path: Path
) -> None:
    results = run_recipe(replace(usual, run_dir=tmp_path / "run", teacher=teacher_run, steps=1))
    assert results["stages"]["distilled"]["scores"] == {}
    assert set(results["cosine_to_teacher"]) == {"idts", "odts"}


def test_a_student_begins_with_the_layers_of_its_teacher(tiny_config: EncoderConfig) -> None:
    torch.manual_seed(1)
    teacher, student = (LogEncoderModel(replace(tiny_config, layers=layers)) for layers in (4, 2))
    borrow_weights(student, teacher)
    mine, theirs = student.state_dict(), teacher.state_dict()
    for name in ("mlm_bias", "projection.weight", "backbone.embeddings.tok_embeddings.weight"):
        assert torch.equal(mine[name], theirs[name]), name
    for own, borrowed in ((0, 0), (1, 3)):
        name = "backbone.layers.{}.mlp.Wi.weight"
        assert torch.equal(mine[name.format(own)], theirs[name.format(borrowed)]), own


def test_a_student_of_another_width_keeps_its_random_weights(tiny_config: EncoderConfig) -> None:
    student, teacher = LogEncoderModel(replace(tiny_config, width=8)), LogEncoderModel(tiny_config)
    with torch.no_grad():
        teacher.projection.weight.fill_(7)
    before = student.projection.weight.clone()
    borrow_weights(student, teacher)
    assert torch.equal(student.projection.weight, before)


@pytest.fixture
def flat_teacher() -> Teacher:
    """Its vectors of eight numbers all lie in a plane."""
    plane = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 2)))[0]

    def vectors(rows: list[np.ndarray]) -> np.ndarray:
        angles = np.array([float(row.sum()) for row in rows])
        return (np.stack([np.cos(angles), np.sin(angles)], axis=1) @ plane.T).astype(np.float32)

    return Teacher("flat", 8, 64, vectors, Path("tokenizer.json"), "", None)


def test_narrower_targets_keep_the_angles_between_events(shard: TokenShard, flat_teacher: Teacher) -> None:
    rows = [shard[i] for i in range(len(shard))]
    narrow = targets_of_width(flat_teacher, shard, np.ones(len(shard)), 2)(rows)
    wide = flat_teacher.vectors(rows)
    assert narrow.shape == (len(shard), 2)
    np.testing.assert_allclose(narrow @ narrow.T, wide @ wide.T, atol=1e-5)


def test_a_student_wider_than_its_teacher_is_refused(shard: TokenShard, flat_teacher: Teacher) -> None:
    with pytest.raises(InputError, match="vectors of 9 numbers cannot be learned from a teacher of 8"):
        targets_of_width(flat_teacher, shard, np.ones(len(shard)), 9)


def test_weights_and_onnx_give_the_same_kind_of_teacher(teacher_run: Path, tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    rows = [np.array([2, 30, 31, 3]), np.array([2, 40, 3])]
    teacher = load_teacher(folder, HARDWARE)
    expected = LogEncoder.load(folder).embed_tokens([row.tolist() for row in rows])
    np.testing.assert_allclose(teacher.vectors(rows), expected, atol=1e-6)
    assert (teacher.name, teacher.width, teacher.model) == ("tiny", 16, None)
    trained = load_teacher(teacher_run, HARDWARE)
    assert np.linalg.norm(trained.vectors(rows), axis=1) == pytest.approx([1, 1], abs=1e-4)


def test_the_tokenizers_of_teacher_and_corpus_must_be_one(usual: PretrainRecipe, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="another tokenizer than the corpus"):
        run_recipe(replace(usual, run_dir=tmp_path / "run", teacher=write_tiny_model(tmp_path / "tiny")))


def test_a_folder_without_an_encoder_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        load_teacher(tmp_path, HARDWARE)


def test_the_shipped_model_is_a_teacher() -> None:
    if not (default_model_dir() / "manifest.json").is_file():
        pytest.skip("needs the shipped model, src/loglm/data/model")
    assert load_teacher(default_model_dir(), HARDWARE).width == 384
