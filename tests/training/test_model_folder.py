"""Export: what a model folder holds, that it gives the trained vectors, and that no half of one is ever left."""

from __future__ import annotations

import json
import resource
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file, save_file  # noqa: E402

from cli.tiny_model import write_tiny_model  # noqa: E402
from loglm.artifacts.config import ENCODER_SIZES, EncoderFamily  # noqa: E402
from loglm.artifacts.files import file_sha256  # noqa: E402
from loglm.artifacts.folder import open_model_dir  # noqa: E402
from loglm.detection.scorer import WindowScorer  # noqa: E402
from loglm.errors import InputError, ModelError  # noqa: E402
from loglm.runtime.encoder import LogEncoder  # noqa: E402
from loglm.tokenizer.bpe import train_tokenizer  # noqa: E402
from loglm.training.encoder_files import _LOWEST_PARITY  # noqa: E402
from loglm.training.model_folder import ExportOptions, _card, export_model  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_folder import RunFiles, load_run  # noqa: E402
from training.conftest import write_corpus  # noqa: E402

LINES = ["Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2", "{}"]


def train(corpus: Path, folder: Path, family: EncoderFamily) -> Path:
    run_recipe(PretrainRecipe(corpus, folder, family=family, layers=1, steps=8, batch_tokens=256))
    return folder


@pytest.fixture(scope="module")
def run_dir(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(corpus_folder, tmp_path_factory.mktemp("runs") / "run", "modernbert")


@pytest.mark.parametrize("family", ["modernbert", "deberta-v2"])
def test_exported_model_gives_the_trained_vectors(corpus_folder: Path, tmp_path: Path, family: EncoderFamily) -> None:
    run_dir = train(corpus_folder, tmp_path / "run", family)
    facts = export_model(run_dir, tmp_path / "m", ExportOptions("mine"))
    folder, manifest = open_model_dir(tmp_path / "m")
    assert manifest["encoder"]["learned_from"] == {
        "corpus": file_sha256(corpus_folder / "corpus.json"),
        "tokenizer": manifest["files"]["tokenizer.json"],
    }
    assert manifest["encoder"]["parity_cosine"] == facts["encoder"]["parity_cosine"] > 0.999
    assert set(manifest["files"]) >= {"encoder.onnx", "tokenizer.json", "config.json", "model.safetensors", "head.npz"}
    assert b".py" not in (folder / "encoder.onnx").read_bytes()  # no paths of the machine that exported it
    trained, stored = load_file(run_dir / "model.safetensors"), load_file(folder / "model.safetensors")
    assert {name: weight.half() for name, weight in trained.items()}.keys() == stored.keys()
    assert all(torch.equal(weight.half(), stored[name]) for name, weight in trained.items())
    encoder = LogEncoder.load(folder)
    vectors = encoder.embed(LINES)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-3)
    assert len(WindowScorer.from_pretrained(folder).head.labels) > 100
    assert not list(tmp_path.glob(".*"))


def test_whitened_vectors_are_exported(tmp_path: Path) -> None:
    """Whitening magnifies what varies little, rounding too."""
    texts = [f"linux/auth login\nport {port} opened by {user}" for user in ("root", "alice") for port in range(800)]
    corpus = write_corpus(tmp_path / "corpus", {"train": {"auth": texts[:-40]}, "idts": {"auth": texts[-40:]}})
    results = run_recipe(PretrainRecipe(corpus, tmp_path / "run", layers=1, steps=4, batch_tokens=256))
    assert results["whitened"]
    facts = export_model(tmp_path / "run", tmp_path / "m", ExportOptions("mine", head=False))
    assert facts["encoder"]["whitened"]
    assert facts["encoder"]["parity_cosine"] > 0.999
    exported = load_file(tmp_path / "m" / "model.safetensors")
    assert len(exported["token_weight"].unique()) > 1  # where vectors are as trained, 1 for all
    vectors = LogEncoder.load(tmp_path / "m").embed(LINES)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-3)


