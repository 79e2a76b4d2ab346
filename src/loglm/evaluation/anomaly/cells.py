"""Finished cells of the benchmark, kept in a folder so that a run goes on where it was stopped.

A cell is one detector with one seed on one data set: its scores on the validation and the test part, and on the altered
test parts. Figures are made of them each time, so another metric needs no new run.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm import __version__
from loglm.errors import InputError
from loglm.evaluation.anomaly.labelled_sequences import LabelledSequences

__all__ = ["Cell", "CellFolder", "cell_key", "set_digest"]

_KEPT = "cells"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one detector gave."""

    scores: Mapping[str, np.ndarray]
    """float64 by part: ``tune``, ``test``, and the name of each alteration of the test part."""
    seconds: float
    """It took to learn and to score."""


class CellFolder:
    """Where cells lie; None keeps nothing.

    Raises:
        InputError: The folder holds something else, or cannot be made.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        if path is None:
            return
        if path.is_dir() and not (path / _KEPT).is_dir() and any(path.iterdir()):
            raise InputError(f"{path}: holds other files than those of this benchmark; give a new folder to --out")
        try:
            (path / _KEPT).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{path}: cannot be made ({error.strerror}); give another folder to --out") from error

    def kept(self, name: str, key: str) -> Cell | None:
        """A finished cell; None where there is none, or it cannot be read."""
        if self.path is None:
            return None
        try:
            with _file(self.path, name, key).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                scores = {part: arrays[part] for part in arrays.files if part != "seconds"}
                return Cell(scores, float(arrays["seconds"]))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def keep(self, name: str, key: str, cell: Cell) -> None:
        """Write a cell; it appears whole or not at all."""
        if self.path is None:
            return
        target = _file(self.path, name, key)
        partial = target.with_suffix(".partial")
        with partial.open("wb") as file:
            np.savez_compressed(file, seconds=np.float64(cell.seconds), **cell.scores)  # type: ignore[arg-type]
        partial.replace(target)


def set_digest(data: LabelledSequences) -> str:
    """sha256 of all that is learned from and scored."""
    digest = hashlib.sha256("\0".join(data.sequences.texts).encode("utf-8", "replace"))
    events, bounds = data.sequences.flat()
    for array in (events, bounds, data.is_anomaly, data.part):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def cell_key(digest: str, detector: str, seed: int, *parts: str) -> str:
    """sha256 of what a cell's scores depend on; ``parts`` are versions of models and names of alterations."""
    return hashlib.sha256("\0".join([__version__, digest, detector, str(seed), *parts]).encode()).hexdigest()


def _file(folder: Path, name: str, key: str) -> Path:
    return folder / _KEPT / f"{name}-{key[:16]}.npz"
