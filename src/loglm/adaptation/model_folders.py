"""Adapted models as versions of a folder: the base first, then each adaptation with what it rests on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loglm import __version__
from loglm.adaptation.adapting import Adapted
from loglm.adaptation.reference import ReferenceWindows, known_scores
from loglm.artifacts.folder import CURRENT, MANIFEST, open_model_dir
from loglm.artifacts.versions import (
    add_version,
    current_version,
    holds_models,
    list_versions,
    make_current,
    other_kind,
    version_folder,
)
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.errors import InputError

__all__ = ["base_of", "keep_version", "models_of"]

_MOST_MODELS = 5
"""Asked for the findings that labels are about; each reads the logs once."""

_REPLACED = frozenset(("head.npz", "labels.json", "words.txt", "calibration.json", MANIFEST))
"""Files of the base that an adaptation writes anew; the others are copied."""


def base_of(root: Path, model: Path | None) -> Path | None:
    """The model that an adaptation kept in a folder starts from: ``model``, else the one that the folder began with.

    So an adaptation never builds on another: what is learned is in the logs and labels given, all of it.

    Raises:
        InputError: The folder has something else in it.
    """
    if holds_models(root):
        return version_folder(root, "0000") if model is None else model
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        kind = other_kind(root)
        raise InputError(
            f"{root}: there is something else{f' ({kind})' if kind else ''}; give a new folder, or one that `loglm "
            "adapt --out` made"
        )
    return model


def models_of(root: Path, base: Path | None) -> list[Path | None]:
    """The models that may have raised findings in this environment, likeliest first, five at most.

    The current version, the model that an adaptation starts from, then the other versions, newest first.
    """
    if not (root / CURRENT).is_file():
        return [base]
    names = [version.name for version in reversed(list_versions(root)) if not version.problem]
    current = current_version(root)
    others = [version_folder(root, name) for name in names if name != current]
    found = [*(version_folder(root, name) for name in names if name == current), base, *others]
    return list(dict.fromkeys(found))[:_MOST_MODELS]


def keep_version(
    root: Path,
    base: Path | None,
    adapted: Adapted,
    facts: dict[str, Any],
    *,
    write_encoder: Callable[[Path], None] | None = None,
) -> Path:
    """Write an adaptation as the next version, and make it current; of a new folder the base comes first.

    ``write_encoder``: puts a tuned encoder in place of the base's.
    """
    folder, manifest = open_model_dir(base)
    about = {key: value for key, value in manifest.items() if key not in ("files", "format_version")}
    if not (root / CURRENT).is_file():
        scores = known_scores(ReferenceWindows.load(), AttackHead.load(folder), Calibration.load(folder))
        first = add_version(
            root, lambda target: _copy(folder, target, frozenset((MANIFEST,))), about=about | {"known": asdict(scores)}
        )
        make_current(root, first.name)

    def fill(target: Path) -> None:
        _copy(folder, target, _REPLACED)
        adapted.head.save(target)
        adapted.calibration.save(target)
        if write_encoder is not None:
            write_encoder(target)

    about["version"] = f"{about.get('version', '1')}-adapted"
    about |= {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "loglm_version": __version__}
    about |= {"known": asdict(adapted.known_after), "adaptation": facts}
    made = add_version(root, fill, about=about)
    make_current(root, made.name)
    return made


def _copy(source: Path, target: Path, without: frozenset[str]) -> None:
    for file in sorted(source.rglob("*")):
        name = file.relative_to(source)
        if file.is_file() and name.as_posix() not in without:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target / name)
