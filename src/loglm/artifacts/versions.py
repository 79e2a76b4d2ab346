"""A folder of versions of one model, of which one is current; `open_model_dir` takes the folder itself for that one.

```
DIR/current          name of the current version, one line
DIR/versions/0000    the model that the first version was made from
DIR/versions/0001    ...
```

A version is a model folder, written whole or not at all and never changed; the pointer is replaced in one step.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loglm.artifacts.files import reach_disk
from loglm.artifacts.folder import CURRENT, MANIFEST, VERSIONS, open_model_dir, write_model_dir
from loglm.errors import InputError, ModelError

__all__ = [
    "ModelVersion",
    "add_version",
    "current_version",
    "holds_models",
    "list_versions",
    "make_current",
    "other_kind",
    "refuse_other_kind",
    "version_folder",
]

_NAME = re.compile(r"[0-9]{4,}")
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a folder."""

    name: str
    """``0001``."""
    folder: Path
    is_current: bool
    about: dict[str, Any]
    """The manifest without its files; empty where the version is damaged."""
    problem: str = ""
    """Why it cannot be used; empty where it can."""


def list_versions(root: Path) -> list[ModelVersion]:
    """The versions of a folder, oldest first, each checked against its checksums.

    Raises:
        InputError: The folder holds no versions.
    """
    current = current_version(root)
    found = []
    for name in _names(root):
        folder = root / VERSIONS / name
        try:
            _, manifest = open_model_dir(folder)
            about = {key: value for key, value in manifest.items() if key != "files"}
            found.append(ModelVersion(name, folder, name == current, about))
        except ModelError as error:
            found.append(ModelVersion(name, folder, name == current, _about(folder), str(error)))
    return found


def current_version(root: Path) -> str:
    """The name of the current version.

    Raises:
        InputError: The folder holds no versions.
    """
    try:
        name = (root / CURRENT).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        name = ""
    if not _NAME.fullmatch(name):
        raise InputError(f"{root}: no folder of versions; expected one that `loglm adapt --out` made")
    return name


def other_kind(root: Path) -> str:
    """What a folder has versions of where that is no model, such as an anomaly state; empty where it is one, or where
    no manifest says."""
    kinds = (_about(version_folder(root, name)).get("kind") for name in reversed(_names(root)))
    return next((str(kind)[:_SHOWN] for kind in kinds if kind), "")


def holds_models(root: Path) -> bool:
    """Whether a folder has versions of a model, damaged ones too."""
    has_one = any((version_folder(root, name) / MANIFEST).is_file() for name in _names(root))
    return has_one and (root / CURRENT).is_file() and not other_kind(root)


def refuse_other_kind(root: Path) -> None:
    """Complain of versions of something else than a model, which are not for a person to list or to roll back.

    Raises:
        InputError: There are such ones.
    """
    kind = other_kind(root)
    if kind:
        raise InputError(
            f"{root}: versions of something else ({kind}), no model; expected a folder that `loglm adapt --out` made. "
            "`loglm info --state` shows what a state of `loglm anomalies` holds"
        )


def add_version(root: Path, fill: Callable[[Path], None], *, about: dict[str, Any]) -> Path:
    """Write the next version, without making it current; `fill` and ``about`` as in `write_model_dir`."""
    names = _names(root)
    number = int(names[-1]) + 1 if names else 0
    return write_model_dir(version_folder(root, f"{number:04}"), fill, about=about)


def make_current(root: Path, name: str) -> None:
    """Point to another version, once it is checked and on the disk; a reader sees the old one or the new one, also
    after the power failed.

    Raises:
        InputError: There is no such version.
        ModelError: It is damaged.
    """
    if name not in _names(root):
        known = ", ".join(_names(root)) or "none"
        raise InputError(f"{root}: no version {name!r}; there are {known}")
    open_model_dir(version_folder(root, name), kinds=None)
    reach_disk(version_folder(root, name))
    reach_disk(root / VERSIONS)
    partial = root / f".{CURRENT}.{os.getpid()}"
    partial.write_text(name + "\n", encoding="ascii")
    reach_disk(partial)
    partial.replace(root / CURRENT)
    reach_disk(root)


def version_folder(root: Path, name: str) -> Path:
    """Where a version lies."""
    return root / VERSIONS / name


def _names(root: Path) -> list[str]:
    folder = root / VERSIONS
    found = [path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)] if folder.is_dir() else []
    return sorted(found, key=int)


def _about(folder: Path) -> dict[str, Any]:
    try:
        data = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return {key: value for key, value in data.items() if key != "files"} if isinstance(data, dict) else {}
    except (OSError, ValueError):
        return {}
