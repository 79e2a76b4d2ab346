"""The wheel: what is in it, and that it runs beside the base requirements alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from importlib import metadata
from pathlib import Path

import pytest

import loglm
from cli.tiny_model import write_tiny_model

_REPOSITORY = Path(__file__).resolve().parents[1]
_MODEL = "loglm/data/model/"
_RUN = """
import sys
sys.path[:0] = {paths!r}
sys.argv = ["loglm", *{arguments!r}]
from importlib.util import find_spec
assert not any(map(find_spec, ("torch", "transformers", "ray", "pytest"))), "the folders are not the base install"
from loglm.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=_REPOSITORY, capture_output=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def base_install(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two folders for the import path: the unpacked wheel, and links to the pinned base requirements only."""
    package, requirements = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("requirements")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(package)
    for name in _pinned("base.txt"):
        distribution = metadata.distribution(name)
        for top in {file.parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}:
            link = requirements / top
            if not link.exists():
                link.symlink_to(distribution.locate_file(top))
    return [str(package), str(requirements)]


@pytest.fixture
def run_installed(base_install: list[str], tmp_path: Path):
    """Runs `loglm` of the wheel outside the checkout, isolated from this environment's packages."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        code = _RUN.format(paths=base_install, arguments=[str(argument) for argument in arguments])
        command = [sys.executable, "-I", "-S", "-c", code]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.mark.parametrize(
    "name",
    [
        "loglm/py.typed",
        "loglm/attack/attack_v18_1.json",
        "loglm/attack/ATTACK-LICENSE.txt",
        "loglm/reports/page/report.html.j2",
        "loglm/reports/page/report.css",
        "loglm/reports/page/report.js",
        "loglm/reports/page/scores.html.j2",
        "loglm/reports/page/scores.css",
    ],
)
def test_wheel_holds_the_data_file(names: set[str], name: str) -> None:
    assert name in names


def test_wheel_holds_licence_and_notice(names: set[str]) -> None:
    assert {name.rpartition("/")[2] for name in names if "/licenses/" in name} >= {"LICENSE", "NOTICE"}


def test_wheel_holds_nothing_but_the_package(names: set[str]) -> None:
    assert {name.partition("/")[0] for name in names} == {"loglm", f"loglm-{loglm.__version__}.dist-info"}


def test_wheel_holds_every_file_of_the_model(wheel: Path, names: set[str]) -> None:
    if not (_REPOSITORY / "src" / _MODEL / "manifest.json").is_file():
        pytest.skip("this checkout has no model in src/loglm/data/model")
    with zipfile.ZipFile(wheel) as archive:
        manifest = json.loads(archive.read(_MODEL + "manifest.json"))
    assert manifest["files"]
    assert {_MODEL + name for name in manifest["files"]} <= names


def test_base_requirements_name_no_training_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        data = message_from_bytes(archive.read(f"loglm-{loglm.__version__}.dist-info/METADATA"))
    base = [line for line in data.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert base
    assert not [line for line in base if re.match(r"(?i)(torch|transformers|ray|onnx|lightning)\b", line)]


def test_installed_command_shows_its_version(run_installed) -> None:
    assert run_installed("--version").stdout == f"loglm {loglm.__version__}\n"


def test_installed_command_embeds_without_torch(run_installed, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    log = _REPOSITORY / "examples" / "logs" / "ssh" / "auth.log"
    done = run_installed("embed", log, "--model", model, "-o", "vectors.npz")
    assert (done.returncode, (tmp_path / "vectors.npz").is_file()) == (0, True), done.stderr


def test_installed_command_detects_without_torch(run_installed, names: set[str], tmp_path: Path) -> None:
    if _MODEL + "manifest.json" not in names:
        pytest.skip("this checkout has no model in src/loglm/data/model")
    done = run_installed("detect", _REPOSITORY / "examples" / "logs" / "ssh", "--html", "report.html")
    assert (done.returncode, (tmp_path / "report.html").is_file()) == (0, True), done.stderr


@pytest.mark.parametrize("lock", ["base.txt", "test.txt"])
def test_lock_pins_exact_versions_and_names_no_host(lock: str) -> None:
    lines = (_REPOSITORY / "requirements" / lock).read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+( ; [^:/]+)?", line)] == []


def test_test_lock_pins_what_the_base_lock_pins() -> None:
    assert _pinned("base.txt").items() <= _pinned("test.txt").items()


@pytest.mark.parametrize(("lock", "group"), [("base.txt", "dependencies"), ("test.txt", "train"), ("test.txt", "dev")])
def test_lock_holds_each_direct_dependency(lock: str, group: str) -> None:
    data = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text())
    project = data["project"]
    groups = {"dependencies": project["dependencies"], **project["optional-dependencies"], **data["dependency-groups"]}
    wanted = {re.match(r"[\w-]+", line)[0].lower() for line in groups[group]}
    assert wanted - _pinned(lock).keys() == set()


def _pinned(lock: str) -> dict[str, str]:
    """Name to version of what a lock pins on this machine's kind of system."""
    lines = (_REPOSITORY / "requirements" / lock).read_text().splitlines()
    return dict(line.partition(" ;")[0].split("==") for line in lines)
