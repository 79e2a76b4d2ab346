"""Whole runs: what a run folder holds, killed runs, folders and corpora that do not fit."""

from __future__ import annotations

import csv
import json
import re
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from cli.tiny_model import write_tiny_model  # noqa: E402
from loglm.artifacts.config import ENCODER_SIZES  # noqa: E402
from loglm.cli.main import app  # noqa: E402
from loglm.corpus.folder import TOKENIZER_JSON, CorpusFolder, write_corpus_json  # noqa: E402
from loglm.corpus.shards import TokenShard  # noqa: E402
from loglm.errors import InputError, LogLMError, TrainingError  # noqa: E402
from loglm.training.launch import launch  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.run_identity import differing_settings  # noqa: E402

KILLED_AFTER = 30
_STEPS = (("masked", 6, 9), ("contrastive", 2, 3))
_SMALL = "--size (width) 192 there, 320 asked"
_RATES = (
    "--learning-rate (masked stage) 0.004 there, 0.001 asked",
    "--learning-rate (contrastive stage) 0.001 there, 0.00025 asked",
)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_a_run_of_both_stages(recipe: PretrainRecipe) -> None:
    results = run_recipe(recipe)
    assert json.loads((recipe.run_dir / "results.json").read_text()) == results
    assert {stage: facts["steps"] for stage, facts in results["stages"].items()} == {"masked": 6, "contrastive": 2}
    assert set(results["stages"]["contrastive"]["scores"]) == {"idts", "odts"}
    assert weights(recipe.run_dir)["backbone.embeddings.tok_embeddings.weight"].shape[1] == 192
    assert not list(recipe.run_dir.glob(".*"))


def test_files_of_a_run_have_one_mode(recipe: PretrainRecipe) -> None:
    run_recipe(recipe)
    assert len({path.stat().st_mode for path in recipe.run_dir.iterdir() if path.is_file()}) == 1


def test_vectors_that_are_not_whitened_are_said_to_be(recipe: PretrainRecipe) -> None:
    done = CliRunner().invoke(app, [*_command(recipe), "--quiet"])
    assert json.loads((recipe.run_dir / "results.json").read_text())["whitened"] is False
    assert "not whitened" in done.stderr
    assert "learns from at least 1,536 different texts, and there are 160;" in done.stderr


def test_pairs_that_are_none_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text("Mar  4 10:15:01 web1 sshd[4867]: no JSON\n")
    options = ["--positives", "pairs", "--contrastive-share", "0.5", "--pairs", str(pairs), "--steps", "2"]
    command = ["pretrain", "--corpus", str(tmp_path / "no corpus"), "--out", str(tmp_path / "run"), *options]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert f"{pairs}:1: no JSON object" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["pairs.jsonl"]


def test_a_killed_run_ends_with_the_same_weights(recipe: PretrainRecipe, capfd: pytest.CaptureFixture[str]) -> None:
    """While it runs another is refused; once it is killed the next goes on, and says from where."""
    recipe = replace(recipe, steps=120)
    run_recipe(recipe)
    cut = replace(recipe, run_dir=recipe.run_dir.with_name("cut"))
    command = [sys.executable, "-m", "loglm", *_command(cut), "--checkpoint-every", "7", "--quiet"]
    with subprocess.Popen(command) as process:
        while process.poll() is None and _steps(cut.run_dir) < KILLED_AFTER:
            time.sleep(0.005)
        with pytest.raises(InputError, match="another process is training there; wait for its end"):
            launch(cut)
        process.kill()
    assert process.returncode == -9, "it was to be killed in the middle"
    capfd.readouterr()
    launch(cut, quiet=False)
    assert re.search(r"^masked: goes on from step \d+ of 90, the last checkpoint", capfd.readouterr().err, re.MULTILINE)
    expected = weights(recipe.run_dir)
    assert all(torch.equal(weight, expected[name]) for name, weight in weights(cut.run_dir).items())
    assert _steps(cut.run_dir) == 120


def _command(recipe: PretrainRecipe) -> list[str]:
    """Of a recipe of the fixture."""
    return [
        *("pretrain", "--corpus", str(recipe.corpus), "--out", str(recipe.run_dir), "--steps", str(recipe.steps)),
        *("--layers", "1", "--batch-tokens", "256", "--threads", "1", "--device", "cpu", "--precision", "fp32"),
        *("--contrastive-share", "0.25"),
    ]


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
    ("change", "settings"),
    [
        ({"family": "deberta-v2"}, ["--family modernbert there, deberta-v2 asked"]),
        ({"steps": 12}, [f"--steps ({stage} stage) {there} there, {asked} asked" for stage, there, asked in _STEPS]),
        ({"accumulate": 2, "seed": 1}, ["--accumulate times --workers 1 there, 2 asked", "--seed 0 there, 1 asked"]),
        ({"contrastive_share": 0.0, "steps": 6}, ["contrastive stage 2 steps there, none asked"]),
        ({"size": "small"}, [_SMALL]),
        ({"size": "small", "learning_rate": 1e-3}, [_SMALL, *_RATES]),
        ({"optimizer": "adamw"}, ["--optimizer muon there, adamw asked"]),
    ],
    ids=["family", "steps", "accumulate and seed", "one stage", "size", "size and learning rate", "optimizer"],
)
def test_the_folder_of_another_run_is_refused(
    recipe: PretrainRecipe, change: dict[str, object], settings: list[str]
) -> None:
    """Each setting that was asked for otherwise is named, and none that follows from it."""
    run_recipe(recipe)
    with pytest.raises(TrainingError) as refused:
        run_recipe(replace(recipe, **change))  # type: ignore[arg-type]
    assert f"of a run with other settings: {'; '.join(settings)}. Give another --out" in str(refused.value)


