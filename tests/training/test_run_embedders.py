"""Encoders of runs as embedders: the same vectors as the exported model gives, and untrained ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.artifacts.config import ENCODER_SIZES
from loglm.corpus.folder import CorpusFolder
from loglm.errors import ModelError
from loglm.runtime.encoder import LogEncoder
from loglm.training.model_folder import ExportOptions, export_model
from loglm.training.recipe import PretrainRecipe, run_recipe
from loglm.training.run_embedders import (
    finished_embedder,
    run_embedders,
    run_shapes,
    untrained_embedders,
)

TEXTS = ["linux/auth login\nmethod=password\nAccepted root on port 3", "linux/auth login\nprogram=sudo"]


@pytest.fixture(scope="module")
def run_dir(corpus_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small-run"
    run_recipe(
        PretrainRecipe(
            corpus_folder,
            folder,
            layers=1,
            steps=4,
            contrastive_share=0.5,
            batch_tokens=256,
            threads=1,
            device="cpu",
            precision="fp32",
        )
    )
    return folder


def test_a_finished_run_embeds_as_its_exported_model_does(run_dir: Path, tmp_path: Path) -> None:
    export_model(run_dir, tmp_path / "model", ExportOptions("made", precision="fp32", head=False))
    vectors = finished_embedder(run_dir).fit([])(TEXTS)
    assert isinstance(vectors, np.ndarray)
    assert vectors == pytest.approx(LogEncoder.from_pretrained(tmp_path / "model").embed_texts(TEXTS), abs=1e-4)


def test_each_stage_of_a_run_is_an_embedder(run_dir: Path) -> None:
    stages = run_embedders(run_dir)
    assert [embedder.name for embedder in stages] == ["small-run masked", "small-run contrastive", "small-run"]
    masked, contrastive, finished = (embedder.fit([])(TEXTS) for embedder in stages)
    assert not np.allclose(masked, contrastive, atol=1e-3)
    assert np.allclose(contrastive, finished, atol=1e-5)  # too few events to whiten on


def test_untrained_encoders_differ_by_seed_and_share_a_name(run_dir: Path) -> None:
    ((config, tokenizer),) = run_shapes(run_dir).items()
    assert config == replace(ENCODER_SIZES["nano"], layers=1, vocab_size=config.vocab_size, pooling="first-last")
    first, second = untrained_embedders(config, tokenizer, seeds=2)
    assert first.name == second.name == "untrained, 192 x 1"
    assert not np.allclose(first.fit([])(TEXTS), second.fit([])(TEXTS), atol=0.1)


def test_untrained_encoders_are_whitened_on_a_corpus(run_dir: Path, corpus_folder: Path, tmp_path: Path) -> None:
    ((config, tokenizer),) = run_shapes(run_dir).items()
    corpus = CorpusFolder.open(corpus_folder)
    narrow = replace(config, width=16, heads=2, intermediate=16)
    names = [embedder.name for embedder in untrained_embedders(narrow, tokenizer, seeds=2, corpus=corpus)]
    assert names == ["untrained, 16 x 1"] * 2 + ["untrained, 16 x 1, whitened"] * 2
    plain, _, whitened, _ = (
        embedder.fit([])(TEXTS) for embedder in untrained_embedders(narrow, tokenizer, seeds=2, corpus=corpus)
    )
    assert whitened[0] @ whitened[1] < plain[0] @ plain[1]
    other = tmp_path / "tokenizer.json"
    other.write_bytes(tokenizer.read_bytes() + b"\n")
    assert len(untrained_embedders(narrow, other, seeds=2, corpus=corpus)) == 2


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no run folder"):
        finished_embedder(tmp_path)
