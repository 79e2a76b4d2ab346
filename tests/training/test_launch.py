"""Several processes train to the same weights as one that accumulates as many micro-batches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file  # noqa: E402

from loglm.corpus.executors import connect_ray  # noqa: E402
from loglm.errors import InputError  # noqa: E402
from loglm.training.launch import launch  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402


@pytest.fixture
def recipe(recipe: PretrainRecipe) -> PretrainRecipe:
    """One that stops to evaluate and to save in between."""
    return replace(recipe, evaluate_every=2, checkpoint_every=3)


@pytest.fixture
def one_process(recipe: PretrainRecipe, tmp_path: Path) -> dict[str, torch.Tensor]:
    alone = replace(recipe, run_dir=tmp_path / "alone", accumulate=2)
    run_recipe(alone)
    return load_file(alone.run_dir / "model.safetensors")


def assert_same(folder: Path, expected: dict[str, torch.Tensor]) -> None:
    weights = load_file(folder / "model.safetensors")
    assert weights.keys() == expected.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name], rtol=1e-3, atol=1e-5)


def test_two_processes_train_as_one_with_the_joint_batch(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor]
) -> None:
    results = launch(recipe, processes=2)
    assert results is not None
    assert results["processes"] == "2 processes"
    assert_same(recipe.run_dir, one_process)


def test_sharded_weights_train_as_whole_ones_and_are_taken_over_by_one_process(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor]
) -> None:
    launch(replace(recipe, sharding="fsdp"), processes=2)
    assert_same(recipe.run_dir, one_process)
    (recipe.run_dir / "model.safetensors").unlink()
    run_recipe(replace(recipe, accumulate=2))
    assert_same(recipe.run_dir, one_process)


def test_ray_actors_train_as_one_process(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="needs the ray extra")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        connect_ray("local")
        monkeypatch.chdir(recipe.run_dir.parent)  # actors start elsewhere
        launch(replace(recipe, run_dir=Path(recipe.run_dir.name)), processes=2, ray_address="local")
    finally:
        ray.shutdown()
    assert_same(recipe.run_dir, one_process)


def test_sharding_needs_processes(recipe: PretrainRecipe) -> None:
    with pytest.raises(InputError, match="give --workers 2 or more"):
        launch(replace(recipe, sharding="fsdp"))