def test_layers_of_a_size_are_named_where_they_were_given() -> None:
    nano, base, flat = (
        {"encoder": ENCODER_SIZES[size].to_json() | changes}
        for size, changes in (("nano", {}), ("base", {}), ("base", {"layers": 2}))
    )
    size = "--size (width) 192 there, 768 asked"
    assert differing_settings(nano, base) == [size, "vocab_size 16384 there, 30000 asked"]
    assert "--layers 4 there, 2 asked" in differing_settings(nano, flat)
    corpora = nano | {"corpus": "a", "tokenizer": "a"}, base | {"corpus": "b", "tokenizer": "b"}
    assert differing_settings(*corpora) == [size, "--corpus a there, b asked"]


def test_numbers_are_shown_as_far_as_they_differ() -> None:
    there, close, far = ({"masked": {"stage": "masked", "learning_rate": rate}} for rate in (0.3, 0.1 + 0.2, 0.7 + 0.1))
    (named,) = differing_settings(there, close)
    assert named == "--learning-rate (masked stage) 0.3 there, 0.30000000000000004 asked"
    (named,) = differing_settings(there, far)
    assert named == "--learning-rate (masked stage) 0.3 there, 0.8 asked"


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_finished_run_is_said_to_be_and_left_as_it_is(recipe: PretrainRecipe, form: list[str]) -> None:
    results = run_recipe(recipe)
    before = {path.name: path.stat().st_mtime_ns for path in recipe.run_dir.glob("*.*")}
    again = CliRunner().invoke(app, [*_command(recipe), *form, "--quiet"])
    assert again.exit_code == 0, again.output
    assert f"{recipe.run_dir}: this run was finished before; nothing was trained" in again.stderr
    for name in ("results.json", "model.safetensors", "masked.checkpoint.pt", "steps.csv"):
        assert (recipe.run_dir / name).stat().st_mtime_ns == before[name]
    if form:
        assert json.loads(again.stdout) == results | {"already_finished": True}


@pytest.mark.parametrize("unfit", ["no pair", "replay without texts", "replay without a shard", "teacher", "folder"])
def test_all_that_is_given_is_checked_before_the_corpus_is_loaded(
    recipe: PretrainRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unfit: str
) -> None:
    given, reason = _unfit(unfit, recipe, tmp_path)
    monkeypatch.setattr(CorpusFolder, "load", lambda *_, **__: pytest.fail("the corpus is loaded"))
    with pytest.raises(LogLMError, match=reason):
        run_recipe(replace(recipe, **given))


def _unfit(what: str, recipe: PretrainRecipe, folder: Path) -> tuple[dict[str, Any], str]:
    """What is given to a run beside its corpus, and why that cannot be used."""
    if what == "no pair":
        (folder / "pairs.jsonl").write_text("")
        return {"positives": "pairs", "pairs": folder / "pairs.jsonl"}, "no pair in it"
    if what == "teacher":
        return {"teacher": write_tiny_model(folder / "tiny")}, "another tokenizer than the corpus"
    if what == "folder":
        recipe.run_dir.mkdir()
        (recipe.run_dir / "thesis.txt").write_text("dear")
        return {}, "not empty and no run folder"
    old = shutil.copytree(recipe.corpus, folder / "old")
    if what == "replay without a shard":
        (old / "train.npz").unlink()
        return {"layers": None, "start": folder, "replay": old}, r"old.train\.npz: shard cannot be read"
    facts = json.loads((old / "corpus.json").read_text())
    (old / "corpus.json").write_text(json.dumps(facts | {"splits": {}}))
    return {"layers": None, "start": folder, "replay": old}, "old: the split 'train' is empty"


def test_vectors_of_a_finished_run_can_be_left_as_trained(recipe: PretrainRecipe) -> None:
    """Weights are made of the last checkpoint again: that is no finished run."""
    first = run_recipe(recipe)
    again = run_recipe(replace(recipe, whitening=False))
    assert ("whitened" in first, "whitened" in again, "already_finished" in again) == (True, False, False)


def test_a_run_on_another_corpus_is_refused(recipe: PretrainRecipe, tmp_path: Path) -> None:
    run_recipe(recipe)
    other = tmp_path / "other"
    shutil.copytree(recipe.corpus, other)
    facts = json.loads((other / "corpus.json").read_text())
    (other / "corpus.json").write_text(json.dumps(facts | {"sources": ["more"]}))
    with pytest.raises(TrainingError, match=r"--corpus sha256 \w{8} there, sha256 \w{8} asked\. Give another --out"):
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
