"""What `loglm evaluate attack` measures on: the windows and their surprise, those that were kept or read anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from loglm.artifacts.folder import default_context_dir, open_model_dir
from loglm.artifacts.kinds import CONTEXT_ENCODER
from loglm.context.encoder import ContextEncoder
from loglm.evaluation.attack_benchmark import is_used, refuse_missing, select_recordings
from loglm.evaluation.attack_data import Recording, load_recordings
from loglm.evaluation.window_surprise import load_bits, save_bits, window_surprise
from loglm.evaluation.window_table import WindowTable, build_window_table

__all__ = ["Report", "attack_bits", "attack_table"]

Report = Callable[[int, Recording], None]
"""Called after each recording that was read, with its index and itself."""


def attack_table(data: Path, sigma: Path | None, kept: Path | None, *, report: Report | None = None) -> WindowTable:
    """The windows of what the benchmark uses.

    Args:
        data: Folder with ``labels.csv`` and the recordings that it names.
        sigma: Sigma rules whose hits the windows carry; None for none.
        kept: File of windows: used where there is one, else written; None to read anew.
        report: Told of each recording read.

    Raises:
        InputError: Recordings are missing, or the file is none of windows.
    """
    table = _whole_table(data, sigma, kept, report)
    return select_recordings(table, [i for i, recording in enumerate(table.recordings) if is_used(recording)])


def _whole_table(data: Path, sigma: Path | None, kept: Path | None, report: Report | None) -> WindowTable:
    if kept is not None and kept.is_file():
        return WindowTable.load(kept)
    from loglm.detection.sigma import SigmaRules

    rules = None if sigma is None else SigmaRules.load(sigma)
    used = [recording for recording in load_recordings(data) if is_used(recording)]
    refuse_missing(used)

    def say(number: int, recording: Recording, _windows: int) -> None:
        if report is not None:
            report(number, recording)

    table = build_window_table(data, used, match=rules.match if rules else None, report=say)
    if kept is not None:
        table.save(kept)
    return table


def attack_bits(
    data: Path, table: WindowTable, context: str, kept: Path | None, *, report: Report | None = None
) -> np.ndarray:
    """The surprise of windows, float32 (windows,), in bits an event; higher is more unusual.

    Args:
        data: The folder that the table was made of.
        table: The windows.
        context: Folder of a context encoder, ``shipped`` or ``fixed`` (weights).
        kept: File of surprise: used where it is of this table and encoder, else written; None to read anew.
        report: Told of each recording read.

    Raises:
        InputError: The files do not hold the windows, or what was kept is of others.
        ModelError: The context encoder cannot be used.
    """
    encoder, identity = None, "fixed weights"
    if context != "fixed":
        path = default_context_dir() if context == "shipped" else Path(context)
        folder, manifest = open_model_dir(path, kinds=(CONTEXT_ENCODER,))
        encoder, identity = ContextEncoder.load(folder), str(manifest["files"])
    about = {"table": table.digest(), "encoder": identity}
    if kept is not None and kept.is_file():
        return load_bits(kept, about)
    bits = window_surprise(data, table, encoder, report=report)
    if kept is not None:
        save_bits(kept, bits, about)
    return bits