@pytest.mark.parametrize(
    ("results", "said", "unsaid"),
    [
        ({"stages": {"distilled": {"scores": {}}}, "cosine_to_teacher": {"idts": 0.97}}, "idts: 0.97.", "| stage |"),
        (
            {"stages": {"masked": {"scores": {"idts": {"loss_nats": 1.3, "bits_per_byte": 0.5, "accuracy": 0.7}}}}},
            "| masked | idts | 1.3 | 0.5 | 0.7 |",
            "distilled",
        ),
    ],
    ids=["distilled", "pretrained"],
)
def test_card_says_what_was_measured(results: dict[str, object], said: str, unsaid: str) -> None:
    card = _card({"name": "mine", "encoder": {"parameters": 5, **results}}, ENCODER_SIZES["nano"], has_head=False)
    assert said in card
    assert unsaid not in card


def run_without(run_dir: Path, tmp_path: Path, damage: Callable[[RunFiles], object]) -> RunFiles:
    copy = RunFiles(tmp_path / "run")
    shutil.copytree(run_dir, copy.folder)
    damage(copy)
    return copy


def other_tokenizer(files: RunFiles) -> None:
    train_tokenizer(["other words"] * 4, vocab_size=640).save(str(files.tokenizer))


def smaller_weights(files: RunFiles) -> None:
    weights = load_file(files.weights)
    save_file({name: weight[..., :96].contiguous() for name, weight in weights.items()}, files.weights)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda files: files.results.unlink(), "not finished"),
        (lambda files: files.run.unlink(), "no run folder"),
        (lambda files: files.run.write_text("{}"), r"run\.json: cannot be read"),
        (lambda files: files.weights.write_bytes(b"half"), "not the weights of this encoder"),
        (smaller_weights, "not the weights of this encoder"),
        (other_tokenizer, "not the tokenizer of this run"),
    ],
    ids=["unfinished", "no run", "empty run.json", "broken weights", "smaller weights", "other tokenizer"],
)
def test_a_run_that_does_not_hold_together_is_refused(
    run_dir: Path, tmp_path: Path, damage: Callable[[RunFiles], object], reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        load_run(run_without(run_dir, tmp_path, damage))


def test_a_full_disk_leaves_no_model_folder(run_dir: Path, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))  # the disk takes so many bytes of a file
    try:
        with pytest.raises(InputError, match="cannot be written"):
            export_model(run_dir, tmp_path / "m", ExportOptions("mine", head=False))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_a_model_that_is_there_is_replaced_only_when_asked(run_dir: Path, tmp_path: Path) -> None:
    target = write_tiny_model(tmp_path / "m")
    options = ExportOptions("mine", head=False)
    with pytest.raises(InputError, match="use --force"):
        export_model(run_dir, target, options)
    assert json.loads((target / "manifest.json").read_text())["name"] == "tiny"


def test_an_encoder_that_lost_its_vectors_is_refused(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write_tiny_model(tmp_path / "m")
    monkeypatch.setitem(_LOWEST_PARITY, "fp16", 1.1)
    with pytest.raises(ModelError, match=r"differs from the trained one: .* export with --precision fp32"):
        export_model(run_dir, target, replace(ExportOptions("mine", head=False), overwrite=True))
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    assert open_model_dir(target)[1]["name"] == "tiny"


@pytest.mark.parametrize("there", ["a folder of notes", "a file"])
def test_what_is_no_model_folder_is_not_replaced(run_dir: Path, tmp_path: Path, there: str) -> None:
    target = tmp_path / "mine"
    notes = target if there == "a file" else target / "notes.txt"
    notes.parent.mkdir(exist_ok=True)
    notes.write_text("keep me")
    with pytest.raises(InputError, match="no model folder, so it is not replaced"):
        export_model(run_dir, target, ExportOptions("mine", overwrite=True))
    assert notes.read_text() == "keep me"
