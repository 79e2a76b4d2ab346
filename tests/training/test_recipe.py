"""Whole runs: what a run folder holds, killed runs, folders and corpora that do not fit."""

from __future__ import annotations

import csv
import json
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file  # noqa: E402

from loglm.corpus.folder import TOKENIZER_JSON, CorpusFolder, write_corpus_json  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import InputError, TrainingError  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402

KILLED_AFTER = 30


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_a_run_of_both_stages(recipe: PretrainRecipe) -> None:
    results = run_recipe(recipe)
    assert json.loads((recipe.run_dir / "results.json").read_text()) == results
    assert {stage: facts["steps"] for stage, facts in results["stages"].items()} == {"masked": 6, "contrastive": 2}
    assert set(results["stages"]["contrastive"]["scores"]) == {"idts", "odts"}
    assert weights(recipe.run_dir)["backbone.embeddings.tok_embeddings.weight"].shape[1] == 192
    assert not list(recipe.run_dir.glob(".*"))


def test_a_killed_run_ends_with_the_same_weights(recipe: PretrainRecipe) -> None:
    recipe = replace(recipe, steps=120)
    run_recipe(recipe)
    cut = replace(recipe, run_dir=recipe.run_dir.with_name("cut"))
    command = [
        *(sys.executable, "-m", "loglm", "pretrain", "--corpus", cut.corpus, "--out", cut.run_dir, "--steps", "120"),
        *("--layers", "1", "--batch-tokens", "256", "--threads", "1", "--checkpoint-every", "7", "--device", "cpu"),
        *("--precision", "fp32", "--contrastive-share", "0.25", "--quiet"),
    ]
    with subprocess.Popen(command) as process:
        while process.poll() is None and _steps(cut.run_dir) < KILLED_AFTER:
            time.sleep(0.005)
        process.kill()
    assert process.returncode == -9, "it was to be killed in the middle"
    run_recipe(cut)
    expected = weights(recipe.run_dir)
    assert all(torch.equal(weight, expected[name]) for name, weight in weights(cut.run_dir).items())
    assert _steps(cut.run_dir) == 120


def _steps(folder: Path) -> int:
    path = folder / "steps.csv"
    if not path.is_file():
        return 0
    with path.open(newline="") as stream:
        return len(list(csv.reader(stream))) - 1


def test_minutes_become_steps_once(recipe: PretrainRecipe) -> None:
    recipe = replace(recipe, steps=None, minutes=0.004)
    first = run_recipe(recipe)
    assert 1 <= first["stages"]["masked"]["steps"] < 100
    before = weights(recipe.run_dir)
    assert run_recipe(recipe)["stages"]["masked"]["steps"] == first["stages"]["masked"]["steps"]
    assert all(torch.equal(weight, before[name]) for name, weight in weights(recipe.run_dir).items())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"family": "deberta-v2"}, "another encoder .family 'modernbert' there"),
        ({"steps": 12}, "another masked .max_steps 6 there, 9 here"),
        ({"accumulate": 2}, "another masked .micro_batches 1 there, 2 here"),
    ],
    ids=["family", "steps", "accumulate"],
)
def test_the_folder_of_another_run_is_refused(recipe: PretrainRecipe, change: dict[str, object], reason: str) -> None:
    run_recipe(recipe)
    with pytest.raises(TrainingError, match=reason):
        run_recipe(replace(recipe, **change))  # type: ignore[arg-type]


def test_a_run_on_another_corpus_is_refused(recipe: PretrainRecipe, tmp_path: Path) -> None:
    run_recipe(recipe)
    other = tmp_path / "other"
    shutil.copytree(recipe.corpus, other)
    facts = json.loads((other / "corpus.json").read_text())
    (other / "corpus.json").write_text(json.dumps(facts | {"sources": ["more"]}))
    with pytest.raises(TrainingError, match="another corpus"):
        run_recipe(replace(recipe, corpus=other))


