"""Model folders: files with a manifest of checksums, written whole or not at all, and verified when opened."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from loglm.artifacts.files import file_sha256, take_place
from loglm.artifacts.folder_lock import lock_beside
from loglm.artifacts.kinds import MODEL, refuse_kind
from loglm.errors import DamagedFolderError, InputError, ModelError, OtherFormatError

__all__ = [
    "CURRENT",
    "MANIFEST",
    "VERSIONS",
    "WriteModel",
    "check_target",
    "default_context_dir",
    "default_model_dir",
    "model_target",
    "open_model_dir",
    "whole_version",
    "write_model_dir",
]

WriteModel = Callable[[Callable[[Path], None], dict[str, Any]], Path]
"""Takes what fills a folder, and facts for its manifest; returns the model folder."""
MANIFEST = "manifest.json"
CURRENT = "current"
VERSIONS = "versions"
FORMAT_VERSION = 1
_COPY = "copy the folder again"
_SHOWN = 20
"""Characters of a value that is none of those expected."""


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
        about: Facts for the manifest: name, version, licence, data, metrics; ``kind`` of what is no model.
        overwrite: Replace an existing model folder.

    Raises:
        InputError: As of `check_target`, another process is writing it, or it cannot be written (a full disk).
    """
    with model_target(target, kind=about.get("kind", MODEL), overwrite=overwrite) as write:
        return write(fill, about)


@contextmanager
def model_target(target: Path, *, kind: str = MODEL, overwrite: bool = False) -> Iterator[WriteModel]:
    """The place of a model folder, kept from other processes during the work whose result is to be written there.

    Yields:
        Makes the folder as `write_model_dir` does, of ``fill`` and ``about``.

    Raises:
        InputError: As of `check_target`, or another process is making it.
    """
    target = target.resolve()
    check_target(target, overwrite=overwrite)
    busy = f"{target}: another process is writing this {kind}; wait for its end, or give another folder"
    with ExitStack() as held:
        with _system_errors(target, kind):
            held.enter_context(lock_beside(target, busy=busy))
        check_target(target, overwrite=overwrite)  # another may have finished it since

        def write(fill: Callable[[Path], None], about: dict[str, Any]) -> Path:
            with _system_errors(target, kind):
                _write(target, fill, about)
            return target

        yield write


