"""Model folders: files with a manifest of checksums, written whole or not at all, and verified when opened."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loglm.artifacts.files import file_sha256, take_place
from loglm.errors import InputError, ModelError

__all__ = ["MANIFEST", "default_context_dir", "default_model_dir", "open_model_dir", "write_model_dir"]

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


def default_model_dir() -> Path:
    """The folder of the model that ships inside the package."""
    return Path(__file__).resolve().parents[1] / "data" / "model"


def default_context_dir() -> Path:
    """The folder of the context encoder that ships inside the package."""
    return Path(__file__).resolve().parents[1] / "data" / "context"


def write_model_dir(
    target: Path, fill: Callable[[Path], None], *, about: dict[str, Any], overwrite: bool = False
) -> Path:
    """Make a model folder: ``fill`` writes the files into a temporary one, which then takes the target's place.

    Args:
        target: The folder to make.
        fill: Called with an empty folder.
        about: Facts for the manifest: name, version, licence, data, metrics.
        overwrite: Replace an existing folder.

    Raises:
        InputError: The folder exists and ``overwrite`` is false, or it cannot be written (a full disk).
    """
    if target.exists() and not overwrite:
        raise InputError(f"{target}: already there; use --force to replace it")
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        fill(partial)
        files = {p.relative_to(partial).as_posix(): file_sha256(p) for p in sorted(partial.rglob("*")) if p.is_file()}
        manifest = {"format_version": FORMAT_VERSION, **about, "files": files}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        take_place(partial, target)
    except OSError as error:
        raise InputError(
            f"{target}: the model cannot be written ({error.strerror or error}); make room on the disk or give another "
            "folder. Nothing was left there"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def open_model_dir(path: Path | str | None) -> tuple[Path, dict[str, Any]]:
    """A model folder (the shipped one for None) and its manifest, after checking every file against it.

    Raises:
        ModelError: No manifest, a format this version cannot read, a file missing or altered.
    """
    folder = default_model_dir() if path is None else Path(path)
    manifest_path = folder / MANIFEST
    if not manifest_path.is_file():
        reason = f"no {MANIFEST} in it" if folder.is_dir() else "there is no such folder"
        raise ModelError(f"{folder}: not a model folder ({reason}); give one, or none to use the shipped model")
    try:
        manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
        version, files = manifest["format_version"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{manifest_path}: cannot be read ({error}); export the model again") from error
    if version != FORMAT_VERSION:
        raise ModelError(f"{folder}: format {version}, but this loglm reads format {FORMAT_VERSION}")
    for name, expected in files.items():
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise ModelError(f"{manifest_path}: names a file outside the folder: {name!r}")
        if not file.is_file():
            raise ModelError(f"{folder}: {name} is missing; copy the folder again")
        if file_sha256(file) != expected:
            raise ModelError(f"{file}: altered since export (sha256 differs); copy the folder again")
    return folder, manifest
