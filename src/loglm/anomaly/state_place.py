"""The folder that a state is kept in: what may be one, whose it is for the time of a run, what to do where it is
damaged."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, TextIO

from loglm.anomaly.state_format import misfit
from loglm.artifacts.folder import CURRENT, MANIFEST, VERSIONS, whole_version
from loglm.artifacts.folder_lock import LOCK, lock_folder
from loglm.artifacts.kinds import ANOMALY_STATE
from loglm.errors import InputError

__all__ = ["LEARN", "NEWER", "leave_nothing", "locked", "refuse_other", "way_out"]

LEARN: Final = "learn from a baseline again in another folder"
_RESTORE: Final = f"restore the folder from a copy, or {LEARN}"
NEWER: Final = f"if a newer loglm made it, use that one; if not, {_RESTORE}"


def refuse_other(path: Path | str, root: Path, *, read_only: bool) -> None:
    """Refuse what holds no state, nor room for one where one may be made."""
    found = ""
    if root.exists() and not root.is_dir():
        found = "is a file"
    elif root.is_dir() and not (root / CURRENT).is_file() and not _is_empty(root):
        is_model = (root / MANIFEST).is_file()
        found = "is the folder of a model, and no state" if is_model else "holds other things and no state"
    if found and read_only:
        raise InputError(f"{path}: {found}; expected a folder that `loglm anomalies --state` made")
    if found:
        raise InputError(f"{path}: {found}; give a folder that is empty, or not there yet, to keep the state in")
    if not (root / CURRENT).is_file() and any((root / VERSIONS).glob(f"[0-9]*/{MANIFEST}")):
        raise InputError(
            f"{path}: the state is damaged (its file {CURRENT} is missing, which names one of {VERSIONS}); "
            f"{way_out(root)}"
        )


def locked(root: Path) -> TextIO:
    """The open file that a folder is this run's by, until it is closed; a killed run has left no lock."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        return lock_folder(root, busy=f"{root}: another run is using it; wait for its end, or give another")
    except OSError as error:
        raise InputError(f"{root}: no state can be kept there ({error.strerror or error}); give another") from error


def leave_nothing(root: Path, made: Iterable[Path]) -> None:
    """Remove the lock of a folder in which no state was kept, and the folders that were made for it."""
    if (root / CURRENT).is_file():
        return
    with suppress(OSError):  # whatever else lies there stays
        (root / LOCK).unlink()
        if (root / VERSIONS).is_dir():
            (root / VERSIONS).rmdir()
        for folder in made:
            folder.rmdir()


def _is_empty(root: Path) -> bool:
    """Whether nothing is in a folder, or what a run that ended before its first state has left."""
    return all(one.name in (LOCK, VERSIONS) for one in root.iterdir())


def way_out(root: Path, advice: str = _RESTORE) -> str:
    """What to do about a state that cannot be used; another version that is whole can be gone on with."""
    whole = whole_version(root, fits=lambda manifest: manifest.get("kind") == ANOMALY_STATE and not misfit(manifest))
    if whole is None:
        return advice
    return f"{advice}. Its version {whole} is whole: write {whole} into {root / CURRENT} to go on from there"