@contextmanager
def _system_errors(target: Path, kind: str) -> Iterator[None]:
    """What the system refuses as an error that says what to do."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{target}: the {kind} cannot be written ({error.strerror or error}); make room on the disk or give "
            "another folder. Nothing was left there"
        ) from error


def _write(target: Path, fill: Callable[[Path], None], about: dict[str, Any]) -> None:
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        fill(partial)
        files = {p.relative_to(partial).as_posix(): file_sha256(p) for p in sorted(partial.rglob("*")) if p.is_file()}
        manifest = {"format_version": FORMAT_VERSION, **about, "files": files}
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        take_place(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def check_target(target: Path, *, overwrite: bool) -> None:
    """Whether a model folder can be made here; ask before the work that would be lost.

    Raises:
        InputError: Something is there and ``overwrite`` is false, or it is no model folder, or nothing can be written.
    """
    target = target.resolve()
    if target.exists():
        if not overwrite:
            raise InputError(f"{target}: already there; use --force to replace it")
        is_ours = target.is_dir() and ((target / MANIFEST).is_file() or not any(target.iterdir()))
        if not is_ours:
            raise InputError(f"{target}: already there and no model folder, so it is not replaced; give another one")
    above = next(folder for folder in target.parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise InputError(f"{target}: cannot be made, {above} is not writable; give another folder")


def open_model_dir(path: Path | str | None, *, kinds: Collection[str] | None = (MODEL,)) -> tuple[Path, dict[str, Any]]:
    """A model folder (the shipped one for None) and its manifest, after checking every file against it.

    A folder of versions (`loglm.artifacts.versions`) stands for its current one; where that cannot be used, the error
    names another that can.

    Args:
        path: The folder.
        kinds: What it may hold, of `loglm.artifacts.kinds`; None for whatever its manifest says.

    Raises:
        DamagedFolderError: No manifest, a file missing or altered.
        OtherFormatError: A format this version cannot read.
        ModelError: It holds something else.
    """
    root = default_model_dir() if path is None else Path(path)
    folder = _current(root)
    try:
        manifest = _manifest(folder)
        if kinds is not None:
            above = folder.resolve().parent
            found = str(manifest.get("kind", MODEL))
            refuse_kind(found, root, above.parent if above.name == VERSIONS else root, wanted=kinds)
        _verify(folder, manifest)
    except (DamagedFolderError, OtherFormatError) as error:
        whole = None if folder == root else whole_version(root, fits=lambda manifest: "kind" not in manifest)
        if whole is None:
            raise
        message = f"{error}. Version {whole} is whole: `loglm model rollback {shlex.quote(str(root))} --to {whole}`"
        raise type(error)(message, error.place, error.problem) from error
    return folder, manifest


def whole_version(root: Path, *, fits: Callable[[dict[str, Any]], bool]) -> str | None:
    """The newest version beside the current one that is whole; None where there is none.

    Args:
        root: A folder of versions.
        fits: Says by its manifest whether a version can be used for what the folder is for.
    """
    pointer = root / CURRENT
    current = pointer.read_bytes().strip() if pointer.is_file() else b""
    versions = (root / VERSIONS).glob("[0-9]*")
    for folder in sorted(versions, key=lambda path: (len(path.name), path.name), reverse=True):
        with suppress(ModelError):
            if folder.name.encode() != current and fits(manifest := _manifest(folder)):
                _verify(folder, manifest)
                return folder.name
    return None


def _manifest(folder: Path) -> dict[str, Any]:
    """What a folder says of itself, not checked yet."""
    path = folder / MANIFEST
    if not path.is_file():
        reason = f"no {MANIFEST} in it" if folder.is_dir() else "there is no such folder"
        message = f"{folder}: not a model folder ({reason}); give one, or none to use the shipped model"
        raise DamagedFolderError(message, str(folder), reason)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _unreadable(path, error) from error
    if not isinstance(manifest, dict):
        raise _unreadable(path, "no JSON object")
    return manifest


def _verify(folder: Path, manifest: dict[str, Any]) -> None:
    """Check a folder's format and every file of it against its manifest."""
    path = folder / MANIFEST
    try:
        version, files = manifest["format_version"], dict(manifest["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(path, error) from error
    if version != FORMAT_VERSION:
        problem = f"of format {repr(version)[:_SHOWN]}, but this loglm reads format {FORMAT_VERSION}"
        advice = f"if a newer loglm made it, use that one; if not, it was altered: {_COPY}"
        raise OtherFormatError(f"{path}: {problem}; {advice}", str(path), problem)
    for name, expected in files.items():
        file = (folder / name).resolve()
        if not file.is_relative_to(folder.resolve()):
            raise _damaged(path, f"names a file outside the folder: {name!r}", _COPY)
        if not file.is_file():
            raise _damaged(folder, f"{name} is missing", _COPY)
        if file_sha256(file) != expected:
            raise _damaged(file, "altered since it was written (sha256 differs)", _COPY)


def _unreadable(manifest: Path, why: object) -> DamagedFolderError:
    return _damaged(manifest, f"cannot be read ({why})", "export the model again")


def _damaged(place: Path, problem: str, remedy: str) -> DamagedFolderError:
    return DamagedFolderError(f"{place}: {problem}; {remedy}", str(place), problem)


def _current(folder: Path) -> Path:
    """The current version of a folder of versions; any other folder is itself."""
    pointer = folder / CURRENT
    if (folder / MANIFEST).is_file() or not pointer.is_file():
        return folder
    name = pointer.read_text(encoding="ascii", errors="replace").strip()[:16]
    if not (name.isascii() and name.isdecimal()):
        raise _damaged(pointer, "names no version", "expected a number such as 0001")
    return folder / VERSIONS / name
