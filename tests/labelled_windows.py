"""Attack windows in miniature, in the shape that the attack benchmark asks for."""

from __future__ import annotations

import numpy as np

from loglm.evaluation.attack_benchmark import MACHINES
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable


def attack_table() -> WindowTable:
    """Two datasets that show the same two techniques, and the clean machines."""
    table = WindowTable([], ["sekurlsa dump lsass", "schtasks create updater", "service started"])
    for dataset in ("evtx-attack-samples", "security-datasets"):
        for number in range(6):
            technique = "T1003" if number % 2 else "T1053"
            _add(table, Recording(f"{dataset}/{number}", dataset, dataset, "attack", {technique}), [1 - number % 2, 2])
    for machine in MACHINES:
        folder = f"benign-windows/{machine}"
        _add(table, Recording(f"{folder}/a", "benign-windows", folder, "benign"), [2, 2])
    return table


def _add(table: WindowTable, recording: Recording, row: list[int]) -> None:
    for _ in range(20):
        table.rows.append(np.asarray(row, np.int32))
        table.recording.append(len(table.recordings))
        table.channel.append("windows/security")
        table.entity.append("host:a")
        table.start.append(0.0)
        table.rules.append(())
    table.recordings.append(recording)
    table.events.append(40)
