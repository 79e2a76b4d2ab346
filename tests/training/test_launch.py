"""Several processes train to the same weights as one that accumulates as many micro-batches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from safetensors.torch import load_file  # noqa: E402

from loglm.corpus.executors import connect_ray  # noqa: E402
from loglm.errors import InputError, MissingExtraError  # noqa: E402
from loglm.training.launch import launch  # noqa: E402
from loglm.training.recipe import PretrainRecipe, run_recipe  # noqa: E402
from loglm.training.team import Sharding  # noqa: E402


@pytest.fixture
def recipe(recipe: PretrainRecipe) -> PretrainRecipe:
    """One that stops to evaluate and to save in between; AdamW computes in fp32, so that weights can be compared."""
    return replace(recipe, evaluate_every=2, checkpoint_every=3, optimizer="adamw")


@pytest.fixture
def one_process(recipe: PretrainRecipe, tmp_path: Path) -> dict[str, torch.Tensor]:
    return weights_alone(recipe, tmp_path / "alone")


def weights_alone(recipe: PretrainRecipe, folder: Path) -> dict[str, torch.Tensor]:
    run_recipe(replace(recipe, run_dir=folder, accumulate=2))
    return load_file(folder / "model.safetensors")


def assert_same(folder: Path, expected: dict[str, torch.Tensor]) -> None:
    weights = load_file(folder / "model.safetensors")
    assert weights.keys() == expected.keys()
    projection, own = weights.pop("projection.weight"), expected["projection.weight"]
    for name, weight in weights.items():
        torch.testing.assert_close(weight, expected[name], rtol=1e-3, atol=1e-5)
    # Made by whitening at the end, whose eigenvectors magnify rounding in single numbers: as a whole.
    assert (projection - own).norm() < 1e-4 * own.norm()


def test_two_processes_train_as_one_with_the_joint_batch(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor]
) -> None:
    results = launch(recipe, processes=2)
    assert results is not None
    assert results["processes"] == "2 processes"
    assert_same(recipe.run_dir, one_process)


@pytest.mark.parametrize("sharding", ["gradients", "fsdp"])
def test_sharded_weights_train_as_whole_ones_and_are_taken_over_by_one_process(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor], sharding: Sharding
) -> None:
    results = launch(replace(recipe, sharding=sharding), processes=2)
    assert results is not None
    assert results["processes"] == f"2 processes, {sharding}"
    assert_same(recipe.run_dir, one_process)
    (recipe.run_dir / "model.safetensors").unlink()
    run_recipe(replace(recipe, accumulate=2))
    assert_same(recipe.run_dir, one_process)


def test_muon_moves_sharded_weights_as_whole_ones(recipe: PretrainRecipe, tmp_path: Path) -> None:
    """In bf16, so not to the last digit."""
    recipe = replace(recipe, optimizer="muon", sharding="fsdp")
    launch(recipe, processes=2)
    sharded = load_file(recipe.run_dir / "model.safetensors")
    whole = weights_alone(replace(recipe, sharding="none"), tmp_path / "alone")
    start = weights_alone(replace(recipe, sharding="none", learning_rate=1e-12), tmp_path / "start")
    for name in (name for name in start if name.startswith("backbone")):  # the projection is whitened at the end
        moved, expected = ((weights[name] - start[name]).flatten() for weights in (sharded, whole))
        assert torch.cosine_similarity(moved, expected, dim=0) > 0.99, name
        assert moved.norm() / expected.norm() == pytest.approx(1, abs=0.01)


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """A cluster on this machine."""
    for package in ("ray", "pandas", "pyarrow"):
        pytest.importorskip(package, reason="needs the ray extra")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        paths = (str(Path(__file__).parent), os.environ.get("PYTHONPATH", ""))  # of `DiesOnce`
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        module = connect_ray("local")
        yield
        module.shutdown()


_on_ray = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")  # it warns of its own


@_on_ray
@pytest.mark.usefixtures("ray")
def test_sharded_processes_of_ray_train_as_one(recipe: PretrainRecipe, one_process: dict[str, torch.Tensor]) -> None:
    results = launch(replace(recipe, sharding="fsdp"), processes=2, ray_address="local")
    assert results is not None
    assert results["processes"] == "2 processes, fsdp"
    assert_same(recipe.run_dir, one_process)


class DiesOnce(PretrainRecipe):
    """Its second process is killed when its first stage has ended; not again when it is started again."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name == "checkpoint_every" and os.environ.get("RANK") == "1":  # asked for when a stage begins
            mark = self.run_dir.with_name("died")
            if (self.run_dir / "masked.checkpoint.pt").is_file() and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().__getattribute__(name)