def test_a_folder_that_is_no_run_is_left_alone(recipe: PretrainRecipe) -> None:
    recipe.run_dir.mkdir()
    (recipe.run_dir / "thesis.txt").write_text("dear")
    with pytest.raises(InputError, match="not empty and no run folder"):
        run_recipe(recipe)
    assert [path.name for path in recipe.run_dir.iterdir()] == ["thesis.txt"]


def test_a_run_that_was_killed_at_its_very_start_goes_on(recipe: PretrainRecipe) -> None:
    recipe.run_dir.mkdir()
    (recipe.run_dir / ".run.json.partial").write_text("{")
    run_recipe(recipe)
    assert not list(recipe.run_dir.glob(".*"))


@pytest.mark.parametrize("room", [50, 30_000], ids=["first file", "logs"])
def test_a_full_disk_is_said_and_the_run_goes_on_when_there_is_room(recipe: PretrainRecipe, room: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))  # the disk takes so many bytes of a file
    try:
        with pytest.raises(TrainingError, match=r"cannot be written .*make room on the disk and run the same command"):
            run_recipe(recipe)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (recipe.run_dir / "model.safetensors").exists()
    assert run_recipe(recipe)["stages"]["masked"]["steps"] == 6


def test_a_corpus_of_one_line_trains(recipe: PretrainRecipe, tmp_path: Path) -> None:
    corpus = tmp_path / "one"
    corpus.mkdir()
    whole = CorpusFolder.open(recipe.corpus)
    shutil.copyfile(whole.tokenizer_path, corpus / TOKENIZER_JSON)
    TokenShard.from_sequences([whole.load("train")[0][0].tolist()], [0], ("one",)).save(corpus / "train.npz")
    write_corpus_json(corpus, {"train": ["train.npz"]}, vocab_size=whole.vocab_size, about={"sources": []})
    results = run_recipe(replace(recipe, corpus=corpus))
    assert results["stages"]["contrastive"]["scores"] == {}


def test_events_longer_than_the_model_reads_are_cut(recipe: PretrainRecipe, tmp_path: Path) -> None:
    corpus = tmp_path / "long"
    corpus.mkdir()
    whole = CorpusFolder.open(recipe.corpus)
    shutil.copyfile(whole.tokenizer_path, corpus / TOKENIZER_JSON)
    TokenShard.from_sequences([[2, *[20] * 400, 3], [2, 21, 3]], [0, 0], ("long",)).save(corpus / "train.npz")
    write_corpus_json(corpus, {"train": ["train.npz"]}, vocab_size=whole.vocab_size, about={"sources": []})
    run_recipe(replace(recipe, corpus=corpus))
    sample = TokenShard.load(recipe.run_dir / "sample.npz")
    assert [sample[i].tolist() for i in range(2)] == [[2, *[20] * 254, 3], [2, 21, 3]]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "--steps N or --minutes M"),
        ({"steps": 5, "minutes": 1.0}, "one of them"),
        ({"steps": 5, "size": "huge"}, "expected one of nano, small"),
        ({"steps": 5, "contrastive_share": 1.1}, "between 0 and 1"),
        ({"steps": 5, "positives": "pairs"}, "needs --pairs FILE"),
        ({"steps": 5, "pairs": Path("pairs.jsonl")}, "needs --positives pairs"),
        ({"steps": 5, "positives": "pairs", "pairs": Path("pairs.jsonl")}, "contrastive-share above 0"),
        ({"minutes": -1.0}, "minutes -1.0 must be above 0"),
        ({"steps": 5, "learning_rate": float("nan")}, "learning rate nan must be above 0"),
    ],
    ids=["no length", "two lengths", "size", "share", "no file", "unused file", "no stage", "minutes", "learning rate"],
)
def test_recipe_that_cannot_be_carried_out(options: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        PretrainRecipe(Path("corpus"), Path("run"), **options)  # type: ignore[arg-type]