@_on_ray
@pytest.mark.usefixtures("ray")
def test_processes_of_ray_train_as_one_and_start_again_by_themselves(
    recipe: PretrainRecipe, one_process: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = recipe.run_dir.parent
    monkeypatch.chdir(folder)  # processes start elsewhere
    stale = folder / ".run.ray" / "checkpoint_manager_snapshot.json"  # of a run that was killed
    stale.parent.mkdir()
    stale.write_text("{")
    relative = {**{option.name: getattr(recipe, option.name) for option in fields(recipe)}, "run_dir": Path("run")}
    results = launch(DiesOnce(**relative), processes=2, ray_address="local")
    assert results is not None
    assert results["processes"] == "2 processes"
    assert (folder / "died").is_file()
    assert_same(recipe.run_dir, one_process)
    assert sorted(path.name for path in folder.iterdir()) == ["alone", "died", "run"]


def test_an_error_that_starting_again_would_repeat_ends_a_run_on_ray() -> None:
    pytest.importorskip("pandas", reason="needs the ray extra")
    pytest.importorskip("ray.train", reason="needs the ray extra")
    from ray.train.v2._internal.util import construct_user_exception_with_traceback
    from ray.train.v2.api.exceptions import ControllerError, WorkerGroupError

    from loglm.training.ray_train import _Failures, _own_error

    try:
        raise InputError("no corpus here")
    except InputError as error:
        own = construct_user_exception_with_traceback(error)  # as it leaves a process
    lost = RuntimeError("connection closed by peer")
    with pytest.raises(InputError, match="no corpus here") as caught:
        _Failures().after_exception(None, {0: lost, 1: own})
    assert _own_error(ControllerError(caught.value)) is caught.value
    _Failures().after_exception(None, {0: lost})
    message = str(_own_error(WorkerGroupError("", {0: lost})))
    assert "connection closed by peer" in message
    assert "goes on from the last checkpoint" in message


def test_ray_without_ray_train_names_the_extra(recipe: PretrainRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray.train.torch", None)
    monkeypatch.delitem(sys.modules, "loglm.training.ray_train", raising=False)
    with pytest.raises(MissingExtraError, match=r"comes with the extra loglm\[ray\]"):
        launch(recipe, processes=2, ray_address="local")


@pytest.mark.parametrize("package", ["pandas", "pyarrow"])
def test_what_ray_train_needs_is_named_by_the_extra(package: str) -> None:
    pytest.importorskip("ray", reason="needs the ray extra")
    code = f"""
import sys
sys.modules[{package!r}] = None
from loglm.errors import MissingExtraError
from loglm.training.launch import launch
try:
    launch(None, processes=2, ray_address="local")
except MissingExtraError as error:
    print(error)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "loglm[ray]" in found.stdout, found.stderr


def test_a_missing_module_of_our_own_is_not_taken_for_ray(
    recipe: PretrainRecipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pandas", reason="needs the ray extra")
    pytest.importorskip("ray.train", reason="needs the ray extra")
    for name in ("loglm.training.ray_train", "loglm.training.recipe"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "loglm.training.recipe", None)
    with pytest.raises(ModuleNotFoundError, match=r"loglm\.training\.recipe"):
        launch(recipe, processes=2, ray_address="local")


def test_sharding_needs_processes(recipe: PretrainRecipe) -> None:
    with pytest.raises(InputError, match="give --workers 2 or more"):
        launch(replace(recipe, sharding="fsdp"))
